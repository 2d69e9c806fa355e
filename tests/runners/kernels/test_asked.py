from __future__ import annotations

from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.kernels.asked import ask
from tests.kernels import image


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))


def test_a_kernel_is_asked_for_its_configuration(tmp_path: Path) -> None:
    path = image(tmp_path / "k.bzImage", "6.18.15", whole=True)
    (tmp_path / "k.config").write_text("CONFIG_A=y\n# CONFIG_B is not set\n")
    found = ask(str(path))
    assert (found.release, found.options, found.is_wsl2s) == ("6.18.15", {"A": "y", "B": "n"}, False)


def test_one_that_carries_none_says_why(tmp_path: Path) -> None:
    found = ask(str(image(tmp_path / "bzImage", whole=True)))
    assert (found.options, found.unreadable) == (None, "it is packed in a way that is not known here")
    (tmp_path / "mine").write_text("CONFIG_A=m\n")
    assert ask(str(tmp_path / "bzImage"), tmp_path / "mine").options == {"A": "m"}


def test_what_could_not_be_booted_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="cannot be booted: it does not say where in it the kernel proper lies"):
        ask(str(image(tmp_path / "bzImage")))
