from __future__ import annotations

import errno
import os
import random
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from runners.profile.filter import compile_filter
from runners.profile.format import Profile, load
from runners.profile.install import install
from tests.runners.profile.test_format import WSL1, X86_64, held, profile, rule


@pytest.fixture(scope="module")
def wsl1() -> Profile:
    return load(WSL1)


def errno_under(tested: Profile, action: Callable[[], object]) -> int:
    """The errno with which `action` fails in a process under the filter, or 0."""
    program = compile_filter(tested)
    pid = os.fork()
    if pid == 0:
        status = 255
        try:
            install(program, listen=False)
            action()
            status = 0
        except OSError as error:
            status = error.errno or 255
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_denied_call_gives_its_errno(tmp_path: Path) -> None:
    denied = profile(tmp_path, rule('syscalls = ["getpriority"]\nerrno = "ENOSYS"'))
    assert errno_under(denied, lambda: os.getpriority(os.PRIO_PROCESS, 0)) == errno.ENOSYS


def test_everything_else_works(tmp_path: Path) -> None:
    denied = profile(tmp_path, rule('syscalls = ["getpriority"]\nerrno = "ENOSYS"'))
    assert errno_under(denied, lambda: Path("/proc/self/stat").read_text()) == 0
    assert errno_under(denied, socket.socketpair) == 0
    assert errno_under(denied, lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)) == 0


@pytest.mark.parametrize(("whence", "expected"), [(os.SEEK_HOLE, errno.EINVAL), (os.SEEK_DATA, 0), (os.SEEK_SET, 0)])
def test_an_argument_dependent_rule_denies_these_arguments_only(tmp_path: Path, whence: int, expected: int) -> None:
    (tmp_path / "file").write_text("text")
    denied = profile(
        tmp_path,
        rule('syscalls = ["lseek"]\nwhen = [{arg = 2, op = "eq", value = "SEEK_HOLE"}]\nerrno = "EINVAL"'),
    )
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        assert errno_under(denied, lambda: os.lseek(fd, 0, whence)) == expected
    finally:
        os.close(fd)


def test_all_conditions_of_a_rule_must_hold(tmp_path: Path) -> None:
    denied = profile(
        tmp_path,
        rule(
            """syscalls = ["socket"]
            when = [{arg = 0, op = "eq", value = [1, 2]}, {arg = 1, op = "masked_eq", mask = 0xf, value = 2}]
            errno = "EACCES" """
        ),
    )
    kinds = [(socket.AF_UNIX, socket.SOCK_DGRAM), (socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_INET6, 2), (1, 1)]
    found = [errno_under(denied, lambda kind=kind: socket.socket(*kind)) for kind in kinds]  # type: ignore[misc] # a lambda's default
    assert found == [errno.EACCES, errno.EACCES, 0, 0]


def test_a_call_may_do_nothing_and_succeed(tmp_path: Path) -> None:
    pretended = profile(tmp_path, rule('syscalls = ["close"]\nreturns = 0'))
    assert errno_under(pretended, lambda: os.close(12345)) == 0


def test_a_call_that_this_architecture_never_had_is_left_out(tmp_path: Path) -> None:
    assert compile_filter(profile(tmp_path, rule('syscalls = ["socketcall"]\nerrno = "ENOSYS"')))


# The profile that ships, compiled


def expected_action(tested: Profile, name: str, args: tuple[int, ...]) -> set[int]:
    """What the rules, read one by one, make of a call; several where they disagree."""
    if name in ("uname", "open", "openat"):
        return {USER_NOTIFICATION}
    holding = [rule for rule in tested.rules if name in rule.syscalls and held(rule, args)]
    if name in tested.notified and holding:
        return {USER_NOTIFICATION}
    return {ERRNO | rule.errno for rule in holding} or {ALLOW}


ALLOW, ERRNO, USER_NOTIFICATION = 0x7FFF0000, 0x00050000, 0x7FC00000


def run_filter(program: bytes, number: int, args: tuple[int, ...], arch: int = 0xC000003E) -> int:
    """What a seccomp filter returns: classic BPF as libseccomp makes it (Documentation/networking/filter.rst)."""
    data = struct.pack("=iIQ6Q", number, arch, 0, *args)
    instructions = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        code, if_true, if_false, k = instructions[at]
        at += 1
        match code:
            case 0x20:  # BPF_LD | BPF_W | BPF_ABS
                (accumulator,) = struct.unpack_from("=I", data, k)
            case 0x54:  # BPF_ALU | BPF_AND
                accumulator &= k
            case 0x05:  # BPF_JMP | BPF_JA
                at += k
            case 0x15:  # BPF_JEQ
                at += if_true if accumulator == k else if_false
            case 0x25:  # BPF_JGT
                at += if_true if accumulator > k else if_false
            case 0x35:  # BPF_JGE
                at += if_true if accumulator >= k else if_false
            case 0x06:  # BPF_RET
                return int(k)
            case _:
                raise AssertionError(f"instruction {code:#x}")


def test_the_compiled_wsl1_filter_decides_as_its_rules_do(wsl1: Profile) -> None:
    program = compile_filter(wsl1)
    dice = random.Random(19041)
    for name, number in X86_64.items():
        told = [condition for rule in wsl1.rules if name in rule.syscalls for condition in rule.when]
        for _ in range(200 if told else 3):
            args = [
                dice.choice((0, 1, dice.getrandbits(64), dice.getrandbits(32), 1 << dice.randrange(64)))
                for _ in range(6)
            ]
            for condition in told:
                if dice.random() < 0.6 and condition.values:
                    args[condition.arg] = dice.choice(condition.values) | dice.choice((0, 0, 0, 1 << 19, 1 << 40))
            assert run_filter(program, number, tuple(args)) in expected_action(wsl1, name, tuple(args)), (name, args)


def test_a_program_of_another_architecture_finds_no_calls(wsl1: Profile) -> None:
    program = compile_filter(wsl1)
    assert run_filter(program, 1, (0,) * 6, arch=0x40000003) == ERRNO | errno.ENOSYS
    assert run_filter(program, 1 | 0x40000000, (0,) * 6) == ERRNO | errno.ENOSYS  # x32
