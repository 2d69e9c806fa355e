"""All stubs by name, for those who read traces and write programs."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import conformance.syscalls
from conformance.syscalls.machinery.call import Operation, Syscall

NO_CHAPTERS = ("machinery", "help")
"""What lies beside the descriptions."""


@cache
def _modules() -> tuple[ModuleType, ...]:
    """All that describe something, imported: not for guests."""
    found = pkgutil.walk_packages(conformance.syscalls.__path__, "conformance.syscalls.")
    return tuple(importlib.import_module(each.name) for each in found if each.name.split(".")[2] not in NO_CHAPTERS)


def _described() -> Iterator[Syscall[Any]]:
    """Everything that is described."""
    for module in _modules():
        for value in vars(module).values():
            if isinstance(value, Syscall) and value.__module__ == module.__name__:
                yield value


@cache
def stubs() -> dict[str, Syscall[Any]]:
    """Every described call by its name."""
    return {each.name: each for each in _described() if not isinstance(each, Operation)}


@cache
def numbers(machine: str) -> dict[str, int]:
    """The number of each call that an architecture has, `x86_64` or `aarch64`, by its name."""
    return {name: each.facts.numbers[machine] for name, each in stubs().items() if machine in each.facts.numbers}


@cache
def constants() -> dict[str, int]:
    """Every number that has a name in C, by that name: `AF_UNIX`, `O_CREAT`."""
    return {
        name: value
        for module in _modules()
        for name, value in vars(module).items()
        if name.isupper() and not name.startswith("_") and type(value) is int
    }


@cache
def operations() -> dict[str, tuple[Operation[Any], ...]]:
    """The operations of each call that has them described, by the call's name: those that its arguments tell.

    Where nothing is given, it is a matter of what the fd is of: such an operation is found by its label alone.
    """
    found: dict[str, tuple[Operation[Any], ...]] = {}
    for each in _described():
        if isinstance(each, Operation) and each.given:
            found[each.name] = (*found.get(each.name, ()), each)
    return found


@cache
def grammar() -> dict[str, Syscall[Any]]:
    """Everything that a generated program may call, by label: `read`, `fcntl_dupfd`; a call with operations, too."""
    return {each.__name__: each for each in _described()}


@cache
def chapters() -> dict[str, str]:
    """By label, the module or the package in which it is described."""
    return {each.__name__: each.__module__.split(".")[2] for each in _described()}


def describe(call: str, args: Sequence[object], label: str = "") -> Syscall[Any] | None:
    """The description that fits a call as it was made: the operation, if one is described, else the call's own.

    `label`: the one that is meant, where arguments do not tell."""
    if label and label in grammar():
        return grammar()[label]
    for each in operations().get(call, ()):
        if each.matches(args):
            return each
    return stubs().get(call)
