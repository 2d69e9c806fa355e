from __future__ import annotations

import errno
import os
import tomllib
from pathlib import Path

import pytest

from conformance.syscalls.machinery.table import constants, numbers
from runners.profile.format import LOOKING, Condition, Profile, ProfileError, Rule, glob, load
from tests.suite import SOURCES

WSL1 = SOURCES / "runners" / "profile" / "wsl1.toml"

ENDING = """
source = "a test"
confidence = "assumed"
"""

X86_64 = numbers("x86_64")


def rule(text: str) -> str:
    """A profile of one rule."""
    return f'title = "test"\n[constants]\nSEEK_HOLE = 4\n[[rule]]\n{text}\n{ENDING}'


def profile(tmp_path: Path, text: str) -> Profile:
    """The profile that a text describes."""
    path = tmp_path / "profile.toml"
    path.write_text(text)
    return load(path)


def test_a_condition_may_name_what_is_described_and_what_the_profile_says_goes_first(tmp_path: Path) -> None:
    when = '{arg = 2, op = "eq", value = ["SEEK_DATA", "SEEK_HOLE"]}'
    text = rule(f'syscalls = ["lseek"]\nwhen = [{when}]\nerrno = "EINVAL"')
    (found,) = profile(tmp_path, text.replace("SEEK_HOLE = 4", "SEEK_HOLE = 99")).rules
    assert found.when[0].values == (os.SEEK_DATA, 99)


def test_wsl1_names_itself_only_what_is_not_described() -> None:
    said = tomllib.loads(WSL1.read_text())
    assert not said["constants"].keys() & constants().keys()
    assert "numbers" not in said


def test_an_int_is_compared_without_what_lies_above_its_32_bits() -> None:
    assert Condition(0, "eq", (5,), mask=2**32 - 1).holds(2**63 + 5)
    assert not Condition(0, "ge", (5,)).holds(4)


def test_a_star_stands_for_anything_but_a_slash() -> None:
    assert glob("/proc/*/mem") == "/proc/[^/]*/mem"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('title = "t"\ncolour = 1', "has the key 'colour', which means nothing here"),
        ("", "lacks the key 'title'"),
        ("title = 1", "has a 'title' that is not a text"),
        ("title = ", "is not TOML"),
        ('title = "t"\nrule = [1]', "rule 1 is not a table"),
        ('title = "t"\n[uname]\nrelease = 4', "has a release under [uname] that is not a text of at most 64 bytes"),
        ('title = "t"\n[uname]\nhost = "x"', "has 'host' under [uname], which is none of sysname, release"),
        (rule('errno = "ENOSYS"'), "rule 1 lacks the key 'syscalls'"),
        (rule('syscalls = ["read"]'), "rule 1 needs either an 'errno' or 'returns = 0'"),
        (rule('syscalls = ["read"]\nreturns = 1'), "rule 1 has a 'returns' other than 0"),
        (rule('syscalls = ["read"]\nerrno = "EWHAT"'), "rule 1 has the errno 'EWHAT', which no errno is called"),
        (rule('syscalls = ["red"]\nerrno = "EIO"'), "rule 1 names the system call 'red', which neither the suite"),
        (
            rule('syscalls = ["read"]\nerrno = "EIO"\nwhen = [{arg = 0, op = "is", value = 1}]'),
            "rule 1, condition 1 has the op 'is', which is none of eq, ne",
        ),
        (
            rule('syscalls = ["read"]\nerrno = "EIO"\nwhen = [{arg = 6, op = "eq", value = 1}]'),
            "rule 1, condition 1 has an 'arg' that is not from 0 to 5",
        ),
        (
            rule('syscalls = ["read"]\nerrno = "EIO"\nwhen = [{arg = 0, op = "eq", value = "SEEK_WHAT"}]'),
            "rule 1, condition 1 compares with 'SEEK_WHAT', which is neither a number nor a name that is de",
        ),
        (
            rule('syscalls = ["read"]\nerrno = "EIO"\nwhen = [{arg = 0, op = "masked_eq", value = 1}]'),
            "rule 1, condition 1 needs a 'mask' for 'masked_eq'",
        ),
        (
            rule(
                'syscalls = ["read"]\nerrno = "EIO"\n'
                'when = [{arg = 0, op = "ne", value = 1}, {arg = 0, op = "ne", value = 2}]'
            ),
            "rule 1 tests an argument twice",
        ),
        ('title = "t"\n[[rule]]\nsyscalls = ["read"]\nerrno = "EIO"', "rule 1 lacks the key 'source'"),
        (f'title = "t"\n[[file]]\npaths = ["a"]\ntext = "b"{ENDING}', "file 1 has a path that does not begin with a"),
        (f'title = "t"\n[[file]]\npaths = ["/a"]{ENDING}', "file 1 needs either a 'text' or an 'errno'"),
        ('title = "t"\n[[not_emulated]]\nwhat = "x"\nsource = "y"', "not_emulated 1 lacks the key 'why'"),
    ],
)
def test_a_malformed_profile_is_one_sentence_that_names_the_file_and_the_place(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(ProfileError) as raised:
        profile(tmp_path, text)
    assert complaint in str(raised.value)
    assert str(tmp_path / "profile.toml") in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_profile_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"absent\.toml cannot be read: No such file"):
        load(tmp_path / "absent.toml")


def test_a_new_call_may_come_with_its_number(tmp_path: Path) -> None:
    text = rule('syscalls = ["brand_new"]\nerrno = "EIO"').replace(
        "[constants]", "[numbers]\nbrand_new = 999\n[constants]"
    )
    assert profile(tmp_path, text).number("brand_new") == 999


# The profile that ships

NEEDED = """
read write close fstat newfstatat poll ppoll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask ioctl pread64
readv writev access pipe2 dup2 dup3 clone fork vfork execve exit exit_group wait4 waitid kill fcntl getdents64 getcwd
chdir mkdir rmdir unlink unlinkat rename symlink readlink chmod umask getrlimit prlimit64 prctl arch_prctl futex
set_tid_address set_robust_list clock_gettime clock_nanosleep epoll_create1 epoll_ctl epoll_wait socket socketpair
sendmsg recvmsg getrandom unshare setns mount umount2 ptrace setsid setpgid getpid gettid getppid rt_sigtimedwait
sigaltstack process_vm_readv process_vm_writev sched_getaffinity statfs
"""


@pytest.fixture(scope="module")
def wsl1() -> Profile:
    return load(WSL1)


def test_wsl1_gives_a_source_for_whatever_it_says(wsl1: Profile) -> None:
    assert len(wsl1.rules) > 90
    assert len(wsl1.not_emulated) > 30
    sources = [rule.source for rule in wsl1.rules] + [file.source for file in wsl1.files]
    assert all(len(source) > 10 for source in sources + [left.source for left in wsl1.not_emulated])


def test_wsl1_numbers_agree_with_the_kernels_headers(wsl1: Profile) -> None:
    names = {name for rule in wsl1.rules for name in rule.syscalls}
    assert {name: wsl1.number(name) for name in names & X86_64.keys()} == {
        name: X86_64[name] for name in names & X86_64.keys()
    }
    assert names <= X86_64.keys()


def test_wsl1_lacks_every_call_that_is_newer_than_its_last_one(wsl1: Profile) -> None:
    missing = {name for rule in wsl1.rules if rule.errno == errno.ENOSYS and not rule.when for name in rule.syscalls}
    assert {name for name, number in X86_64.items() if number >= X86_64["pidfd_send_signal"]} <= missing


def test_wsl1_denies_no_call_twice(wsl1: Profile) -> None:
    always = [name for rule in wsl1.rules if not rule.when for name in rule.syscalls]
    sometimes = {name for rule in wsl1.rules if rule.when for name in rule.syscalls}
    assert len(set(always)) == len(always)
    assert not sometimes & set(always)


def test_wsl1_lets_through_what_an_interpreter_and_the_harness_need(wsl1: Profile) -> None:
    needed = set(NEEDED.split())
    always = {name for rule in wsl1.rules if not rule.when for name in rule.syscalls}
    assert not always & needed
    flags = 0x00020000 | 0x20000000 | 0x08000000 | 0x04000000 | 0x40000000  # mount, pid, ipc, uts and net namespaces
    assert not any(held(rule, (flags, 0, 0, 0, 0, 0)) for rule in wsl1.rules if "unshare" in rule.syscalls)


def held(tested: Rule, args: tuple[int, ...]) -> bool:
    """Whether a rule applies to these arguments, or may, if it takes a look into the process."""
    return all(condition.op in LOOKING or condition.holds(args[condition.arg]) for condition in tested.when)
