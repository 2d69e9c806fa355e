from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from conformance.syscalls.machinery.table import numbers, stubs
from tests.conformance.syscalls.headers import newest_options
from tools.headers import by_version

X86_64, AARCH64 = numbers("x86_64"), numbers("aarch64")
TABLES = {"x86_64": X86_64, "aarch64": AARCH64}
SINCE = {name: each.facts.since for name, each in stubs().items() if each.facts.since}
ARM64 = ("RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "TIME32_SYSCALLS", "SYS_CLONE3", "MEMFD_SECRET")
"""What arch/arm64/include/uapi/asm/unistd.h asks the generic table for."""


def macros(*command: str) -> dict[str, int]:
    """The numbers that a preprocessor run defines, by the name of the call."""
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc: apt install gcc libc6-dev")
    done = subprocess.run(
        ["gcc", "-E", "-dM", *command, "-x", "c", "/dev/null"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"there is no {command[-1]}: apt install linux-libc-dev")
    defined = dict(re.findall(r"^#define (__NR\w+) (\w+)$", done.stdout, re.MULTILINE))
    found = {}
    for name in defined:
        value = name
        while value in defined:
            value = defined[value]
        if name.startswith("__NR_") and value.isdigit():
            found[name.removeprefix("__NR_")] = int(value)
    found.pop("syscalls", None)  # how many there are
    found.pop("arch_specific_syscall", None)  # where an architecture's own begin
    return found


def of_x86_64(*options: str) -> dict[str, int]:
    """What the headers say of x86-64."""
    return macros(*options, "-include", "asm/unistd_64.h")


def of_aarch64(*options: str) -> dict[str, int]:
    """What the headers say of the generic table, as arm64 has it."""
    wanted = (f"-D__ARCH_WANT_{name}" for name in ARM64)
    return macros(*options, "-U__BITS_PER_LONG", "-D__BITS_PER_LONG=64", *wanted, "-include", "asm-generic/unistd.h")


@pytest.fixture(scope="module")
def newest() -> tuple[str, ...]:
    """Options with which the compiler reads Debian's newest headers; skips where they cannot be had."""
    return newest_options()


def held_against(table: dict[str, int], header: dict[str, int]) -> None:
    """Every call of a header is in our table, with the same number."""
    assert len(header) > 300
    assert {name: table.get(name) for name in header} == header


def test_x86_64_has_every_call_of_the_headers_that_are_installed() -> None:
    held_against(X86_64, of_x86_64())


def test_aarch64_has_every_call_of_the_headers_that_are_installed() -> None:
    held_against(AARCH64, of_aarch64())


def test_x86_64_has_every_call_of_the_newest_headers_and_no_other(newest: tuple[str, ...]) -> None:
    header = of_x86_64(*newest)
    held_against(X86_64, header)
    assert X86_64.keys() - header.keys() == set()


def test_aarch64_has_every_call_of_the_newest_headers_and_no_other(newest: tuple[str, ...]) -> None:
    header = of_aarch64(*newest)
    held_against(AARCH64, header)
    assert AARCH64.keys() - header.keys() == set()


def test_a_call_that_the_installed_headers_lack_is_newer_than_they_are() -> None:
    installed = macros("-include", "linux/version.h", "-include", "asm/unistd_64.h")
    code = subprocess.run(
        ["gcc", "-E", "-dM", "-include", "linux/version.h", "-x", "c", "/dev/null"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"#define LINUX_VERSION_CODE (\d+)", code)
    assert found
    version = [int(found[1]) >> 16, int(found[1]) >> 8 & 0xFF]
    unknown = {name for name in X86_64.keys() - installed.keys() if by_version(SINCE.get(name, "2.6"))[:2] <= version}
    assert unknown == set()
    too_new = {name for name in installed if by_version(SINCE.get(name, "2.6"))[:2] > version}
    assert too_new == set()


@pytest.mark.parametrize("machine", sorted(TABLES))
def test_no_two_calls_share_a_number(machine: str) -> None:
    assert len(set(TABLES[machine].values())) == len(TABLES[machine])


def test_calls_that_are_newer_than_the_architectures_have_one_number_on_all() -> None:
    newer = {name: number for name, number in X86_64.items() if number > 423}
    assert len(newer) > 30
    assert {name: AARCH64[name] for name in newer if name in AARCH64} == {n: newer[n] for n in newer if n in AARCH64}


# Releases


def test_every_release_is_one_of_a_call_and_newer_than_2_6_12() -> None:
    assert SINCE.keys() <= X86_64.keys()
    assert all(re.fullmatch(r"2\.6\.\d+|[3-9]\.\d+", release) for release in SINCE.values())
    assert all(by_version(release) > [2, 6, 12] for release in SINCE.values())


def test_of_calls_with_one_number_on_all_architectures_the_later_one_has_the_higher() -> None:
    calls = sorted((number, by_version(SINCE[name])) for name, number in X86_64.items() if number > 434)
    early = {435, 436, 443}  # clone3 and close_range waited for theirs, quotactl_fd came with 5.13 and worked in 5.14
    kept = [release for number, release in calls if number not in early]
    assert kept == sorted(kept)


def test_a_stub_knows_the_release_that_first_had_its_call() -> None:
    assert (SINCE["close_range"], stubs()["read"].facts.since) == ("5.9", "")
