"""The survey: what it tells of files and of call numbers, what it leaves out, and that it sees what is changed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cases.survey import _rules
from cases.survey._lists import MOST_BYTES, observe_all
from cases.survey._probe import BY_INT80, BY_SYSCALL, probe
from cases.survey._rules import left_out, mounted, unread
from cases.survey._walk import Branch, columns, keys, walk
from conformance.matrix.build import build
from conformance.model import Json, Record, Target, Verdict
from tests.builders import facts
from tests.mounts import needs_root
from tests.suite import SOURCES, UNASKED, environment, read


def seen(root: Path, depth: int = 9, *others: Path) -> dict[str, str]:
    """What the survey tells of a tree, by paths below it."""
    found = walk(Branch(str(root), depth), frozenset(map(str, others)))
    return {path.removeprefix(f"{root}/"): said for path, said in found}


# -- files


def test_a_file_is_told_by_its_type_and_mode(tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o640)
    (tmp_path / "folder").mkdir(0o700)
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe", 0o600)  # opened to be read, it would wait for a writer
    assert seen(tmp_path) == {"file": "-rw-r-----", "folder": "drwx------", "link": "lrwxrwxrwx", "pipe": "prw-------"}


def test_columns_and_keys_are_told_where_a_file_has_them(tmp_path: Path) -> None:
    (tmp_path / "ports").write_text("32768\t60999\n")
    (tmp_path / "status").write_text("Name:\ta b\nVm Size:\t1\nName:\t2\n")
    assert seen(tmp_path) == {
        "ports": "-rw-r--r--, columns: 2",
        "status": "-rw-r--r--",
        "status Name": "key",
        "status Vm Size": "key",
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nr_free_pages 1\nnr_dirty -2\n", ["nr_free_pages", "nr_dirty"]),
        ("Ip: Forwarding TTL\nIp: 1 64\nTcp: Algorithm\nTcp: 1\n", ["Ip: Forwarding", "Ip: TTL", "Tcp: Algorithm"]),
        ("Node 0, zone DMA 1\nNode 0, zone Normal 1\n", []),
        ("Name: one line\n", []),
        ("0: number\n1: number\n", []),
        ("Name: a\nand more\n", []),
    ],
)
def test_keys_are_those_of_files_that_have_nothing_else(text: str, found: list[str]) -> None:
    assert keys(text.splitlines()) == found


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("/proc/loadavg", "0.00 0.01 0.05 1/123 4567", 5),
        ("/proc/sys/kernel/pid_max", "4194304", 0),
        ("/proc/net/udp", "  sl  local_address rem_address\n   0: 1 2", 3),
        ("/proc/net/if_inet6", "00000000000000000000000000000001 01 80 10 80 lo", 0),
        ("/proc/net/softnet_stat", "00000000 00000001\n00000000 00000001", 2),
        ("/proc/key-users", "    0:    27 26/26 25/1000000 583/25000000", 0),
        ("/proc/version", "Linux version 6.1", 0),
        ("/proc/sys/kernel/acct", "", 0),
    ],
)
def test_columns_are_those_of_numbers_and_of_tables(path: str, text: str, count: int) -> None:
    assert columns(path, text.splitlines()) == count


def test_depth_is_counted_and_other_branches_are_not_entered(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "other" / "d").mkdir(parents=True)
    assert [*seen(tmp_path, 2, tmp_path / "other")] == ["a", "other", "a/b"]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    assert seen(tmp_path / "gone") == {"": "list: ENOENT"}


def test_two_walks_see_the_same() -> None:
    branch = Branch("/proc/sys", 6)
    assert [*walk(branch, frozenset())] == [*walk(branch, frozenset())]


# -- rules


@pytest.mark.parametrize(
    "rules",
    [_rules.LEFT_OUT, _rules.UNREAD, _rules.MOUNTED, _rules.VARYING],
    ids=["left out", "unread", "mounted", "varying"],
)
def test_every_rule_has_a_reason_and_can_be_read(rules: dict[str, tuple[str, ...]]) -> None:
    for reason, patterns in rules.items():
        assert len(reason.split()) > 0, patterns
        assert patterns
        assert all(re.compile(pattern) and pattern.startswith(("/", ".*/")) for pattern in patterns)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/proc/1",
            "/proc/1/status",
            "/proc/self/fd/3",
            "/proc/self/task/7/stat",
            "/proc/irq/24",
            "/proc/sys/dev/cdrom",
        ),
        *("/sys/devices/pci0000:00/x", "/sys/class/net/eth0", "/sys/devices/system/cpu/cpu12/online", "/dev/vda"),
        *("/sys/kernel/slab/kmalloc-8", "/sys/module/kvm", "/proc/crypto name", "/sys/devices/uprobe/power/control"),
        "/proc/sys/net/ipv4/conf/eth0/forwarding",
    ],
)
def test_what_is_the_machines_is_left_out(path: str) -> None:
    assert left_out(path)


@pytest.mark.parametrize(
    "path",
    [
        *("/proc/self", "/proc/self/fd", "/proc/sys/dev", "/proc/irq", "/proc/config.gz", "/proc/iomem", "/sys/power"),
        *("/sys/class/net/lo", "/sys/class/net", "/sys/devices/system/cpu/cpu0", "/sys/kernel/slab", "/sys/module"),
        *("/sys/devices/system/cpu/vulnerabilities/meltdown", "/dev/null", "/proc/sys/net/ipv4/conf/lo/forwarding"),
    ],
)
def test_what_is_the_kernels_is_not(path: str) -> None:
    assert not left_out(path)


def test_what_reading_would_change_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("hot_add", "trace_pipe", "else"):
        (tmp_path / name).touch()
    opened: list[str] = []
    real = os.open

    def remembering(path: str, flags: int) -> int:
        opened.append(Path(path).name)
        return real(path, flags)

    monkeypatch.setattr(os, "open", remembering)
    assert len(seen(tmp_path)) == 3
    assert opened == ["else"]
    assert all(map(unread, ("/proc/kmsg", "/dev/kmsg", "/sys/class/zram-control/hot_add", "/proc/sysrq-trigger")))


def test_where_something_is_mounted_or_not_no_mode_is_told() -> None:
    assert mounted("/sys/kernel/debug")
    assert not mounted("/sys/kernel/debug/x")


# -- lists


def test_a_list_that_a_trace_has_no_room_for_is_a_fault_and_not_cut() -> None:
    found: list[str] = []

    def observe(name: str, value: Json) -> None:
        found.append(name)

    observe_all([("a", "x"), ("b", "y")], observe)
    assert found == ["a", "b"]
    with pytest.raises(AssertionError, match="is to be divided"):
        observe_all(((f"{at:05}", "x" * 75) for at in range(MOST_BYTES // 100)), observe)
    assert found == ["a", "b"]


# -- call numbers

GETPID, PAUSE, EXIT, NONE = 39, 34, 60, 511
I386_GETPID, I386_PAUSE, I386_EXIT = 20, 29, 1


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="written for x86_64")
def test_a_number_is_called_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = ["succeeds", "waits", "ends the process", "EBADF", "ENOSYS"]
    assert probe(BY_SYSCALL, [GETPID, PAUSE, EXIT, 3, NONE], {}, {PAUSE}) == ended
    found = probe(BY_INT80, [I386_GETPID, I386_PAUSE, I386_EXIT, 6, NONE], {}, {I386_PAUSE})
    assert found in (ended, ["SIGSEGV"] * 5)  # a kernel without CONFIG_IA32_EMULATION


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="written for x86_64")
def test_arguments_of_a_number_are_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert probe(BY_SYSCALL, [33, 33], {33: (0, 9)}, set()) == ["succeeds"] * 2  # dup2 of standard input


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="written for x86_64")
@pytest.mark.skipif(not shutil.which("strace"), reason="strace(1) refuses the call")
def test_a_number_that_no_process_could_call_is_a_fault_of_the_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would look like one that ends its process: no vfork(2) here."""
    real = subprocess.run
    refuse = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=vfork:error=EAGAIN:when=2+"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess, "run", lambda command, **how: real([*refuse, *command], **how))
    with pytest.raises(AssertionError, match="there was no process"):
        probe(BY_SYSCALL, [GETPID, GETPID], {}, set())


# -- a fault

COVERED = "/sys/kernel/fscaps"
BRANCH = "cases/survey/test_entries.py::test_entries[sys-kernel]"


def surveyed(record: Path, *before: str) -> Record:
    """What this machine shows of a branch, by pytest."""
    command = [sys.executable, "-m", "pytest", BRANCH, "-q", *UNASKED, f"--conformance-record={record}"]
    done = subprocess.run(
        [*before, *command], cwd=SOURCES, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = read(record)
    results = {case: [result] for case, result in found.results.items()}
    return Record(Target(record.stem, "local"), "run", facts(), found.plan, results, complete=True)


@needs_root
@pytest.mark.skipif(not shutil.which("unshare"), reason="unshare(1) makes the namespace")
def test_a_file_that_something_is_mounted_over_changes_the_cell(tmp_path: Path) -> None:
    over = f'mount --bind /dev/null {COVERED} && exec "$@"'
    records = [
        surveyed(tmp_path / "native.jsonl"),
        surveyed(tmp_path / "again.jsonl"),
        surveyed(tmp_path / "covered.jsonl", "unshare", "-m", "sh", "-c", over, "sh"),
    ]
    (comparison,) = build(records, "native").comparisons
    assert comparison.cells["again"].verdict is Verdict.SAME
    cell = comparison.cells["covered"]
    assert cell.verdict is Verdict.DIFFERS
    assert cell.message == f"observed {COVERED}: 'crw-rw-rw-', the reference '-r--r--r--'"
