"""`conformance doctor`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.run.errors import Exit
from runners import doctor
from runners.base import RunnerError
from runners.declaration import Part
from runners.doctor import Found
from tests.conformance.cli.command import is_one_sentence, told


def part(name: str) -> Part:
    """Something that a package of that name brings."""
    return Part(name, f"{name}-package", f"targets that have {name}", lambda: True)


@pytest.mark.parametrize(
    ("present", "status"), [((True, True), Exit.EXPECTED), ((True, False), Exit.FAILED), ((False, False), Exit.FAILED)]
)
def test_what_is_missing_is_a_status_and_a_line_with_its_package(
    present: tuple[bool, bool], status: Exit, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Found(part(name), there) for name, there in zip(("qemu", "runsc"), present, strict=True)]
    monkeypatch.setattr(doctor, "examine", lambda: found)
    done = told("doctor")
    assert (done.status, done.err) == (status, "")
    lines = done.out.splitlines()[2:]
    assert [line.split() for line in lines] == [
        [each.part.name, "yes" if each.present else "no", each.part.package, "targets", "that", "have", each.part.name]
        for each in found
    ]


def test_what_is_done_to_install_is_told_and_then_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = []

    def install(tell: Callable[[str], None]) -> None:
        tell("apt-get install qemu")
        installed.append("qemu")

    monkeypatch.setattr(doctor, "install", install)
    monkeypatch.setattr(doctor, "examine", lambda: [Found(part("qemu"), bool(installed))])
    done = told("doctor", "--install")
    assert (done.status, done.err) == (Exit.EXPECTED, "apt-get install qemu\n")
    assert " yes " in done.out


def test_an_installation_that_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def install(_: object) -> None:
        raise RunnerError("installing packages needs root; run `sudo conformance doctor --install`")

    monkeypatch.setattr(doctor, "install", install)
    done = told("doctor", "--install")
    assert (done.status, done.out, is_one_sentence(done.err)) == (Exit.FAILED, "", True), done.err
