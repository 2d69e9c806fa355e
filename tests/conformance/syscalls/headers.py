"""Debian's newest headers of a released kernel, fetched once: for tests that hold tables and structs against them."""

from __future__ import annotations

import pytest

from runners.base import RunnerError
from tools.headers import PACKAGE, Headers, newest_headers


def newest() -> Headers:
    """The headers; skips where they cannot be had."""
    try:
        return newest_headers()
    except (RunnerError, OSError) as error:
        pytest.skip(f"Debian's newest {PACKAGE} cannot be fetched: {error}")


def newest_options() -> tuple[str, ...]:
    """Options with which the compiler reads these headers and no others; skips where they cannot be had."""
    return newest().options
