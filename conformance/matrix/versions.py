"""Kernel releases as versions."""

from __future__ import annotations

import re


def series(release: str) -> tuple[int, ...]:
    """`(6, 1)` of `6.1.0-56-cloud-amd64`; empty when it does not begin with a version."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return (int(found[1]), int(found[2])) if found else ()
