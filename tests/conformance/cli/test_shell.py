from __future__ import annotations

import os

import pytest

from conformance.run.errors import Exit
from tests.conformance.cli.command import told


def test_a_shell_without_a_terminal_is_refused_with_what_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "isatty", lambda fd: False)
    done = told("shell", "native")
    assert done.status == Exit.USAGE
    assert "conformance exec native -- COMMAND..." in done.err
