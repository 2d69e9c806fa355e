"""Programs on PATH that do what a test tells them to, in place of those that are not there or would take long."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def put(monkeypatch: pytest.MonkeyPatch, folder: Path, scripts: dict[str, str]) -> Path:
    """Put shell scripts, by name, first on PATH. The folder that holds them."""
    folder.mkdir(exist_ok=True)
    for name, text in scripts.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder
