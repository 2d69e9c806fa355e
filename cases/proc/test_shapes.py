"""Texts of a form: how many fields, lines and names a file below /proc has, which programs count (proc(5))."""

from __future__ import annotations

import re
import struct

import pytest

from conformance.syscalls.help.paths import open_present, rest_of, write_to
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.processes.identity import getpgid, getpid, getppid, getsid
from conformance.syscalls.processes.limits import RLIMIT_NOFILE, Rlimit, setrlimit

AT_NULL, AT_PAGESZ = 0, 6
SIGCHLD = 17

NUMBER = rb"\d+"
HEX = rb"[0-9a-f]+"
KILOBYTES = rb"\d+ kB"
SIGNALS = rb"[0-9a-f]{16}"
FOUR = rb"\d+\t\d+\t\d+\t\d+"

LINES = {
    b"/proc/self/maps": (HEX + rb"-" + HEX + rb" [r-][w-][x-][ps] [0-9a-f]{8,} [0-9a-f]{2,}:[0-9a-f]{2,} \d+( .*)?", 5),
    b"/proc/self/mountinfo": (
        rb"\d+ \d+ \d+:\d+ \S+ /\S* \S+( (shared|master|propagate_from):\d+| unbindable)* - \S+ \S+ \S+",
        1,
    ),
    b"/proc/self/mounts": (rb"\S+ /\S* \S+ \S+ 0 0", 1),
    b"/proc/self/cgroup": (rb"\d+:[^:]*:/.*", 1),
    b"/proc/self/statm": (rb"(\d+ ){6}\d+", 1),
    b"/proc/self/schedstat": (rb"\d+ \d+ \d+", 1),
    b"/proc/self/oom_score": (NUMBER, 1),
    b"/proc/self/oom_score_adj": (rb"-?\d+", 1),
    b"/proc/self/uid_map": (rb" *\d+ +\d+ +\d+", 1),
    b"/proc/uptime": (rb"\d+\.\d\d \d+\.\d\d", 1),
    b"/proc/loadavg": (rb"\d+\.\d\d \d+\.\d\d \d+\.\d\d \d+/\d+ \d+", 1),
    b"/proc/version": (rb"Linux version \S+ .*", 1),
    b"/proc/meminfo": (rb"\w+(\(\w+\))?: +\d+( kB)?", 20),
    b"/proc/filesystems": (rb"(nodev)?\t\w+", 3),
    b"/proc/swaps": (rb"Filename\t+Type\t+Size\t+Used\t+Priority|\S+ +\S+\t+\d+\t+\d+\t+-?\d+", 1),
}
"""The form of each line, and the least number of lines."""

STATUS = {
    "Name": rb"\S+",
    "Umask": rb"0022",
    "State": rb"[RSDTtZXI] \([a-z ]+\)",
    "Tgid": NUMBER,
    "Ngid": NUMBER,
    "Pid": NUMBER,
    "PPid": NUMBER,
    "TracerPid": NUMBER,
    "Uid": FOUR,
    "Gid": FOUR,
    "FDSize": NUMBER,
    "Groups": rb"[\d ]*",
    "NStgid": rb"\d+(\t\d+)*",
    "NSpid": rb"\d+(\t\d+)*",
    "NSpgid": rb"\d+(\t\d+)*",
    "NSsid": rb"\d+(\t\d+)*",
    **{f"Vm{name}": KILOBYTES for name in ("Peak", "Size", "Lck", "Pin", "HWM", "RSS")},
    **{f"Rss{name}": KILOBYTES for name in ("Anon", "File", "Shmem")},
    **{f"Vm{name}": KILOBYTES for name in ("Data", "Stk", "Exe", "Lib", "PTE", "Swap")},
    "Threads": rb"1",
    "SigQ": rb"\d+/\d+",
    **dict.fromkeys(("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"), SIGNALS),
    **{f"Cap{name}": SIGNALS for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")},
    "NoNewPrivs": rb"[01]",
    "Seccomp": rb"[012]",
    "Cpus_allowed": rb"[0-9a-f,]+",
    "Cpus_allowed_list": rb"[0-9,-]+",
    "voluntary_ctxt_switches": NUMBER,
    "nonvoluntary_ctxt_switches": NUMBER,
}
"""What proc_pid_status(5) names since Linux 4.10, whatever the kernel is configured for, in order."""

IO = ("rchar", "wchar", "syscr", "syscw", "read_bytes", "write_bytes", "cancelled_write_bytes")

LIMITS = {
    "Max cpu time": "seconds",
    "Max file size": "bytes",
    "Max data size": "bytes",
    "Max stack size": "bytes",
    "Max core file size": "bytes",
    "Max resident set": "bytes",
    "Max processes": "processes",
    "Max open files": "files",
    "Max locked memory": "bytes",
    "Max address space": "bytes",
    "Max file locks": "locks",
    "Max pending signals": "signals",
    "Max msgqueue size": "bytes",
    "Max nice priority": "",
    "Max realtime priority": "",
    "Max realtime timeout": "us",
}
"""The unit of each, in the order of RLIMIT_CPU and so on."""


def present(path: bytes) -> bytes:
    """All of a file, which a kernel may lack."""
    return rest_of(open_present(path))


def stat_fields() -> list[bytes]:
    """What /proc/self/stat has, from its first field on; the name may hold anything but stands in brackets."""
    before, bracket, after = present(b"/proc/self/stat").rpartition(b")")
    pid, _, name = before.partition(b" (")
    assert bracket and after.startswith(b" ") and after.endswith(b"\n")
    return [pid, name, *after[1:-1].split(b" ")]


def test_stat_has_fifty_two_fields() -> None:
    """Since Linux 3.5 (proc_pid_stat(5); giampaolo/psutil#2455)."""
    fields = stat_fields()
    assert len(fields) == 52
    assert [field for field in fields[3:] if not re.fullmatch(rb"-?\d+", field)] == []


def test_fields_of_stat_are_where_they_are_looked_for() -> None:
    """By the numbers that proc_pid_stat(5) gives them."""
    fields = [b"", *stat_fields()]
    family = [getpid(), getppid(), getpgid(0), getsid(0)]
    assert [int(fields[number]) for number in (1, 4, 5, 6)] == family
    assert fields[3] == b"R"
    found = {number: int(fields[number]) for number in (7, 18, 19, 20, 21, 38, 40, 41, 43, 44, 52)}
    constant = {7: 0, 18: 20, 19: 0, 20: 1, 21: 0, 38: SIGCHLD, 40: 0, 41: 0, 43: 0, 44: 0, 52: 0}
    assert found == constant
    start_code, end_code, start_stack = (int(fields[number]) for number in (26, 27, 28))
    assert 0 < start_code < end_code < start_stack
    data, end_data, brk, arguments, end_arguments, environment, end_environment = map(int, fields[45:52])
    assert end_code < data < end_data <= brk
    assert start_stack < arguments < end_arguments <= environment <= end_environment
    assert int(fields[23]) >= int(fields[24]) * PAGE > 0


def test_name_in_stat_may_look_like_the_end_of_it() -> None:
    write_to(b"/proc/self/comm", b"a) R 1 (b")
    fields = stat_fields()
    assert fields[1] == b"a) R 1 (b"
    assert len(fields) == 52


@pytest.mark.parametrize("path", LINES, ids=lambda path: path.decode().removeprefix("/proc/").replace("/", "-"))
def test_lines_have_a_form(path: bytes) -> None:
    """proc(5) and its parts."""
    form, least = LINES[path]
    text = present(path)
    assert text.endswith(b"\n")
    lines = text.splitlines()
    assert len(lines) >= least
    assert [line for line in lines if not re.fullmatch(form, line)] == []


def test_status_has_these_names_in_order_and_each_its_form() -> None:
    pairs = [line.partition(b":\t") for line in present(b"/proc/self/status").splitlines()]
    assert [line for line in pairs if not line[1]] == []
    told = {name.decode(): value.strip() for name, _, value in pairs}
    assert [name for name in told if name in STATUS] == list(STATUS)
    assert {name: told[name] for name, form in STATUS.items() if not re.fullmatch(form, told[name])} == {}


def test_input_and_output_are_counted_by_seven_names() -> None:
    """proc_pid_io(5)."""
    lines = present(b"/proc/self/io").decode().splitlines()
    assert [line.split(": ")[0] for line in lines] == list(IO)
    assert all(line.split(": ")[1].isdigit() for line in lines)


def test_limits_are_a_table_with_units() -> None:
    """proc_pid_limits(5): columns of 25, 20, 20 and 10 characters."""
    setrlimit(RLIMIT_NOFILE, Rlimit(cur=77, max=99))
    head, *lines = present(b"/proc/self/limits").decode().splitlines()
    columns = [[line[:25].rstrip(), line[26:46].rstrip(), line[47:67].rstrip(), line[68:].rstrip()] for line in lines]
    assert head.split("  ")[0] == "Limit"
    assert {name: unit for name, _, _, unit in columns} == LIMITS
    assert [name for name, *_ in columns] == list(LIMITS)
    assert columns[7][1:3] == ["77", "99"]
    assert all(each == "unlimited" or each.isdigit() for _, soft, hard, _ in columns for each in (soft, hard))


def test_maps_are_in_order_and_do_not_overlap() -> None:
    ends = [0]
    for line in present(b"/proc/self/maps").splitlines():
        start, end = (int(each, 16) for each in line.split(b" ")[0].split(b"-"))
        assert ends[-1] <= start < end
        ends.append(end)


def test_auxiliary_vector_ends_with_a_pair_of_zeros() -> None:
    """proc_pid_auxv(5): pairs of unsigned long."""
    data = present(b"/proc/self/auxv")
    assert len(data) % 16 == 0
    *pairs, last = struct.iter_unpack("=QQ", data)
    assert last == (AT_NULL, 0)
    assert dict(pairs)[AT_PAGESZ] == PAGE
    assert AT_NULL not in dict(pairs)


def test_arguments_end_with_a_zero_byte_each() -> None:
    """proc_pid_cmdline(5)."""
    data = present(b"/proc/self/cmdline")
    assert data.endswith(b"\0")
    assert len(data) > 1
