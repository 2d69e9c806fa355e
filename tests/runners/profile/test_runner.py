from __future__ import annotations

from pathlib import Path

import pytest

from conformance.model import Answers, Target
from runners.base import RunnerError
from runners.declaration import Way
from runners.host.cache import digest
from runners.profile import runner as module
from runners.profile.format import NO_FILES
from runners.profile.runner import DECLARATION, PROFILES, ProfileRunner, profile_path
from tests.mounts import needs_root

PLAIN = """
title = "nothing much"
[[rule]]
syscalls = ["getpriority"]
errno = "ENOSYS"
source = "a test"
confidence = "assumed"
[[not_emulated]]
what = "time"
why = "it flies"
source = "a test"
"""


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A profile of one rule, that says of one thing that it is not emulated."""
    path = tmp_path / "plain.toml"
    path.write_text(PLAIN)
    return path


def test_a_profile_that_ships_is_known_by_its_name_and_any_by_its_path(plain: Path) -> None:
    assert profile_path("wsl1") == PROFILES / "wsl1.toml"
    assert profile_path(str(plain)) == plain


def test_what_is_not_emulated_is_told(plain: Path) -> None:
    assert ProfileRunner(str(plain)).describe() == [
        "nothing much: 1 rule in plain.toml",
        "not emulated: time (it flies)",
    ]


@needs_root
def test_what_is_missing_is_the_first_thing_that_is(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = ProfileRunner(str(plain))
    assert runner.missing() is None
    monkeypatch.setattr(module, "find_library", lambda _: None)
    assert "libseccomp is not installed" in (runner.missing() or "")
    plain.write_text("title = 5")
    assert str(plain) in (runner.missing() or "")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "needs root" in (runner.missing() or "")


def test_a_profile_that_cannot_be_read_is_a_runner_error(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match=r"absent\.toml"):
        ProfileRunner(str(tmp_path / "absent.toml")).describe()


@needs_root
@pytest.mark.parametrize("bare", [False, True])
def test_a_guest_is_this_machine_behind_the_filter(bare: bool, plain: Path) -> None:
    with ProfileRunner(str(plain), bare=bare).open() as guest:
        assert guest.about.made_by == f"seccomp profile plain.toml ({digest(plain)[:8]}), 1 rule"
        assert guest.about.notes[1:] == ("not emulated: time",)
        assert (NO_FILES in guest._prefix) is bare
        with guest.spawn([*guest.inside.python, "-c", "import os; os.getpriority(os.PRIO_PROCESS, 0)"]) as channel:
            assert channel.wait(30) == 1
        with guest.spawn([*guest.inside.python, "-c", "import os; os.getpid()"]) as channel:
            assert channel.wait(30) == 0


def test_the_declaration_opens_guests_under_the_profile_that_a_target_names(plain: Path) -> None:
    assert (DECLARATION.name, DECLARATION.answers) == ("profile", Answers.FILTER)
    target = Target("odd", "profile", options={"profile": str(plain)})
    runner = DECLARATION.runner(target, Way())
    assert runner.describe()[0].startswith("nothing much")
    with pytest.raises(ValueError, match="the target odd has no profile"):
        DECLARATION.runner(Target("odd", "profile"), Way())
