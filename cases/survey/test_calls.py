"""Call numbers: which of 0 to 511 there are, by syscall, by int 0x80 and with the x32 bit, and how each is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cases.survey._lists import observe_all
from cases.survey._probe import BY_INT80, BY_SYSCALL, Way, probe
from conformance.syscalls import missing
from conformance.syscalls.files.filesystems import quotactl, quotactl_fd, sync, syncfs
from conformance.syscalls.machinery.call import Syscall
from conformance.syscalls.processes.futex import futex
from conformance.syscalls.processes.limits import acct
from conformance.syscalls.signals import pause
from conformance.syscalls.system import (
    delete_module,
    finit_module,
    init_module,
    kexec_file_load,
    kexec_load,
    modify_ldt,
    reboot,
    swapoff,
    swapon,
    syslog,
    vhangup,
)
from conformance.syscalls.time.clocks import adjtimex, clock_adjtime, clock_settime, settimeofday

if TYPE_CHECKING:
    from conformance.guest.plugin import Observe

pytestmark = pytest.mark.needs("root", "x86_64")

NUMBERS = range(512)
X32 = 0x40000000
"""__X32_SYSCALL_BIT of asm/unistd.h."""
HARMFUL: tuple[Syscall[Any], ...] = (
    *(acct, quotactl, quotactl_fd, sync, syncfs, swapon, swapoff, syslog, vhangup, reboot),
    *(init_module, finit_module, delete_module, adjtimex, clock_adjtime, clock_settime, settimeofday),
)
"""What is called only in guests that are thrown away, though with arguments that are refused: see `never` of each."""
LEFT_OUT: tuple[Syscall[Any], ...] = (kexec_load, kexec_file_load)
"""What is not called at all: it is there or not as a kernel is configured, and ends the machine."""
I386_HARMFUL = {
    **dict.fromkeys((36, 344), sync),
    88: reboot,
    **dict.fromkeys((127, 128, 129, 130, 167, 350), init_module),  # create_module … query_module, finit_module
    **dict.fromkeys((51, 87, 103, 115, 131, 443), swapon),  # acct, swapon, syslog, swapoff, quotactl, quotactl_fd
    **dict.fromkeys((25, 79, 124, 264, 343, 404, 405), settimeofday),  # stime … clock_adjtime64
    111: vhangup,
}
"""The same, and those of their kind that x86-64 has not, by the numbers of asm/unistd_32.h."""
I386_LEFT_OUT = (283,)
"""kexec_load."""
EVERYWHERE: tuple[Syscall[Any], ...] = (sync, vhangup, reboot, adjtimex, settimeofday)
"""Those of them that no configuration leaves out."""
I386_EVERYWHERE = {36: "sync", 111: "vhangup", 88: "reboot", 124: "adjtimex", 79: "settimeofday"}
OTHERS = {futex.facts.numbers["x86_64"]: (0, 129), modify_ldt.facts.numbers["x86_64"]: (0,)}
"""Calls that say ENOSYS of an operation that they do not know: FUTEX_WAKE | FUTEX_PRIVATE_FLAG, and reading."""
I386_OTHERS = {45: (0,), 72: (0, 0, 0), 117: (1,), 123: (0,), 240: (0, 129)}
"""brk, told nothing; sigsuspend with a mask that lets a signal through; ipc (SEMOP), modify_ldt, futex."""
WAITING = {pause.facts.numbers["x86_64"]}
I386_WAITING = {29, 72}
"""pause, sigsuspend."""


@pytest.mark.parametrize("way", ["syscall", "int80", "x32"])
def test_numbers(way: str, observe: Observe) -> None:
    """A number is called with arguments that do nothing; what could harm a machine is left out."""
    harmful = {*I386_HARMFUL, *I386_LEFT_OUT} if way == "int80" else set(map(number_of, (*HARMFUL, *LEFT_OUT)))
    survey(way, [number for number in NUMBERS if number not in harmful], observe)


@pytest.mark.needs("disposable")
@pytest.mark.parametrize("way", ["syscall", "int80"])
def test_numbers_that_could_harm(way: str, observe: Observe) -> None:
    """The others, with the same arguments. Those that every kernel has are there."""
    numbers = I386_HARMFUL if way == "int80" else map(number_of, HARMFUL)
    everywhere = I386_EVERYWHERE if way == "int80" else {number_of(each): each.name for each in EVERYWHERE}
    found = survey(way, sorted(numbers), observe)
    if lacking := [name for number, name in everywhere.items() if found[number] == "ENOSYS"]:
        missing(", ".join(lacking))


def number_of(call: Syscall[Any]) -> int:
    """By the table of x86-64."""
    return call.facts.numbers["x86_64"]


def survey(way: str, numbers: list[int], observe: Observe) -> dict[int, str]:
    """Call these numbers in this way; what came of each."""
    how: Way = BY_INT80 if way == "int80" else BY_SYSCALL
    others, waiting = (I386_OTHERS, I386_WAITING) if way == "int80" else (OTHERS, WAITING)
    bit = X32 if way == "x32" else 0
    arguments = {number | bit: each for number, each in others.items()}
    said = probe(how, [number | bit for number in numbers], arguments, {number | bit for number in waiting})
    found = dict(zip(numbers, said, strict=True))
    observe_all(((f"{number:03}", each) for number, each in found.items()), observe)
    return found
