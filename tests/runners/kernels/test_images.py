from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.kernels import images, microsoft
from runners.kernels.images import build_wsl2, debian, find, labelled, wsl2
from runners.kernels.kernel import Kernel
from tests import packages
from tests.kernels import image
from tests.programs import put


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without WSL2's kernel, with a cache of its own."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(images.WSL2_VARIABLE, raising=False)
    monkeypatch.setattr(images, "WINDOWS_KERNELS", (str(tmp_path / "windows"),))
    return tmp_path


# Images


def test_an_image_is_given_by_its_path(tmp_path: Path) -> None:
    path = image(tmp_path / "bzImage")
    assert find(str(path)) == Kernel(path, "6.1.0-56-cloud-amd64", "the image bzImage that was given")


# WSL2's


@pytest.mark.parametrize(
    ("release", "label"),
    [
        ("5.15.153.1-microsoft-standard-WSL2", ""),
        ("6.1.21.1-wsl2-config", "wsl2 (given)"),
        ("6.12.117+deb12-cloud-amd64", "wsl2 (given)"),
    ],
)
def test_what_carries_no_configuration_is_known_by_its_release_alone(tmp_path: Path, release: str, label: str) -> None:
    """And is never said to have WSL2's configuration, whatever it is called."""
    kernel = labelled(Kernel(image(tmp_path / "x"), release, "origin"))
    assert kernel.label == label
    assert (
        "its configuration is WSL2's is not known" in kernel.origin or "its configuration is not known" in kernel.origin
    )


def test_a_label_that_is_there_stays(tmp_path: Path) -> None:
    assert labelled(Kernel(tmp_path / "x", "6.1", "origin", label="mine")) == Kernel(
        tmp_path / "x", "6.1", "origin", label="mine"
    )


def test_the_environment_comes_before_windows_and_windows_before_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tmp_path / "cache" / "kernels" / f"wsl2-{images.WSL2_SERIES}"
    built.mkdir(parents=True)
    image(built / "bzImage", "6.1.187-wsl2-built")
    shutil.copy(images.CONFIGS / "wsl2-6.1.config", built / "config")
    assert (wsl2().release, wsl2().label) == ("6.1.187-wsl2-built", "wsl2 (config)")
    image(tmp_path / "windows", "5.15.1-microsoft-standard-WSL2")
    assert (wsl2().release, wsl2().label) == ("5.15.1-microsoft-standard-WSL2", "")
    given = image(tmp_path / "given", "6.6.0-wsl2-given")
    monkeypatch.setenv(images.WSL2_VARIABLE, str(given))
    assert find("wsl2").release == "6.6.0-wsl2-given"


def test_it_is_known_whether_there_is_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is of no use: who gives it is to be told, and nothing is fetched in its place."""
    assert not images.is_wsl2_here()
    monkeypatch.setenv(images.WSL2_VARIABLE, str(tmp_path / "absent"))
    assert images.is_wsl2_here()
    monkeypatch.delenv(images.WSL2_VARIABLE)
    monkeypatch.setattr(images, "WINDOWS_KERNELS", (str(tmp_path),))
    assert images.is_wsl2_here()
    monkeypatch.setattr(images, "WINDOWS_KERNELS", ())
    fetched(tmp_path, "6.18.33.2-2")
    assert images.is_wsl2_here()


def test_without_any_the_ways_to_get_one_are_told() -> None:
    with pytest.raises(
        RunnerError,
        match=r"--kernel wsl2=PATH or CONFORMANCE_WSL2_KERNEL, fetch Microsoft's with `conformance kernels fetch wsl2`"
        r", or build one .* `conformance kernels build wsl2`",
    ):
        wsl2()


def fetched(tmp_path: Path, version: str) -> Kernel:
    """A kernel that is in the cache as if it had been fetched."""
    made = packages.package(tmp_path / "packages", version, f"{version.partition('-')[0]}-microsoft-standard-WSL2")
    return microsoft.take_from(made, version, lambda *_: None)[1]


def test_what_was_fetched_comes_before_a_build_and_the_newest_of_it_first(tmp_path: Path) -> None:
    built = tmp_path / "cache" / "kernels" / f"wsl2-{images.WSL2_SERIES}"
    built.mkdir(parents=True)
    image(built / "bzImage", "6.1.187-wsl2-built")
    old, new = fetched(tmp_path, "6.6.123.2-1"), fetched(tmp_path, "6.18.33.2-2")
    assert wsl2().image == find("wsl2").image == new.image
    assert wsl2().modules == new.modules
    assert find("wsl2:6.6").image == old.image
    assert find("wsl2:6.1").release == "6.1.187-wsl2-built"


def test_a_version_that_is_not_here_is_told_with_what_brings_it(tmp_path: Path) -> None:
    fetched(tmp_path, "6.18.33.2-2")
    with pytest.raises(
        RunnerError,
        match=r"the cache has no kernel 6\.6 of WSL2's; what it has is 6\.18\.33\.2-2; fetch it with "
        r"`conformance kernels fetch wsl2:6\.6`",
    ):
        find("wsl2:6.6")


@pytest.mark.parametrize(
    ("source", "is_one"),
    [("wsl2", True), ("wsl2:6.18", True), ("debian:6.1", False), ("/tmp/wsl2", False), ("wsl2x", False)],
)
def test_the_kernels_of_wsl2_are_told_from_others(source: str, *, is_one: bool) -> None:
    assert images.is_wsl2s(source) is is_one


def test_a_build_needs_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunnerError, match=r"gcc, make, bc, flex, bison is needed to build a kernel; apt install gcc"):
        build_wsl2(lambda stage, done: None)


# Debian's


@pytest.mark.parametrize("series", ["6", "six", "6.1.0/", "6.1.", "", "../6.1", "6.1.0-*"])
def test_a_series_is_two_numbers_or_a_release_or_newest(series: str) -> None:
    with pytest.raises(
        RunnerError, match=r"names no kernel series; write debian:6\.1, debian:6\.12\.107 or debian:newest"
    ):
        debian(series)


def test_the_newest_package_of_the_first_suite_that_has_the_series_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = "linux-image-6.1.0-9-cloud-amd64 linux-image-6.1.0-56-cloud-amd64 linux-image-6.12.9-cloud-amd64"
    put(monkeypatch, tmp_path / "bin", {"apt-get": "exit 0", "apt-cache": f"printf '%s\\n' {names} linux-image-amd64"})
    suite, package, parts = images._find_debian("6.1")
    assert (suite.name, package, parts) == ("bookworm", "linux-image-6.1.0-56-cloud-amd64", [package])
    suite, package, _ = images._find_debian("newest")
    assert (suite.name, package) == ("sid", "linux-image-6.12.9-cloud-amd64")
    with pytest.raises(RunnerError, match=r"no Debian suite of bookworm, .* has a cloud kernel 5\.4; try debian:6\.1"):
        images._find_debian("5.4")


def test_a_series_that_only_backports_have_is_found_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    has = 'case "$*" in */apt/trixie-backports/*) echo linux-image-6.16.3+deb13-cloud-amd64;; esac'
    put(monkeypatch, tmp_path / "bin", {"apt-get": "exit 0", "apt-cache": has})
    suite, package, _ = images._find_debian("6.16")
    assert (suite.name, package) == ("trixie-backports", "linux-image-6.16.3+deb13-cloud-amd64")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("6.12", "6.12.107+deb12.1"),
        ("6.12.107", "6.12.107+deb12.1"),
        ("6.12.107+deb12", "6.12.107+deb12"),
        ("6.12.10", "6.12.10+deb12"),
        ("6.1", "6.1.0-56"),
        ("6.1.0-5", "6.1.0-5"),
    ],
)
def test_a_release_is_named_as_far_as_anybody_likes(
    wanted: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has = ("6.1.0-5", "6.1.0-56", "6.12.10+deb12", "6.12.107+deb12", "6.12.107+deb12.1", "6.12")
    said = " ".join(f"linux-image-{each}-cloud-amd64" for each in has)
    put(monkeypatch, tmp_path / "bin", {"apt-get": "exit 0", "apt-cache": f"printf '%s\\n' {said}"})
    assert images._find_debian(wanted)[1] == f"linux-image-{found}-cloud-amd64"


def test_a_kernel_that_the_archive_has_without_its_modules_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As trixie-backports has most of 6.19 to 7.1."""
    apart = [f"linux-{part}-7.2.9-cloud-amd64" for part in ("base", "binary", "image", "modules")]
    said = " ".join(["linux-image-7.2.12-cloud-amd64", "linux-binary-7.2.12-cloud-amd64", *apart])
    said += " linux-image-7.1.3-cloud-amd64 linux-binary-7.1.3-cloud-amd64"
    put(monkeypatch, tmp_path / "bin", {"apt-get": "exit 0", "apt-cache": f"printf '%s\\n' {said}"})
    _, package, parts = images._find_debian("7.2")
    assert package == "linux-image-7.2.9-cloud-amd64"
    assert parts == [name for name in apart if "image" not in name]
    with pytest.raises(RunnerError, match=r"no modules for linux-image-7\.1\.3-cloud-amd64, and without them"):
        images._find_debian("7.1")


@pytest.mark.parametrize("place", ["lib/modules/6.1.0", "usr/lib/modules/6.1.0"])
def test_modules_of_either_layout_are_found(tmp_path: Path, place: str) -> None:
    (tmp_path / place / "kernel").mkdir(parents=True)
    assert images._modules_in(tmp_path, "6.1.0", "linux-image-x") == tmp_path / "lib/modules/6.1.0"
    assert (tmp_path / "lib/modules/6.1.0/kernel").is_dir()


def test_an_archive_without_the_modules_of_an_image_is_told(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/modules/6.19.14").mkdir(parents=True)
    with pytest.raises(RunnerError, match="no modules for linux-image-x, and without them"):
        images._modules_in(tmp_path, "6.19.14", "linux-image-x")


def test_a_kernel_that_was_fetched_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(series: str, into: Path) -> None:
        image(into / "vmlinuz", f"{series}.0-1-cloud-amd64")
        (into / "package").write_text("linux-image-x 1.0\n")
        (into / "root").mkdir()

    monkeypatch.setattr(images, "_fetch_debian", fetch)
    first = find("debian:6.1")
    monkeypatch.setattr(images, "_fetch_debian", None)
    assert debian("6.1") == first
    assert (first.release, first.origin) == ("6.1.0-1-cloud-amd64", "Debian's package linux-image-x 1.0")
    assert first.modules
    assert first.modules.is_dir()
