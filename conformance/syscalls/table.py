"""All stubs by name, for those who read traces."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

import conformance.syscalls
from conformance.syscalls.call import Syscall


@cache
def stubs() -> dict[str, Syscall[Any]]:
    """Every described call by its name. Imports all modules of the package: not for guests."""
    found: dict[str, Syscall[Any]] = {}
    for module_info in pkgutil.iter_modules(conformance.syscalls.__path__):
        module = importlib.import_module(f"conformance.syscalls.{module_info.name}")
        found |= {value.name: value for value in vars(module).values() if isinstance(value, Syscall)}
    return found
