"""`conformance rebase` from its command line to its exit status, on guests that behave as they are told to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import conformance.cli.rebase as module
from conformance.model import CaseResult, Outcome, Target
from conformance.protocol.lines import End, ResultLine, Start
from conformance.run.errors import Exit
from conformance.run.results import read_plan
from runners.base import Runner
from tests.conformance.cli.command import Answered, is_one_sentence, told
from tests.fakes import Answer, BrokenRunner, FakeRunner, line
from tests.kernels import image

QUEUE, FILE = "ipc/test_mqueue.py::test_queue", "files/test_open.py::test_open"
NAMES = [QUEUE, FILE]
TARGETS = """
[target.native]
runner = "local"
[target.wsl2]
runner = "qemu"
kernel = "wsl2"
commandline = "nr_cpus=2"
preload = "tun"
"""
LESS = "mq_open: ENOSYS"


class Machines:
    """What stands in for the runners of the two kernels."""

    def __init__(self) -> None:
        self.runners: dict[str, Runner] = {}
        self.targets: dict[str, Target] = {}
        self.facts: dict[str, list[str]] = {}
        """What the newer one says of its machine."""

    def runner(self, target: Target, *, cold: bool = False) -> Runner:
        """In the place of `runner_for`."""
        self.targets[target.name] = target
        return self.runners.setdefault(target.name, FakeRunner(NAMES))

    def machine(self, runner: Runner) -> dict[str, list[str]]:
        """In the place of `glance`."""
        return self.facts if runner is self.runners["to"] else {"taint": ["0"]}


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_programs: None) -> Machines:
    """Two kernels `old` and `new`, of which `new` has no message queues, in a folder with targets."""
    found = Machines()
    monkeypatch.setattr(module, "runner_for", found.runner)
    monkeypatch.setattr(module, "glance", found.machine)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CONFORMANCE_WSL2_KERNEL", raising=False)
    (tmp_path / "targets.toml").write_text(TARGETS)
    (tmp_path / "expectations").mkdir()
    for name, queues in (("old", "CONFIG_POSIX_MQUEUE=y"), ("new", "# CONFIG_POSIX_MQUEUE is not set")):
        image(tmp_path / f"{name}.bzImage", "6.18.15", whole=True)
        (tmp_path / f"{name}.config").write_text(f"{queues}\nCONFIG_X=y\n")
    return found


def ending(outcomes: dict[str, tuple[Outcome, str]]) -> Answer:
    """Cases end as told, with a message; the others pass."""

    def answer(cases: Sequence[str]) -> list[bytes]:
        said = []
        for case in cases:
            outcome, message = outcomes.get(case, (Outcome.PASSED, ""))
            said += [line(Start(case)), line(ResultLine(CaseResult(case, "", outcome, message)))]
        return [*said, line(End())]

    return answer


LACKING = ending({QUEUE: (Outcome.MISSING, LESS)})


def rebase(*arguments: str | Path, before: str = "old.bzImage", after: str = "new.bzImage") -> Answered:
    output = () if "-o" in arguments else ("-o", "out")
    return told("rebase", "--from", before, "--to", after, *output, *arguments)


def test_what_is_lost_ends_with_1_and_is_named_by_its_option(machines: Machines) -> None:
    machines.runners = {"to": FakeRunner(NAMES, LACKING)}
    done = rebase()
    assert done.status == Exit.UNEXPECTED, done
    assert "cause: CONFIG_POSIX_MQUEUE=y → n" in done.out
    assert "verdict: users will notice (1 lost)" in done.out
    found = json.loads(Path("out/rebase.json").read_text())
    assert [each["option"] for each in found["entries"]] == ["POSIX_MQUEUE"]
    assert Path("out/rebase.md").read_text().startswith("### Rebase: users will notice")


def test_what_is_gained_ends_with_0(machines: Machines) -> None:
    machines.runners = {"from": FakeRunner(NAMES, LACKING)}
    done = rebase(before="new.bzImage", after="old.bzImage")
    assert (done.status, "Gained (1):" in done.out) == (Exit.EXPECTED, True), done


@pytest.mark.usefixtures("machines")
def test_a_kernel_beside_itself_says_one_line() -> None:
    done = rebase(after="old.bzImage")
    assert (done.status, done.out) == (Exit.EXPECTED, "nothing will be noticed\n"), done


@pytest.mark.parametrize("who", ["from", "to"])
def test_a_kernel_that_does_not_start_ends_with_3_whatever_the_other_did(machines: Machines, who: str) -> None:
    machines.runners = {who: BrokenRunner("the guest with kernel 6.18.15 did not start: Kernel panic - not syncing")}
    done = rebase(after="old.bzImage")
    assert done.status == Exit.FAILED, done
    assert "could not be run" in done.out
    assert "Kernel panic" in done.out
    assert "nothing will be noticed" not in done.out


def test_both_that_do_not_start_end_with_3(machines: Machines) -> None:
    machines.runners = {name: BrokenRunner("Kernel panic") for name in ("from", "to")}
    assert rebase(after="old.bzImage").status == Exit.FAILED


def test_cases_that_one_has_not_run_end_with_4(machines: Machines) -> None:
    machines.runners = {"to": FakeRunner([FILE])}
    done = rebase(after="old.bzImage")
    assert (done.status, "lost evidence" in done.out) == (Exit.INCOMPLETE, True), done


def test_what_is_accepted_for_the_newer_kernel_ends_with_0(machines: Machines) -> None:
    machines.runners = {"to": FakeRunner(NAMES, LACKING)}
    Path("expectations/to.toml").write_text(
        f'[[explained]]\ncase = "{QUEUE}"\nverdict = "missing"\nreason = "nobody has them"\n'
    )
    done = rebase()
    assert (done.status, "accepted: nobody has them" in done.out) == (Exit.EXPECTED, True), done


@pytest.mark.parametrize(("form", "begin"), [("markdown", "### Rebase: "), ("json", "{"), ("junit", "<?xml")])
def test_it_is_printed_as_it_was_asked_for(machines: Machines, form: str, begin: str) -> None:
    machines.runners = {"to": FakeRunner(NAMES, LACKING)}
    done = rebase("--format", form)
    assert (done.status, done.out.startswith(begin)) == (Exit.UNEXPECTED, True)


def test_what_has_moved_of_the_machine_is_shown_and_judges_nothing(machines: Machines) -> None:
    machines.facts = {"taint": ["4096"]}
    done = rebase(after="old.bzImage")
    assert done.status == Exit.EXPECTED
    assert "Machine, as it was booted:\n  taint:\n    - 0\n    + 4096\n" in done.out
    assert json.loads(Path("out/rebase.json").read_text())["machine"][0]["after"] == ["4096"]
    machines.facts = {"taint": ["0"]}
    assert rebase("-o", "other", after="old.bzImage").out == "nothing will be noticed\n"


# -- the same kernel once more


def asked(runner: Runner) -> list[str]:
    assert isinstance(runner, FakeRunner)
    return [case for guest in runner.guests for request in guest.channel.requests for case in request]


def test_a_later_gate_takes_over_what_the_first_kernel_did(machines: Machines, tmp_path: Path) -> None:
    assert rebase("-o", "runs/one", after="old.bzImage").status == Exit.EXPECTED
    assert asked(machines.runners["from"])
    machines.runners = {}
    done = rebase("-o", "runs/two")
    assert done.status == Exit.EXPECTED, done
    assert read_plan(Path("runs/two")).since == str(tmp_path / "runs/one")
    machines.runners = {}
    assert rebase("-o", "runs/three", "--anew").status == Exit.EXPECTED
    assert read_plan(Path("runs/three")).since == ""


# -- surroundings


def test_both_kernels_have_the_surroundings_of_wsl2_where_one_has_its_configuration(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rebase().status == Exit.EXPECTED
    assert [set(each.options) for each in machines.targets.values()] == [{"kernel"}] * 2
    monkeypatch.setattr("runners.kernels.config.HALLMARKS", {"POSIX_MQUEUE": "y"})
    assert rebase("-o", "other").status == Exit.EXPECTED
    for each in machines.targets.values():
        assert (each.options["commandline"], each.options["preload"]) == ("nr_cpus=2", "tun")
    assert [Path(str(each.options["kernel"])).name for each in machines.targets.values()] == [
        "old.bzImage",
        "new.bzImage",
    ]


# -- bad input


def broken(folder: Path, what: str) -> str:
    path = folder / "broken.bzImage"
    if what == "no kernel":
        path.write_text("#!/bin/sh\n")
    elif what == "cut off":
        image(path, whole=True)
        path.write_bytes(path.read_bytes()[:0x700])
    elif what == "empty":
        path.touch()
    elif what == "empty directory":
        path.mkdir()
    elif what == "modules of another":
        path.mkdir()
        image(path / "bzImage", "6.18.15", whole=True)
        (path / "lib/modules/6.6.36").mkdir(parents=True)
    return str(path)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("absent", "cannot be read: No such file or directory; name another one"),
        ("no kernel", "is not a Linux kernel image (no bzImage header)"),
        ("empty", "is not a Linux kernel image (no bzImage header)"),
        ("cut off", "cannot be booted: the kernel proper is not where it should lie in it; take a whole one"),
        ("empty directory", "should have one image, vmlinuz* or bzImage*, and has none"),
        ("modules of another", "has the modules of 6.6.36, and the kernel is 6.18.15; give those that belong to it"),
    ],
)
@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.usefixtures("machines")
def test_what_is_no_kernel_is_one_sentence_and_usage(side: str, what: str, said: str, tmp_path: Path) -> None:
    done = rebase(**{side: broken(tmp_path, what)})
    assert done.status == Exit.USAGE, done
    assert is_one_sentence(done.err.splitlines()[-1]), done.err
    assert said in done.err
    assert not Path("out").exists()


@pytest.mark.usefixtures("machines")
def test_a_target_without_a_kernel_of_its_own_is_refused() -> None:
    done = rebase(before="native")
    assert done.status == Exit.USAGE
    assert "--from native: the target native boots no kernel of its own; name one that does, or an image" in done.err


@pytest.mark.usefixtures("machines")
def test_a_version_that_is_not_here_is_told_with_what_brings_it() -> None:
    done = rebase(before="wsl2:6.6")
    assert done.status == Exit.FAILED
    assert "conformance kernels fetch wsl2:6.6" in done.err


def test_an_image_without_a_configuration_is_run_all_the_same_and_one_can_be_given(machines: Machines) -> None:
    Path("new.config").unlink()
    machines.runners = {"to": FakeRunner(NAMES, LACKING)}
    done = rebase()
    assert done.status == Exit.UNEXPECTED
    assert "cause: unknown" in done.out
    assert "the configuration of new.bzImage is not known: " in done.out
    Path("mine").write_text("# CONFIG_POSIX_MQUEUE is not set\nCONFIG_X=y\n")
    done = rebase("-o", "other", "--to-config", "mine")
    assert "cause: CONFIG_POSIX_MQUEUE=y → n" in done.out


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize("content", [None, "nothing of a configuration"])
def test_a_configuration_that_is_none_is_told(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "mine").write_text(content)
    done = rebase("--from-config", "mine")
    assert done.status == Exit.USAGE
    assert "name another file" in done.err


@pytest.mark.usefixtures("machines")
def test_no_case_is_usage() -> None:
    done = rebase("-k", "nothing_is_called_so")
    assert done.status == Exit.USAGE, done
