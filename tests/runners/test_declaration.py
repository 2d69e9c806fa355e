from __future__ import annotations

from pathlib import Path

import pytest

from conformance.model import Target
from runners import declaration
from runners.declaration import MEMORY, Option, as_given, number, program, text, which

TARGET = Target("lts", "qemu", options={"kernel": "debian:6.1", "memory": 512})


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in a folder that only root has in its PATH."""
    folder = tmp_path / "sbin"
    folder.mkdir()
    (folder / "tool").write_text("#!/bin/sh\n")
    (folder / "tool").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(declaration, "PROGRAMS", str(folder))
    return folder / "tool"


def test_a_program_is_found_where_a_user_does_not_look(tool: Path) -> None:
    assert which("tool") == str(tool)
    assert which("no-such-tool") is None


def test_a_part_is_there_when_all_of_its_programs_are(tool: Path) -> None:
    assert program("tool")()
    assert not program("tool", "no-such-tool")()


def test_options_are_read_from_what_a_target_has() -> None:
    assert (text(TARGET, "kernel"), number(TARGET, "memory", 1024), number(TARGET, "cpus", 2)) == ("debian:6.1", 512, 2)


def test_an_option_that_must_be_there_is_told_by_name() -> None:
    with pytest.raises(ValueError, match=r"^the target lts has no profile$"):
        text(TARGET, "profile")


def test_a_number_is_what_has_a_least_value() -> None:
    assert (MEMORY.type, Option("a text").type) == (int, str)


def test_a_value_of_the_command_line_is_right_as_it_stands() -> None:
    assert as_given("image") == "image"
