from __future__ import annotations

import ctypes
import errno
import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runners.profile.notify import _Memory, _write
from tests.suite import SOURCES

PROFILE = """
title = "test"
[uname]
release = "4.4.0-19041-Microsoft"
[[rule]]
syscalls = ["mount"]
when = [{arg = 2, op = "string", value = ["nfs", "fuse"]}]
errno = "ENODEV"
source = "a test"
confidence = "assumed"
[[rule]]
syscalls = ["openat"]
when = [{arg = 2, op = "has", value = 0x410000}]
errno = "EISDIR"
source = "a test"
confidence = "assumed"
[[rule]]
syscalls = ["setsockopt"]
when = [{arg = 0, op = "socket", value = 16, protocol = 15}, {arg = 2, op = "eq", value = 16}]
errno = "EINVAL"
source = "a test"
confidence = "assumed"
[[rule]]
syscalls = ["bind"]
when = [{arg = 0, op = "socket", value = 16}]
returns = 0
source = "a test"
confidence = "assumed"
[[file]]
paths = ["/proc/version"]
text = "WSL1\\n"
source = "a test"
confidence = "assumed"
[[file]]
paths = ["/proc/*/pagemap", "/dev/fuse"]
errno = "ENOENT"
source = "a test"
confidence = "assumed"
"""


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "profile.toml"
    path.write_text(PROFILE)
    return path


def python(profile: Path, program: str) -> list[str]:
    """The lines that a Python program prints under the profile."""
    command = [
        sys.executable,
        "-m",
        "runners.profile.launch",
        str(profile),
        "--",
        sys.executable,
        "-c",
        "import os\n" + program,
    ]
    done = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_uname_gives_the_profiles_release_in_a_child_and_its_children(profile: Path) -> None:
    program = "print(os.uname().release, flush=True); os.system('uname -r; sh -c \"uname -r; true\"; true')"
    assert python(profile, program) == ["4.4.0-19041-Microsoft"] * 3


def test_uname_keeps_what_the_profile_does_not_speak_of(profile: Path) -> None:
    here = os.uname()
    assert python(profile, "print(os.uname().machine, os.uname().nodename)") == [f"{here.machine} {here.nodename}"]


@pytest.mark.skipif(os.geteuid() != 0, reason="a new UTS namespace takes root")
def test_uname_gives_the_host_name_of_the_callers_namespace(profile: Path) -> None:
    assert python(profile, "os.system('unshare --uts sh -c \"hostname elsewhere; uname -nr\"')") == [
        "elsewhere 4.4.0-19041-Microsoft"
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="a new PID namespace takes root")
def test_a_process_in_a_pid_namespace_is_answered_too(profile: Path) -> None:
    command = 'unshare --pid --fork --mount-proc sh -c \\"uname -r; cat /proc/version; cd /proc; cat version\\"'
    assert python(profile, f'os.system("{command}")') == ["4.4.0-19041-Microsoft", "WSL1", "WSL1"]


def test_uname_to_a_bad_address_is_efault(profile: Path) -> None:
    program = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.uname(None), ctypes.get_errno())
"""
    assert python(profile, program) == [f"-1 {errno.EFAULT}"]


@pytest.mark.parametrize(
    "opening",
    [
        "os.open('/proc/version', os.O_RDONLY)",
        "os.open('/proc/../proc//version', os.O_RDONLY)",
        "os.open('version', os.O_RDONLY, dir_fd=os.open('/proc', os.O_PATH))",
        "os.chdir('/proc') or os.open('version', os.O_RDONLY)",
        "__import__('ctypes').CDLL(None).syscall(2, b'/proc/version', 0)",
    ],
)
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="open(2) has a number on x86-64 only")
def test_a_file_of_the_profile_shows_its_text_however_it_is_named(profile: Path, opening: str) -> None:
    assert python(profile, f"print(os.read({opening}, 100))") == [r"b'WSL1\n'"]


def test_the_fd_of_such_a_file_is_like_any_other(profile: Path) -> None:
    program = """
fd = os.open('/proc/version', os.O_RDONLY)
print(os.get_inheritable(fd), os.get_inheritable(__import__('ctypes').CDLL(None).open(b'/proc/version', 0)))
print(os.pread(fd, 3, 1), os.lseek(fd, 0, os.SEEK_END))
try:
    os.write(fd, b'x')
except OSError as error:
    print(error.strerror)
"""
    assert python(profile, program) == ["False True", "b'SL1' 5", "Bad file descriptor"]


@pytest.mark.parametrize("path", ["/proc/self/pagemap", "/proc/1/pagemap", "/dev/fuse"])
def test_a_file_that_the_profile_takes_away_cannot_be_opened(profile: Path, path: str) -> None:
    program = f"try: os.open('{path}', os.O_RDONLY)\nexcept OSError as error: print(error.errno)"
    assert python(profile, program) == [str(errno.ENOENT)]


def test_other_files_are_opened_as_ever(profile: Path, tmp_path: Path) -> None:
    (tmp_path / "version").write_text("mine")
    program = f"print(open('{tmp_path}/version').read()); print(os.path.exists('/proc/self/maps'))"
    assert python(profile, program) == ["mine", "True"]
    assert python(profile, "try: open('/absent/version')\nexcept OSError as error: print(error.errno)") == ["2"]


def test_a_rule_on_a_notified_call_holds_too(profile: Path, tmp_path: Path) -> None:
    program = f"try: os.open('{tmp_path}', os.O_TMPFILE | os.O_RDWR)\nexcept OSError as error: print(error.errno)"
    assert python(profile, program) == [str(errno.EISDIR)]


@pytest.mark.skipif(os.geteuid() != 0, reason="mount(2) takes root")
def test_a_rule_on_a_text_tells_one_text_from_another(profile: Path, tmp_path: Path) -> None:
    program = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
os.system('true')
libc.unshare(0x20000)
libc.mount(b'none', b'/', None, 0x44000, None)
for kind in (b'nfs', b'tmpfs', None):
    print(libc.mount(b'none', b'{tmp_path}', kind, 0, None), ctypes.get_errno())
"""
    refused, mounted, without = python(profile, program)
    assert refused == f"-1 {errno.ENODEV}"
    assert mounted.startswith("0 ")
    assert without == f"-1 {errno.EINVAL}"


def test_many_threads_and_processes_are_answered_at_once(profile: Path) -> None:
    program = """
import threading
def work():
    for _ in range(200):
        with open('/proc/version') as file:
            assert file.read() == 'WSL1\\n'
        assert os.uname().release == '4.4.0-19041-Microsoft'
for _ in range(3):
    os.fork()
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
while True:
    try:
        assert os.wait()[1] == 0
    except ChildProcessError:
        break
"""
    assert python(profile, program) == []


def test_a_caller_that_is_killed_while_it_waits_harms_nobody(profile: Path) -> None:
    program = """
import signal, time
for delay in range(40):
    child = os.fork()
    if child == 0:
        while True:
            os.uname()
    time.sleep(delay / 10000)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
print(os.uname().release)
"""
    assert python(profile, program) == ["4.4.0-19041-Microsoft"]


def test_memory_is_read_up_to_the_page_that_cannot_be() -> None:
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    pages[mmap.PAGESIZE - 4 : mmap.PAGESIZE] = b"end\0"
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + mmap.PAGESIZE), mmap.PAGESIZE, 0) == 0
    assert _Memory(256).read(os.getpid(), start + mmap.PAGESIZE - 4) == b"end\0"
    with pytest.raises(OSError, match="Bad address"):
        _Memory(1).read(os.getpid(), start + mmap.PAGESIZE)


def test_memory_that_is_read_only_is_not_written() -> None:
    page = mmap.mmap(-1, mmap.PAGESIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(page))
    _write(os.getpid(), start, b"text")
    assert page[:4] == b"text"
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(start), mmap.PAGESIZE, mmap.PROT_READ) == 0
    with pytest.raises(OSError, match="Bad address"):
        _write(os.getpid(), start, b"other")


def test_socket_is_told_by_family_and_protocol(profile: Path) -> None:
    said = python(
        profile,
        """
import socket
for protocol in (15, 0):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as netlink:
        netlink.bind((0, 1))
        print(netlink.getsockname()[1])
        try:
            netlink.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            print("set")
        except OSError as error:
            print(error.strerror)
with socket.socket(socket.AF_UNIX) as unix:
    unix.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    unix.bind(bytes(1) + b"conformance")
    print(unix.getsockname())
""",
    )
    assert said == ["0", "Invalid argument", "0", "set", "b'\\x00conformance'"]


def test_what_is_no_socket_or_not_open_is_left_to_the_kernel(profile: Path) -> None:
    said = python(
        profile,
        """
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
for fd in (os.open("/dev/null", os.O_RDONLY), 999):
    libc.bind(fd, bytes(16), 16)
    print(errno.errorcode[ctypes.get_errno()])
""",
    )
    assert said == ["ENOTSOCK", "EBADF"]
