from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from conformance.syscalls.numbers import AARCH64, TABLES, X86_64

ARM64 = ("RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "TIME32_SYSCALLS", "SYS_CLONE3", "MEMFD_SECRET")
"""What arch/arm64/include/uapi/asm/unistd.h asks the generic table for."""


def numbers(header: str, *options: str) -> dict[str, int]:
    """The numbers of a header of linux-libc-dev, by name."""
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc: apt install gcc libc6-dev")
    done = subprocess.run(
        ["gcc", "-E", "-dM", *options, "-include", header, "-x", "c", "/dev/null"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"there is no {header}: apt install linux-libc-dev")
    macros = dict(re.findall(r"^#define (__NR\w+) (\w+)$", done.stdout, re.MULTILINE))
    found = {}
    for name in macros:
        value = name
        while value in macros:
            value = macros[value]
        if name.startswith("__NR_") and value.isdigit():
            found[name.removeprefix("__NR_")] = int(value)
    return found


def compare(ours: dict[str, int], theirs: dict[str, int]) -> None:
    """Every call that both know has one number, and they know many."""
    common = ours.keys() & theirs.keys()
    assert len(common) > 250
    assert {name: ours[name] for name in common} == {name: theirs[name] for name in common}


def test_x86_64_has_the_numbers_of_the_kernels_header() -> None:
    compare(X86_64, numbers("asm/unistd_64.h"))


def test_aarch64_has_the_numbers_of_the_kernels_generic_header() -> None:
    options = ["-U__BITS_PER_LONG", "-D__BITS_PER_LONG=64", *(f"-D__ARCH_WANT_{name}" for name in ARM64)]
    compare(AARCH64, numbers("asm-generic/unistd.h", *options))


@pytest.mark.parametrize("machine", sorted(TABLES))
def test_no_two_calls_share_a_number(machine: str) -> None:
    assert len(set(TABLES[machine].values())) == len(TABLES[machine])


def test_calls_that_are_newer_than_the_architectures_have_one_number_on_all() -> None:
    newer = {name: number for name, number in X86_64.items() if number > 423}
    assert len(newer) > 30
    assert {name: AARCH64[name] for name in newer if name in AARCH64} == {n: newer[n] for n in newer if n in AARCH64}
