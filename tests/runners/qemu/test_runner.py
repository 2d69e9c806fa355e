"""What of the runner needs no machine; what opens guests is in `tests/integration/test_guests.py`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.model import Answers, Target
from runners.base import RunnerError
from runners.declaration import Way
from runners.kernels import images, microsoft
from runners.kernels.images import WSL2, WSL2_VARIABLE
from runners.kernels.kernel import Kernel
from runners.qemu import runner as module
from runners.qemu.accelerator import Accelerator
from runners.qemu.machine import CPUS, MEMORY_MIB, SHIPPED, Size
from runners.qemu.runner import DECLARATION, QemuRunner, whole_kernel
from runners.qemu.surroundings import NONE, Surroundings

KERNEL = DECLARATION.options["kernel"]
AROUND = Surroundings("a=1 b", ("tun", "ip_tables"))


def opened_by(target: Target, way: Way, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """What guests of a target are made of: the class, the size, and whether it boots in any case."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr(module, "find", lambda source: Kernel(Path(source), "6.1.0", "a test"))
    monkeypatch.setattr(module, "accelerator", lambda: None)
    monkeypatch.setattr(module, "BareGuest", lambda kernel, _, *how: found.append(("bare", kernel.image.name, *how)))
    monkeypatch.setattr(
        module,
        "QemuGuest",
        lambda kernel, _, size, shelf, around: found.append(("whole", kernel.image.name, size, shelf is None, around)),
    )
    DECLARATION.runner(target, way).open()
    return found[0]


@pytest.mark.parametrize(
    ("options", "way", "opened"),
    [
        ({}, Way(), ("whole", "image", Size(MEMORY_MIB, CPUS), False, NONE)),
        ({"memory": 512, "cpus": 1}, Way(cold=True), ("whole", "image", Size(512, 1), True, NONE)),
        ({}, Way(bare=True), ("bare", "image", Size(MEMORY_MIB, CPUS), NONE)),
        ({"commandline": " a=1 b ", "preload": "tun ip-tables"}, Way(), ("whole", "image", SHIPPED, False, AROUND)),
        ({"commandline": "a=1 b", "preload": "tun ip_tables"}, Way(bare=True), ("bare", "image", SHIPPED, AROUND)),
    ],
)
def test_a_target_s_options_and_the_command_s_way_make_its_guests(
    options: dict[str, str | int], way: Way, opened: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target("lts", "qemu", options={"kernel": "image", **options})
    assert opened_by(target, way, monkeypatch) == opened


def test_a_target_without_a_kernel_has_no_runner() -> None:
    assert (DECLARATION.name, DECLARATION.answers) == ("qemu", Answers.KERNEL)
    with pytest.raises(ValueError, match="the target lts has no kernel"):
        DECLARATION.runner(Target("lts", "qemu"), Way())


def test_a_kernel_of_the_command_line_is_the_same_in_any_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert whole_kernel("image") == str(tmp_path.resolve() / "image")
    assert whole_kernel("debian:6.12") == "debian:6.12"
    assert whole_kernel("wsl2:6.18") == "wsl2:6.18"


def test_the_environment_gives_the_image_for_wsl2_s_kernel_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(WSL2_VARIABLE, raising=False)
    assert KERNEL.from_environment(WSL2) is None
    monkeypatch.setenv(WSL2_VARIABLE, "image")
    assert KERNEL.from_environment(WSL2) == str(tmp_path.resolve() / "image")
    assert KERNEL.from_environment("debian:6.1") is None


def test_the_first_thing_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"apt-get", "dpkg-deb", "depmod", "modprobe"}
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "qemu-system-x86_64 is not installed" in (QemuRunner("debian:6.1").missing() or "")
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module, "which", lambda name: name if name in there else None)
    assert QemuRunner("debian:6.1").missing() is None
    there.remove("depmod")
    assert (QemuRunner("debian:6.1").missing() or "").startswith("depmod is not installed")


def test_an_image_that_cannot_be_booted_is_missing_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(source: str) -> Kernel:
        raise RunnerError(f"{source} is no kernel")

    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module, "find", fails)
    assert QemuRunner("/boot/x").missing() == "/boot/x is no kernel"


def test_only_a_build_for_wsl2_is_labelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find", lambda source: Kernel(Path(source), "6.1.0", "a test"))
    monkeypatch.setattr(
        module, "labelled", lambda kernel: Kernel(kernel.image, "6.1.0", "a test", label="wsl2 (config)")
    )
    assert QemuRunner("x", wsl2=True)._find().label == "wsl2 (config)"
    assert QemuRunner("x")._find().label == ""


def test_a_kernel_that_cannot_be_found_is_a_runner_error(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="absent"):
        QemuRunner(str(tmp_path / "absent")).open()


def test_what_is_known_of_a_kernel_of_wsl2_s_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """`find` says it of those; Microsoft's have no label by which it could be known that it was."""
    monkeypatch.setattr(images, "labelled", lambda kernel: replace(kernel, origin=f"{kernel.origin}; Microsoft's"))
    monkeypatch.setattr(module, "labelled", images.labelled)
    monkeypatch.setattr(microsoft, "find", lambda _="": Kernel(Path("x"), "6.18.33.2-microsoft", "a package"))
    monkeypatch.setattr(microsoft, "here", lambda: ["6.18.33.2-2"])
    monkeypatch.setattr(images, "WINDOWS_KERNELS", ())
    monkeypatch.delenv(WSL2_VARIABLE, raising=False)
    for source in ("wsl2", "wsl2:6.18"):
        runner = DECLARATION.runner(Target("wsl2", "qemu", options={"kernel": source}), Way())
        assert isinstance(runner, QemuRunner)
        assert runner._find().origin == "a package; Microsoft's"


def test_a_kernel_whose_modules_nobody_could_load_is_missing_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(module, "which", lambda _: None)
    monkeypatch.setattr(module, "find", lambda source: Kernel(Path(source), "6.1.0", "a test"))
    assert QemuRunner("x").missing() is None
    monkeypatch.setattr(module, "find", lambda source: Kernel(Path(source), "6.1.0", "a test", modules=tmp_path))
    assert (QemuRunner("x").missing() or "").startswith("modprobe is not installed")


def test_what_is_around_a_kernel_is_said_of_its_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "accelerator", lambda: Accelerator("tcg", 10.0, "TCG: a test"))
    assert QemuRunner("x").describe() == ["kernel from x", "TCG: a test"]
    assert QemuRunner("x", surroundings=AROUND).describe()[2:] == [
        "command line: a=1 b",
        "modules to load beforehand: tun, ip_tables",
    ]


def test_wsl2s_kernel_is_lacking_where_a_guest_could_be_had_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = {"qemu-system-x86_64"}
    monkeypatch.setattr("shutil.which", lambda name: name if name in programs else None)
    monkeypatch.setattr(module, "is_wsl2_here", lambda: False)
    monkeypatch.setattr(microsoft, "to_bring", lambda: "a kernel")
    assert [QemuRunner(source).lacking() for source in (WSL2, "wsl2:6.18", "debian:6.1")] == ["a kernel", "", ""]
    monkeypatch.setattr(module, "is_wsl2_here", lambda: True)
    assert QemuRunner(WSL2).lacking() == ""
    monkeypatch.setattr(module, "is_wsl2_here", lambda: False)
    programs.clear()
    assert QemuRunner(WSL2).lacking() == ""


def test_what_is_lacking_is_the_newest_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(microsoft, "fetch", lambda version, _: asked.append(version))
    QemuRunner(WSL2).bring(lambda *_: None)
    assert asked == [""]
