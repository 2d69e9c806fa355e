from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from conformance.model import Answers, Target
from runners import local
from runners.base import About, Death, Ending
from runners.declaration import Way
from runners.host.cgroup import Group
from runners.local import DECLARATION, HostGuest, LocalRunner
from tests.processes import eventually

SHOW = "import json, os, sys; json.dump(dict(os.environ), sys.stdout)"


def said(guest: HostGuest, *argv: str, env: dict[str, str] | None = None) -> str:
    """What a process in it says until its end."""
    found = b""
    with guest.spawn(argv, env) as channel:
        while data := channel.read(30):
            found += data
        assert channel.wait(30) == 0
    return found.decode()


def test_a_guest_is_this_machine_and_says_so() -> None:
    runner = LocalRunner()
    assert runner.missing() is None
    assert os.uname().release in runner.describe()[0]
    with runner.open() as guest:
        assert guest.about == About("local")
        assert guest.inside.python == (sys.executable,)
        assert said(guest, "uname", "-r").strip() == os.uname().release
        assert guest.death() is None


def test_only_what_is_the_same_everywhere_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_SECRET", "x")
    monkeypatch.setenv("LANG", "C.UTF-8")
    with LocalRunner().open() as guest:
        found = said(guest, sys.executable, "-c", SHOW, env={"GIVEN": "1"})
    assert '"GIVEN": "1"' in found
    assert '"LANG": "C.UTF-8"' in found
    assert "CONFORMANCE_SECRET" not in found


def test_what_it_says_on_standard_error_is_its_log() -> None:
    with LocalRunner().open() as guest:
        said(guest, "/bin/sh", "-c", "echo complaint >&2")
        assert eventually(lambda: "complaint" in guest.log(), 5)


def test_everything_in_it_stands_behind_the_prefix() -> None:
    with HostGuest(About("a test"), prefix=("/usr/bin/env", "PREFIXED=1")) as guest:
        assert said(guest, "/bin/sh", "-c", "echo $PREFIXED") == "1\n"


def test_nothing_is_left_of_a_guest_that_is_closed() -> None:
    with LocalRunner().open() as guest:
        room = Path(said(guest, "/bin/sh", "-c", "echo $TMPDIR").strip())
        assert room.is_dir()
        sleeping = guest.spawn(["sleep", "1000"])
        assert not sleeping.ended
    assert not room.exists()
    assert sleeping.ended


def test_one_that_has_taken_too_much_has_died_of_that(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalRunner().open() as guest:
        if guest._group is None:
            pytest.skip("no control group can be made here")
        with guest.spawn(["true"]) as channel:
            channel.wait(30)
            monkeypatch.setattr(Group, "exceeded", lambda _: True)
            assert guest.death() == Death(Ending.LIMIT, f"it took more than {local.MEMORY_MIB} MiB of memory")
            monkeypatch.setattr(Group, "exceeded", lambda _: False)
            assert guest.death() is None


def test_the_declaration_opens_such_guests() -> None:
    assert (DECLARATION.name, DECLARATION.answers) == ("local", Answers.HOST)
    assert isinstance(DECLARATION.runner(Target("native", "local"), Way()), LocalRunner)
