"""Marks on parameters: which arguments of a generated program must be kept from doing harm.

They stand in annotations. What is done about each is in `conformance/programs/harmful.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Tame(Enum):
    """What an argument must be, if it is a number."""

    IN_ARENA = "an address in the arena, where the executor has no memory of its own"
    IN_ARENA_OR_ANYWHERE = "an address in the arena, or 0: where the kernel likes"
    OWN = "an address of the program's own: in its data or in the arena"
    SHORT = "a length of no more than the arena's, or one that every kernel refuses"
    FIXED = "flags with MAP_FIXED: elsewhere the kernel would choose"
    SOMEBODY = "a process: not everybody, init, or a group that may be anybody's"
    ONESELF = "0, the program itself"


class Instead:
    """What stands for values that reach beyond a program: `Instead({PRIO_USER: PRIO_PROCESS})`."""

    def __init__(self, values: Mapping[int, int]) -> None:
        self.values = values
