"""Faults that are none: what Linux itself could show. Each has its reason, and is left out of the score by it."""

from __future__ import annotations

from conformance.syscalls.machinery.kinds import Clocked, Fraction, Kind, Masked, ZeroOrNot

PADDING = ("pad", "reserved", "unused", "spare")


def why_equivalent(kind: Kind) -> str:
    """Why a value of a kind that is one more, or has another byte, is one that Linux could give; "": it is not."""
    if isinstance(kind, Masked | Clocked | Fraction):
        return "its description says that it differs from run to run"
    return "its description says that how much it is says nothing" if isinstance(kind, ZeroOrNot) else ""


def why_padding(member: str) -> str:
    """Why a member of a struct may be zero; "" where it means something."""
    return "padding, by its name" if any(each in member.lower() for each in PADDING) else ""


IDLE = {
    "O_LARGEFILE": "x86_64 sets it by itself (force_o_largefile)",
}


def why_idle(label: str, flag: str) -> str:
    """Why a flag does nothing; "": it does something."""
    return IDLE.get(flag, "")
