"""Conditions on the versions that a target's facts say."""

from __future__ import annotations

from conformance.conditions import KERNEL, VERSION
from conformance.matrix.versions import series
from conformance.model import Facts


def versions_of(facts: Facts | None) -> dict[str, str]:
    """The versions that conditions can name, of a target with these facts; none where it never said any."""
    return {**facts.versions, KERNEL: facts.release} if facts else {}


def as_seen(facts: Facts | None) -> str:
    """The condition under which a baseline holds that was taken of a target: its runner's versions, else its kernel's.

    Of a kernel the series counts (`kernel == 6.1`), since stable releases are to change nothing that a case sees. Empty
    where no version is known.
    """
    if facts is None:
        return ""
    told = {name: found[0] for name, said in sorted(facts.versions.items()) if (found := VERSION.match(said))}
    if not told and (of := series(facts.release)):
        told = {KERNEL: ".".join(map(str, of))}
    return " and ".join(f"{name} == {version}" for name, version in told.items())
