from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.suite import SOURCES

WSL1 = SOURCES / "runners" / "profile" / "wsl1.toml"


def command(*argv: str, profile: Path = WSL1) -> list[str]:
    """The command line that runs `argv` under a profile."""
    return [sys.executable, "-m", "runners.profile.launch", str(profile), "--", *argv]


def run(*argv: str, profile: Path = WSL1, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        command(*argv, profile=profile),
        cwd=SOURCES,
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def marked(mark: str) -> list[int]:
    """The processes that have `mark` in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parts[2]))
        except OSError:
            pass
    return found


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


TREE = "sleep 1000 & setsid sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000' &) ; echo started; sleep 1000"
"""A shell's program that starts processes in sessions of their own, and orphans."""


def start_tree(mark: str) -> subprocess.Popen[bytes]:
    """Start `TREE`, each process of which has `mark` in its environment."""
    started = subprocess.Popen(
        command("sh", "-c", TREE), cwd=SOURCES, env=os.environ | {"MARK": mark}, stdout=subprocess.PIPE
    )
    assert started.stdout is not None
    assert started.stdout.readline() == b"started\n"
    assert eventually(lambda: len(marked(mark)) >= 8)
    return started


@pytest.fixture
def mark() -> str:
    return f"mark-{uuid.uuid4()}"


@pytest.mark.parametrize("status", [0, 1, 77])
def test_the_exit_status_is_the_programs(status: int) -> None:
    assert run("sh", "-c", f"exit {status}").returncode == status


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_program_that_a_signal_ends_gives_128_and_the_signal(number: signal.Signals) -> None:
    assert run("sh", "-c", f"kill -{number.value} $$").returncode == 128 + number


def test_input_output_and_errors_pass_through() -> None:
    done = run("sh", "-c", "cat; echo trouble >&2", text="hello")
    assert (done.stdout, done.stderr) == ("hello", "trouble\n")


def test_the_end_of_the_programs_output_is_seen_while_it_goes_on() -> None:
    with subprocess.Popen(
        command("sh", "-c", "echo a; exec >&-; cat >/dev/null"),
        cwd=SOURCES,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as started:
        assert started.stdout is not None
        assert started.stdin is not None
        assert started.stdout.read() == b"a\n"
        assert started.poll() is None
        started.stdin.close()
        assert started.wait(10) == 0


def test_an_inherited_fd_reaches_the_program() -> None:
    reader, writer = os.pipe()
    try:
        subprocess.run(
            command("sh", "-c", f"echo x >/dev/fd/{writer}"), cwd=SOURCES, pass_fds=[writer], check=True, timeout=60
        )
        assert os.read(reader, 10) == b"x\n"
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_launcher_reaches_the_program(number: signal.Signals) -> None:
    handler = f"import signal, sys\nsignal.signal({number.value}, lambda *_: sys.exit(9))\n"
    program = handler + "print('ready', flush=True)\nsignal.pause()"
    with subprocess.Popen(command(sys.executable, "-c", program), cwd=SOURCES, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n"
        started.send_signal(number)
        assert started.wait(10) == 9


def test_the_program_starts_with_the_signals_that_it_would_have_without_us() -> None:
    show = ["grep", "-E", "Sig(Blk|Ign|Cgt)", "/proc/self/status"]
    assert run(*show).stdout == subprocess.run(show, capture_output=True, text=True, check=True).stdout


def test_nothing_stays_behind_when_the_program_ends(mark: str) -> None:
    done = subprocess.run(
        command("sh", "-c", "setsid sleep 1000 & (sleep 1000 &) ; exit 3"),
        cwd=SOURCES,
        env=os.environ | {"MARK": mark},
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert marked(mark) == []


def test_nothing_stays_behind_when_the_launcher_is_killed(mark: str) -> None:
    with start_tree(mark) as started:
        started.kill()
    assert eventually(lambda: marked(mark) == [])


def test_nothing_stays_behind_when_the_supervisor_is_killed(mark: str) -> None:
    with start_tree(mark) as started:
        supervisor = int(Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()[0])
        os.kill(supervisor, signal.SIGKILL)
        assert started.wait(10) == 128 + signal.SIGKILL
    assert marked(mark) == []


def test_nothing_stays_behind_when_the_whole_process_group_is_killed(mark: str) -> None:
    started = subprocess.Popen(
        command("sh", "-c", TREE),
        cwd=SOURCES,
        env=os.environ | {"MARK": mark},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"started\n"
        os.killpg(started.pid, signal.SIGKILL)
    assert eventually(lambda: marked(mark) == [])


def test_an_adopted_orphan_does_not_stay_a_zombie() -> None:
    program = """
import os, time
if os.fork() == 0:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    print(pid, flush=True)
    time.sleep(0.2)
    os._exit(0)
os.wait()
time.sleep(0.2)
"""
    done = run(sys.executable, "-c", program + "print(os.path.exists('/proc/1'))")
    assert done.returncode == 0
    orphan = int(done.stdout.split()[0])
    assert not Path(f"/proc/{orphan}").exists()


def test_a_program_that_is_not_there_is_one_sentence() -> None:
    done = run("no-such-program")
    assert done.returncode == 127
    assert done.stderr == "launch: no-such-program cannot be started: No such file or directory\n"


def test_a_program_that_cannot_be_executed_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    done = run(str(tmp_path / "text"))
    assert done.returncode == 126
    assert done.stderr == f"launch: {tmp_path}/text cannot be started: Permission denied\n"


def test_a_malformed_profile_is_one_sentence_that_names_file_and_rule(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('title = "t"\n[[rule]]\nsyscalls = ["read"]\nerrno = "EWHAT"\n')
    done = run("true", profile=broken)
    assert done.returncode == 2
    assert done.stderr == f"launch: {broken}: rule 1 has the errno 'EWHAT', which no errno is called\n"


def test_a_wrong_command_line_is_told_the_right_one() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runners.profile.launch", str(WSL1), "true"],
        cwd=SOURCES,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "usage: python -m runners.profile.launch [--no-files] PROFILE.toml -- PROGRAM [ARGUMENT...]\n"


# The profile that ships


def test_wsl1_says_that_it_is_wsl1() -> None:
    done = run("sh", "-c", "uname -r; cat /proc/version /proc/sys/kernel/osrelease")
    release, version, again = done.stdout.splitlines()
    assert release == again == "4.4.0-19041-Microsoft"
    assert version.startswith("Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com)")


def test_wsl1_refuses_a_second_filter() -> None:
    program = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.prctl(22, 2, None), ctypes.get_errno())
"""
    assert run(sys.executable, "-c", program).stdout == "-1 22\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces take root")
def test_wsl1_has_namespaces_but_for_users() -> None:
    assert (
        run(
            "unshare", "--mount", "--pid", "--fork", "--ipc", "--uts", "--net", "mount", "-t", "tmpfs", "x", "/mnt"
        ).returncode
        == 0
    )
    refused = run("unshare", "--user", "true")
    assert refused.returncode == 1
    assert "Invalid argument" in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="the harness isolates cases as root only")
def test_the_suite_itself_runs_under_wsl1() -> None:
    """All of an area but what is known to differ there, which ends pytest with 1."""
    differs = ["--ignore-glob=*.calls", "-k", "not fadvise64"]
    done = run(sys.executable, "-m", "pytest", "cases/files", *differs, "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_files_can_be_left_out() -> None:
    """For a program that reaches none: its open(2) does not wait for anybody."""
    command = ["sh", "-c", "uname -r; cat /proc/version"]
    done = subprocess.run(
        [sys.executable, "-m", "runners.profile.launch", "--no-files", str(WSL1), "--", *command],
        cwd=SOURCES,
        capture_output=True,
        text=True,
        check=True,
    )
    release, version = done.stdout.splitlines()
    assert release == "4.4.0-19041-Microsoft"
    assert version == Path("/proc/version").read_text().strip()
