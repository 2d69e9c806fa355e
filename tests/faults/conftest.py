"""The cases here are bad on purpose: they are run in guests, never where pytest finds them."""

from __future__ import annotations

collect_ignore = ["cases"]
