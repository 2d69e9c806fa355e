from __future__ import annotations

from pathlib import Path

import pytest

from runners.kernels.kernel import Kernel
from runners.qemu.surroundings import LONGEST, NONE, Surroundings, named, wrong_commandline, wrong_preload
from tests.packages import RELEASE, tree


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    """One that has bridge and br_netfilter as modules, and ext4 built in."""
    folder = tmp_path / "lib/modules" / RELEASE
    folder.mkdir(parents=True)
    tree(folder)
    return Kernel(tmp_path / "image", RELEASE, "a test", tmp_path)


def test_what_a_kernel_has_not_as_a_module_is_said_and_no_failure(kernel: Kernel) -> None:
    around = Surroundings("quirk=1", ("ext4", "br_netfilter", "tun", "ip_tables", "bridge"))
    assert around.loadable(kernel) == ["br_netfilter", "bridge"]
    assert list(around.notes(kernel)) == [
        "command line: quirk=1",
        "loaded beforehand: br_netfilter, bridge",
        "not loaded beforehand, since built in: ext4",
        "not loaded beforehand, since this kernel has no such module: tun, ip_tables",
    ]


def test_a_kernel_without_modules_loads_none_and_says_so() -> None:
    around = Surroundings(preload=("tun", "ext4"))
    bare = Kernel(Path("image"), "6.1", "a test")
    assert around.loadable(bare) == []
    assert list(around.notes(bare)) == ["not loaded beforehand: tun, ext4, since the kernel has come without modules"]


def test_nothing_is_said_where_nothing_is_asked_for(kernel: Kernel) -> None:
    assert (NONE.loadable(kernel), list(NONE.notes(kernel))) == ([], [])


@pytest.mark.parametrize(
    "value",
    [
        "",
        "WSL_ROOT_INIT=1 nr_cpus=2 printk.devkmsg=on pty.legacy_count=0",
        "vsyscall=emulate mitigations=auto",
        'dyndbg="file net/core/dev.c +p; console=ttyS1"',  # what is between quotes is no word of its own
        "consoleblank=0 panic_print=1 sysctl.kernel.printk_ratelimit=5",  # not what they begin with
        "a" * LONGEST,
    ],
)
def test_words_that_take_nothing_from_the_runner_are_right(value: str) -> None:
    assert wrong_commandline(value) == ""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("nr_cpus=2 console=hvc0", "has console=hvc0, which the runner needs for itself: the console is where a crash"),
        ("panic=5", "has panic=5, "),
        ("debug", "has debug, "),
        ("random.trust-cpu=off", "has random.trust-cpu=off, "),  # a dash is an underscore to the kernel
        ('"panic=5"', 'has "panic=5", '),
        ('tsc="reliable"', 'has tsc="reliable", '),
        ("sysctl.kernel/panic_on_oops=0", "has sysctl.kernel/panic_on_oops=0, "),
        ("mem=128M", "what a guest has is said by the option memory"),
        ("quirk -- single", "has --, behind which words are for init"),
        ("a\nb", "has a character that is no printable ASCII"),
        ("füße", "has a character that is no printable ASCII"),
        ('a="b', "has a quote that is not closed"),
        ("a" * (LONGEST + 1), f"is {LONGEST + 1} characters long"),
    ],
)
def test_words_that_the_runner_needs_or_the_kernel_cannot_take_are_told(value: str, said: str) -> None:
    assert said in wrong_commandline(value)


@pytest.mark.parametrize(("value", "wrong"), [("tun ip-tables", ""), ("", ""), ("tun,br", "tun,br"), ("../x", "../x")])
def test_modules_are_named_with_blanks_between_them(value: str, wrong: str) -> None:
    assert (repr(wrong) in wrong_preload(value)) if wrong else wrong_preload(value) == ""


def test_modules_are_called_as_the_kernel_calls_them_each_once() -> None:
    assert named(" tun  ip-tables ip_tables ") == ("tun", "ip_tables")
