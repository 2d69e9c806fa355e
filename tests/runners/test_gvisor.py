from __future__ import annotations

import os
from pathlib import Path

import pytest

from runners import gvisor
from runners.base import RunnerError
from runners.gvisor import GvisorRunner, examine, go_panic

FLAGS = "  -overlay2 value\n    \twrap\n  -platform string\n    \tspecifies which platform to use: {platforms}\n"


def build(folder: Path, version: str, platforms: str, name: str = "runsc") -> Path:
    """A program that says what a runsc says of itself."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    flags = FLAGS.format(platforms=platforms)
    path.write_text(
        f"#!/bin/sh\ncase $1 in\n--version) echo 'runsc version {version}'; echo 'spec: 1.0.2';;\n"
        f"flags) printf '%s' '{flags}' >&2;;\nesac\n"
    )
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "release"),
    [
        ("0.0~20240729.0", "20240729"),
        ("0.0~20221219.0", "20221219"),
        ("release-20240729.0", "20240729"),
        ("release-20240729.1", "20240729.1"),
        ("release-20240729.0-12-gabcdef", "20240729"),
        ("VERSION_MISSING", "VERSION_MISSING"),
    ],
)
def test_a_build_is_known_by_its_release(tmp_path: Path, version: str, release: str) -> None:
    assert examine(str(build(tmp_path, version, "systrap (default), ptrace, kvm"))).release == release


def test_platforms_are_those_that_a_build_knows(tmp_path: Path) -> None:
    new = examine(str(build(tmp_path, "0.0~20240729.0", "systrap (default), ptrace, kvm.")))
    old = examine(str(build(tmp_path, "0.0~20221219.0", "ptrace (default), kvm.", "old")))
    assert (new.platforms, old.platforms) == (("systrap", "ptrace"), ("ptrace",))
    assert (new.knows_platform("kvm"), old.knows_platform("systrap")) == (True, False)
    assert new.has("overlay2")
    assert not new.has("overlay")


def test_a_build_that_is_replaced_in_its_place_is_asked_again(tmp_path: Path) -> None:
    path = build(tmp_path, "0.0~20221219.0", "ptrace")
    assert examine(str(path)).release == "20221219"
    build(tmp_path, "release-20240729.0", "systrap, ptrace")
    assert examine(str(path)).release == "20240729"


@pytest.mark.parametrize(
    ("binary", "told"),
    [
        (
            "/no/such/runsc",
            "there is no runsc at /no/such/runsc: give the path of one with `binary` in targets.toml or",
        ),
        ("runsc-of-no-name", "runsc is not installed: run `conformance doctor --install`"),
        ("/bin/true", "/bin/true is no runsc"),
    ],
)
def test_what_is_no_runsc_is_told_with_what_to_do(binary: str, told: str) -> None:
    said = GvisorRunner("old", binary).missing()
    assert said is not None
    assert said.startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("#!/bin/sh\nexec sleep 1000\n", "did not say its version within 0.2 seconds; give another runsc"),
        ("#!/no/such/interpreter\n", "is no runsc: it does not say its version; give another one"),
        ("nonsense", "is no runsc: it does not say its version; give another one"),
    ],
    ids=["hangs", "no-interpreter", "no-program"],
)
def test_what_cannot_say_its_version_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    monkeypatch.setattr(gvisor, "ASK_SECONDS", 0.2)
    (tmp_path / "runsc").write_text(text)
    (tmp_path / "runsc").chmod(0o755)
    said = GvisorRunner("old", str(tmp_path / "runsc")).missing()
    assert said == f"{tmp_path}/runsc {told}"


def test_a_platform_that_a_build_does_not_know_is_told(tmp_path: Path) -> None:
    said = GvisorRunner("old", str(build(tmp_path, "0.0~20221219.0", "ptrace, kvm.")), "systrap").missing()
    assert said is not None
    assert said.startswith("runsc 0.0~20221219.0 has no platform systrap: write platform = 'ptrace' in targets.toml")


def test_a_sandbox_is_tried_on_the_platform_that_was_asked_for_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def refuse(runsc: gvisor.Runsc, platform: str, name: str, memory: int) -> None:
        tried.append((platform, name, memory))
        raise RunnerError("no")

    monkeypatch.setattr(gvisor, "GvisorGuest", refuse)
    binary = str(build(tmp_path, "0.0~20240729.0", "systrap, ptrace"))
    for platform in (None, "ptrace"):
        with pytest.raises(RunnerError):
            GvisorRunner("here", binary, platform, 300).open()
    assert tried == [("systrap", "here", 300), ("ptrace", "here", 300), ("ptrace", "here", 300)]


@pytest.mark.skipif(os.geteuid() != 0, reason="without root, that is what is missing")
def test_a_build_that_can_run_lacks_nothing(tmp_path: Path) -> None:
    assert GvisorRunner("here", str(build(tmp_path, "0.0~20240729.0", "systrap, ptrace"))).missing() is None


PANIC = """panic: User workload triggered a panic via afs_syscall. This panic is intentional.

goroutine 43 gp=0xc000157dc0 m=11 mp=0xc000561008 [running]:
panic({0x10e5ea0?, 0x1574e80?})
	runtime/panic.go:779 +0x158 fp=0xc00038f940 sp=0xc00038f890 pc=0x43ca98
gvisor.dev/gvisor/pkg/sentry/syscalls/linux.AFSSyscall(0xc000479508?, 0xc00038f9f8?, {{0x7ebef1618530}})
	gvisor.dev/gvisor/pkg/sentry/syscalls/linux/sys_afs_syscall.go:40 +0x45 fp=0xc00038f960
gvisor.dev/gvisor/pkg/sentry/kernel.(*Task).executeSyscall(0xc000479508, 0xb7, {{0x7ebef1618530}})
"""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            PANIC,
            "panic: User workload triggered a panic via afs_syscall. This panic is intentional., in linux.AFSSyscall",
        ),
        (
            "fatal error: stack overflow\n\ngoroutine 1:\ngvisor.dev/gvisor/pkg/sentry/mm.(*MemoryManager).x(0x1)\n",
            "fatal error: stack overflow, in mm.(*MemoryManager).x",
        ),
        ("panic: nothing more\n", "panic: nothing more"),
        ("no panic: at all\n", ""),
        ("", ""),
    ],
)
def test_a_panic_of_the_sandbox_is_its_message_and_its_function(said: str, told: str) -> None:
    assert go_panic(said) == told
