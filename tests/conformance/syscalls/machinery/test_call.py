from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

import pytest

from conformance.syscalls.files.descriptors import F_GETFD, F_GETFL, F_SETFD, fcntl
from conformance.syscalls.files.opening import O_CREAT, O_RDONLY, O_RDWR, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.pipes import pipe2
from conformance.syscalls.files.reading import pread64, read, write
from conformance.syscalls.files.status import Stat, fstat
from conformance.syscalls.machinery import call
from conformance.syscalls.machinery.absence import Missing
from conformance.syscalls.machinery.aliases import Fd, In, Int, Size, Zero
from conformance.syscalls.machinery.buffers import POISON, Buffer
from conformance.syscalls.machinery.call import (
    RECORDED_BYTES,
    CallFacts,
    Pseudo,
    Recorder,
    Syscall,
    errno_name,
    missing,
    operation,
    recorder_of_child,
    recording,
    register,
    see,
    see_member,
    syscall,
    untraced,
)
from conformance.syscalls.machinery.choices import Choices, often, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Kind, Length, Seen
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.table import describe, grammar, stubs
from conformance.syscalls.memory.others import process_vm_writev
from conformance.syscalls.polling.poll import Pollfd, poll
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.ptrace import PTRACE_ATTACH, PTRACE_TRACEME, ptrace
from conformance.syscalls.scheduling import PRIO_PROCESS, PRIO_USER, SchedAttr, sched_setattr, setpriority
from conformance.syscalls.security.keys import KEYCTL_GET_KEYRING_ID, KEYCTL_SESSION_TO_PARENT, keyctl
from conformance.syscalls.signals import kill
from conformance.syscalls.system import modify_ldt

Recorded = tuple[str, list[Seen], int, int, dict[str, Seen]]


class Listener:
    """A recorder that keeps everything."""

    def __init__(self) -> None:
        self.calls: list[Recorded] = []

    def record(self, name: str, args: list[Seen], result: int, error: int, outs: dict[str, Seen]) -> None:
        """See `Recorder`."""
        self.calls.append((name, args, result, error, outs))

    def child(self) -> Recorder | None:
        """See `Recorder`."""
        return None


def absent(first: Int) -> Zero: ...  # type: ignore[empty-body] # a stub's body is its signature


ABSENT = Syscall(absent, CallFacts(), name="a call that no kernel has")


@pytest.fixture
def file(tmp_path: Path) -> int:
    """An fd of a file that holds `hello`."""
    (tmp_path / "file").write_bytes(b"hello")
    return openat(AT_FDCWD, bytes(tmp_path / "file"), O_RDWR, 0)


# Making calls


def test_a_stub_makes_the_call_of_its_name() -> None:
    assert getpid() == os.getpid()
    assert getpid.__name__ == "getpid"
    assert repr(getpid) == "<syscall getpid>"


def test_memory_goes_in_and_out_by_its_address(file: int) -> None:
    assert write(file, b"HE", 2) == 2
    data = Buffer(8)
    assert pread64(file, data, 8, 0) == 5
    assert bytes(data) == b"HEllo" + bytes([POISON]) * 3


def test_structs_are_filled(file: int) -> None:
    found = Stat()
    fstat(file, found)
    assert (found.st_size, found.st_nlink) == (5, 1)


def test_arguments_that_are_left_out_are_zero(tmp_path: Path) -> None:
    fd = openat(AT_FDCWD, bytes(tmp_path / "new"), O_RDWR | O_CREAT)
    assert os.fstat(fd).st_mode & 0o777 == 0


def test_an_error_is_an_exception_with_errno_and_name() -> None:
    with pytest.raises(OSError, match="close: Bad file descriptor") as found:
        close(-1)
    assert found.value.errno == errno.EBADF


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the one call that is narrow is of x86-64")
def test_an_error_of_a_call_that_returns_a_c_int_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {0xFFFFFFEA: (-1, errno.EINVAL), 0xFFFFFFDA: (-1, errno.ENOSYS), 64: (64, 0), 0: (0, 0)}
    for raw, answer in answers.items():
        monkeypatch.setattr(call, "_raw", lambda *_, raw=raw: raw)
        assert modify_ldt.result_of(0, None, 0) == answer
        assert getpid.result_of() == (raw, 0)


def test_errors_have_the_class_that_python_gives_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        openat(AT_FDCWD, bytes(tmp_path / "absent"), O_RDONLY)


def test_where_both_are_right_a_result_comes_with_its_errno(file: int) -> None:
    assert write.result_of(file, b"x", 1) == (1, 0)
    assert write.result_of(-1, b"x", 1) == (-1, errno.EBADF)


def test_a_call_that_the_architecture_lacks_says_enosys() -> None:
    assert ABSENT.result_of(1) == (-1, errno.ENOSYS)


def test_a_bad_pointer_is_for_the_kernel_to_refuse() -> None:
    pipe2.fails_with(errno.EFAULT, 1, 0)
    pipe2.fails_with(errno.EFAULT, None, 0)


# Promises


def test_the_promised_error_is_no_failure() -> None:
    close.fails_with(errno.EBADF, -1)
    close.fails_with((errno.EINVAL, errno.EBADF), -1)


def test_another_error_than_the_promised_one_is_a_failure_that_names_both() -> None:
    with pytest.raises(AssertionError, match="close: EBADF, not ENOENT or EPERM"):
        close.fails_with((errno.ENOENT, errno.EPERM), -1)


def test_a_success_where_an_error_was_promised_is_a_failure(file: int) -> None:
    with pytest.raises(AssertionError, match=r"write: success \(1\), not EBADF"):
        write.fails_with(errno.EBADF, file, b"x", 1)


def test_a_call_that_is_not_there_is_missing_and_no_failure() -> None:
    with pytest.raises(Missing, match="a call that no kernel has: ENOSYS"):
        ABSENT.fails_with(errno.EBADF, 1)


def test_enosys_may_be_what_was_promised() -> None:
    ABSENT.fails_with(errno.ENOSYS, 1)


def test_a_feature_may_be_missing_by_name() -> None:
    with pytest.raises(Missing, match="overlayfs"):
        missing("overlayfs")


# Encoding


@pytest.mark.parametrize(
    ("value", "number"), [(5, 5), (-1, -1), (2**63, -(2**63)), (2**64 - 1, -1), (2**64 + 7, 7), (True, 1)]
)
def test_a_number_goes_into_a_register_by_its_low_64_bits(value: int, number: int) -> None:
    assert register(value).value == number


def test_memory_goes_into_a_register_by_its_address() -> None:
    buffer, struct = Buffer(4), Stat()
    assert register(buffer).value == buffer.address
    assert register(struct).value == struct.address
    assert register(b"text").value == b"text"
    assert register(None).value is None


@pytest.mark.parametrize("value", ["text", 1.5, [1], object()])
def test_nothing_else_goes_into_a_register(value: object) -> None:
    with pytest.raises(TypeError, match="is neither a number nor memory"):
        register(value)


# Tracing


def test_every_call_is_recorded_with_what_it_was_given_and_what_came_back(tmp_path: Path) -> None:
    path = bytes(tmp_path / "a")
    with recording(listener := Listener()):
        fd = openat(AT_FDCWD, path, O_RDWR | O_CREAT, 0o600)
        write(fd, b"a\xff\0", 3)
        close.fails_with(errno.EBADF, -1)
    assert listener.calls == [
        ("openat", [AT_FDCWD, path.decode(), 0o102, 0o600], fd, 0, {}),
        ("write", [fd, "a\xff\0", 3], 3, 0, {}),
        ("close", [-1], -1, errno.EBADF, {}),
    ]


def test_of_what_was_read_as_much_is_recorded_as_the_kernel_wrote(file: int) -> None:
    with recording(listener := Listener()):
        read(file, Buffer(64), 64)
        read(file, Buffer(64), 64)
    assert [(result, outs) for _, _, result, _, outs in listener.calls] == [(5, {"1": "hello"}), (0, {"1": ""})]


def test_memory_that_the_kernel_only_writes_is_not_recorded_as_an_argument(file: int) -> None:
    with recording(listener := Listener()):
        fstat(file, Stat())
    ((_, args, _, _, outs),) = listener.calls
    assert args == [file, None]
    written = outs["1"]
    assert isinstance(written, dict)
    assert written["st_size"] == 5


def test_memory_that_the_kernel_reads_and_writes_is_recorded_twice_if_it_changed() -> None:
    reader, writer = os.pipe()
    ready = Pollfd(fd=reader, events=1)
    with recording(listener := Listener()):
        poll(ready, 1, 0)
        os.write(writer, b"x")
        poll(ready, 1, 0)
    before, after = listener.calls
    assert before[4] == {}
    assert after[1][0] == {"fd": reader, "events": 1, "revents": 0}
    assert after[4] == {"0": {"fd": reader, "events": 1, "revents": 1}}
    os.close(reader)
    os.close(writer)


def test_what_a_call_that_failed_has_written_is_recorded() -> None:
    """Of a size that it does not know, the kernel tells the one that it does (sched_setattr(2))."""
    listener = Listener()
    asked = SchedAttr(size_=4096)
    with recording(listener):
        sched_setattr.fails_with(errno.E2BIG, 0, asked, 0)
    ((_, args, _, error, outs),) = listener.calls
    assert error == errno.E2BIG
    assert args[1]["size_"] == 4096  # type: ignore[index, call-overload] # a struct is seen as a dict
    assert outs["1"]["size_"] == asked.size_ < 4096  # type: ignore[index, call-overload] # as above


def test_a_call_that_failed_has_written_nothing() -> None:
    with recording(listener := Listener()):
        read.fails_with(errno.EBADF, -1, Buffer(4), 4)
    assert listener.calls == [("read", [-1, None, 4], -1, errno.EBADF, {})]


def test_a_made_up_address_is_recorded_as_a_number() -> None:
    with recording(listener := Listener()):
        pipe2.fails_with(errno.EFAULT, 0xDEAD, 0)
        pipe2.fails_with(errno.EFAULT, None, 0)
    assert [args for _, args, _, _, _ in listener.calls] == [[0xDEAD, 0], [None, 0]]


def test_long_memory_is_recorded_in_part_with_its_length() -> None:
    text = see(b"x" * (RECORDED_BYTES + 1))
    assert text == "x" * RECORDED_BYTES + f"…({RECORDED_BYTES + 1} bytes)"
    assert see(Buffer(RECORDED_BYTES)) == "\xaa" * RECORDED_BYTES


def test_arrays_in_structs_are_lists_unless_they_are_bytes() -> None:
    assert see((ctypes.c_ubyte * 3)(1, 2, 3)) == "\1\2\3"
    assert see_member((ctypes.c_uint16 * 3)(1, 2, 3)) == [1, 2, 3]
    assert see_member((ctypes.c_ubyte * 2)(65, 66)) == "AB"


def test_calls_outside_a_recording_or_untraced_leave_no_trace() -> None:
    getpid()
    with recording(listener := Listener()):
        with untraced():
            getpid()
        with recording(other := Listener()):
            getpid()
        getpid()
    getpid()
    assert (len(listener.calls), len(other.calls)) == (1, 1)


def test_a_recording_ends_with_an_exception_too() -> None:
    listener = Listener()
    with pytest.raises(OSError, match="close"), recording(listener), untraced():
        close(-1)
    getpid()
    assert listener.calls == []


def test_children_have_the_recorder_that_theirs_gives_them() -> None:
    assert recorder_of_child() is None
    with recording(Listener()):
        assert recorder_of_child() is None


# Signatures


@syscall()
def example(fd: Fd, what: In[Stat], size: Size, plain: int) -> Fd: ...  # type: ignore[empty-body] # as above


def test_a_signature_says_everything_about_its_arguments() -> None:
    assert [(each.name, type(each.kind), each.struct) for each in example.parameters] == [
        ("fd", FileDescriptor, None),
        ("what", Pointer, Stat),
        ("size", Length, None),
        ("plain", Kind, None),
    ]
    assert isinstance(example.result, FileDescriptor)


def test_every_stub_has_a_number_and_kinds_for_all_it_takes() -> None:
    assert len(stubs()) > 400
    for name, stub in stubs().items():
        assert stub.facts.numbers or isinstance(stub, Pseudo), name
        assert len(stub.parameters) <= 6, name
        assert isinstance(stub.result, Kind), name


def test_errnos_have_names() -> None:
    assert (errno_name(2), errno_name(95), errno_name(4095)) == ("ENOENT", "ENOTSUP", "4095")


def test_an_operation_says_which_of_its_values_are_likelier() -> None:
    @operation(fcntl, command=Choices(often(F_GETFD), seldom(F_GETFL)))
    def fcntl_get(fd: Fd, command: Int, arg: Int = 0) -> Int: ...  # type: ignore[empty-body] # as above

    assert fcntl_get.given["command"].count(F_GETFD) == 12 * fcntl_get.given["command"].count(F_GETFL)
    assert fcntl_get.matches([0, F_GETFL])
    assert not fcntl_get.matches([0, F_SETFD])


def test_memory_where_an_operation_has_a_number_is_none_of_its_arguments() -> None:
    assert describe("bpf", (12, 0, 0)) is grammar()["bpf_nothing"]
    assert describe("bpf", (0, {"map_type": 1}, 72)) is grammar()["bpf_map_create"]
    assert not grammar()["bpf_nothing"].matches((12, {"map_type": 1}, 0))  # type: ignore[attr-defined] # an operation


# Calls that reach beyond


@pytest.mark.parametrize(
    ("stub", "args", "reaches"),
    [
        (kill, (1, 0), True),
        (kill, ((1 << 32) + 1, 0), True),
        (kill, (2, 1), False),
        (setpriority, (PRIO_USER, 0, 0), True),
        (setpriority, (PRIO_PROCESS, 0, 0), False),
        (setpriority, (PRIO_PROCESS, 1, 0), True),
        (keyctl, (KEYCTL_SESSION_TO_PARENT,), True),
        (keyctl, (KEYCTL_GET_KEYRING_ID, 0, 1), False),
        (ptrace, (PTRACE_TRACEME,), True),
        (ptrace, (PTRACE_ATTACH, 1), True),
        (process_vm_writev, (1,), True),
        (getpid, (), False),
        (close, (1,), False),
    ],
)
def test_a_call_reaches_who_is_above_it_or_it_does_not(
    stub: Syscall[...], args: tuple[int, ...], reaches: bool
) -> None:
    assert stub.reaches(args) is reaches
