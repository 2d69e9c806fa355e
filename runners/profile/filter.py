"""The seccomp filter that takes away here what a profile says that an emulation lacks."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from itertools import product

import pyseccomp  # type: ignore[import-untyped] # it comes without type information

from runners.profile.format import LOOKING, OPENERS, Condition, Profile, ProfileError

_ALWAYS_ANSWERED = frozenset({"uname", *OPENERS})
"""Calls of which the supervisor has to see every one, if any."""
_BINARY_TREE = 2  # seccomp_attr_set(3), SCMP_FLTATR_CTL_OPTIMIZE


def compile_filter(profile: Profile) -> bytes:
    """The profile's rules as a BPF program for seccomp(2). Raises ProfileError when libseccomp refuses one."""
    calls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    # A 32-bit or x32 program finds no kernel for it; killing it would hide what it tried.
    calls.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.ERRNO(errno.ENOSYS))
    calls.set_attr(pyseccomp.Attr.CTL_OPTIMIZE, _BINARY_TREE)
    notified = profile.notified
    always = notified & _ALWAYS_ANSWERED
    for name in sorted(always):
        number = profile.number(name)
        if number is not None:
            calls.add_rule(pyseccomp.NOTIFY, number)
    for position, rule in enumerate(profile.rules, 1):
        for name in rule.syscalls:
            number = profile.number(name)
            if number is None or name in always:
                continue
            # Where one rule takes a look into the process, the supervisor judges them all, in their order.
            action = pyseccomp.NOTIFY if name in notified else pyseccomp.ERRNO(rule.errno)
            numbers = [condition for condition in rule.when if condition.op not in LOOKING]
            for comparisons in product(*(_comparisons(condition) for condition in numbers)):
                try:
                    calls.add_rule(action, number, *comparisons)
                except OSError as error:
                    raise ProfileError(
                        f"rule {position} of the profile '{profile.title}' cannot become a filter for {name}: "
                        f"{error.strerror}"
                    ) from None
    with os.fdopen(os.memfd_create("filter"), "w+b") as program:
        calls.export_bpf(program)
        program.seek(0)
        return program.read()


def _comparisons(condition: Condition) -> Iterator[pyseccomp.Arg]:
    """The condition in libseccomp's words, one for each of its values."""
    for value in condition.values:
        match condition.op:
            case "ne":
                yield pyseccomp.Arg(condition.arg, pyseccomp.NE, value)
            case "lt":
                yield pyseccomp.Arg(condition.arg, pyseccomp.LT, value)
            case "ge":
                yield pyseccomp.Arg(condition.arg, pyseccomp.GE, value)
            case "has":
                yield pyseccomp.Arg(condition.arg, pyseccomp.MASKED_EQ, value, value)
            case _:
                yield pyseccomp.Arg(condition.arg, pyseccomp.MASKED_EQ, condition.mask, value)
