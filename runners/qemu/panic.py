"""Why a kernel died, from its console: the message of its panic or oops and the function, not its registers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

STAMP = re.compile(r"^(?:<\d>)?(?:\[\s*\d+\.\d+\]\s*(?:\[[^]]*\]\s*)?)?")
"""A line's level, time and caller (printk.time, printk.caller)."""
PANIC = re.compile(r"Kernel panic - not syncing: (.*)")
OOPS = re.compile(
    r"((?:BUG|kernel BUG|general protection fault|divide error|invalid opcode|stack segment|int3|double fault|"
    r"Unable to handle|Internal error|Oops|WARNING|watchdog: BUG|PANIC)\b.*)"
)
"""How an exception in the kernel is headed (arch/x86/kernel/dumpstack.c, arch/x86/mm/fault.c)."""
FATAL = ("Fatal exception", "Fatal hardware error", "panic_on_")
"""Panics that say only that there was an oops."""
FUNCTION = re.compile(r"([A-Za-z_][\w.]*)\+0x[0-9a-f]+/0x[0-9a-f]+")
MESSENGERS = re.compile(
    r"(?:__)?(?:dump_stack|show_stack|show_trace|panic|vpanic|die|oops_\w+|check_panic\w*|warn_slowpath)\w*(?:\.\w+)*"
)
"""Functions that are on the stack because a stack is being shown."""
OUT_OF_MEMORY = re.compile(r"^Out of memory(?: \([^)]*\))?: Killed process (\d+) \(([^)]*)\)|deadlocked on memory")
"""The guest's own memory was not enough (mm/oom_kill.c); that of a control group within it is headed otherwise."""
LATELY = 120
"""How many lines before the end still say why it came."""


def panic(console: str) -> str:
    """The message of the last panic with the function, or nothing when there was none."""
    lines = _lines(console)
    at = next((number for number in reversed(range(len(lines))) if PANIC.search(lines[number])), None)
    if at is None:
        return ""
    message = PANIC.search(lines[at])[1].strip()  # type: ignore[index] # it has just been found
    before = lines[max(0, at - LATELY) : at]
    headings = [(number, found[1]) for number, line in enumerate(before) if (found := OOPS.search(line))]
    oops = next(((number, text) for number, text in headings if not text.startswith("Oops")), None) or next(
        iter(headings), None
    )
    if oops and message.startswith(FATAL):
        return _with_function(f"oops: {oops[1].strip()}", before[oops[0] :])
    return _with_function(message, lines[at + 1 : at + LATELY])


def out_of_memory(console: str) -> str:
    """Which process the guest ended lately for want of memory, as a sentence; nothing when it did not."""
    for line in reversed(_lines(console)[-LATELY:]):
        if found := OUT_OF_MEMORY.search(line):
            return f"it killed {found[2]} (pid {found[1]})" if found[1] else "its kernel had none left for itself"
    return ""


def _lines(console: str) -> list[str]:
    return [STAMP.sub("", line).strip() for line in console.splitlines()]


def _with_function(message: str, after: Sequence[str]) -> str:
    name = next(_functions(after), None)
    return f"{message}, in {name}" if name and name not in message else message


def _functions(lines: Sequence[str]) -> Iterator[str]:
    """The function of the instruction pointer, if it is the kernel's, then those on the stack."""
    for line in lines:
        if line.startswith("RIP: 0010:") and (found := FUNCTION.search(line)):
            yield found[1]
    begun = False
    for line in lines:
        begun = begun or line.startswith("Call Trace")
        found = FUNCTION.match(line) if begun else None
        if found and not MESSENGERS.fullmatch(found[1]):
            yield found[1]
