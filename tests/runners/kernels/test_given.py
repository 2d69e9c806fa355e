from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.kernels.config import of
from runners.kernels.given import from_path, whole
from runners.kernels.kernel import Kernel
from tests.kernels import image

RELEASE = "6.18.15-wsl2-config"
TREE = f"lib/modules/{RELEASE}"
MODULES = {
    f"{TREE}/modules.dep": b"kernel/net/tun.ko:\n",
    f"{TREE}/modules.builtin": b"kernel/net/core/x.ko\n",
    f"{TREE}/kernel/net/tun.ko": b"\0vermagic=6.18.15-wsl2-config SMP \0",
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def archive(path: Path, files: Mapping[str, bytes], *others: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:xz") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
        for other in others:
            made.addfile(other)
    return path


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, to
    return made


def given(folder: Path, files: Mapping[str, bytes] = MODULES, *others: tarfile.TarInfo) -> Path:
    """An image with its modules beside it."""
    archive(folder / "k.modules.tar.xz", files, *others)
    return image(folder / "k.bzImage", RELEASE)


def files_in(kernel: Kernel) -> dict[str, bytes]:
    assert kernel.modules is not None
    return {
        path.relative_to(kernel.modules).as_posix(): path.read_bytes()
        for path in kernel.modules.rglob("*")
        if path.is_file()
    }


def test_an_image_alone_stays_where_it_is(tmp_path: Path) -> None:
    path = image(tmp_path / "bzImage")
    assert from_path(path) == Kernel(path, "6.1.0-56-cloud-amd64", "the image bzImage that was given")


def test_an_image_brings_along_the_modules_and_the_configuration_beside_it(tmp_path: Path) -> None:
    path = given(tmp_path)
    (tmp_path / "k.config").write_text("CONFIG_TUN=m\n")
    found = from_path(path)
    assert files_in(found) == MODULES
    assert found.tree == found.image.with_name("root") / TREE
    assert of(found.image).get("TUN") == "m"
    assert found.image.read_bytes() == path.read_bytes()
    assert "the image k.bzImage that was given, with its modules and configuration (" in found.origin


def test_what_is_beside_an_image_is_unpacked_once_and_anew_when_it_has_changed(tmp_path: Path) -> None:
    path = given(tmp_path)
    first = from_path(path)
    (first.image.parent / "mark").touch()
    assert (from_path(path).image.parent / "mark").exists()
    other = given(tmp_path, {**MODULES, f"{TREE}/modules.order": b"x"})
    assert from_path(other).image != first.image
    assert from_path(other).origin != first.origin


def test_a_directory_has_an_image_its_modules_and_its_configuration(tmp_path: Path) -> None:
    image(tmp_path / f"vmlinuz-{RELEASE}", RELEASE)
    (tmp_path / f"config-{RELEASE}").write_text("CONFIG_TUN=m\n")
    for name, content in MODULES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / TREE / "build").symlink_to("/usr/src")
    found = from_path(tmp_path)
    assert (found.release, files_in(found), of(found.image).get("TUN")) == (RELEASE, MODULES, "m")
    os.utime(tmp_path / TREE / "modules.dep", (1, 1))
    assert from_path(tmp_path).image != found.image


def test_a_directory_without_an_image_or_with_two_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match=r"should have one image, vmlinuz\* or bzImage\*, and has none; name the"):
        from_path(tmp_path)
    image(tmp_path / "vmlinuz")
    image(tmp_path / "bzImage")
    with pytest.raises(RunnerError, match=r"and has bzImage, vmlinuz; name the image itself"):
        from_path(tmp_path)


def test_modules_of_another_release_are_told(tmp_path: Path) -> None:
    path = given(tmp_path, {name.replace("6.18.15", "6.6.36"): content for name, content in MODULES.items()})
    with pytest.raises(
        RunnerError,
        match=r"has the modules of 6\.6\.36-wsl2-config, and the kernel is 6\.18\.15-wsl2-config; give those",
    ):
        from_path(path)
    path.rename(tmp_path / "bzImage")
    (tmp_path / "lib/modules/6.6.36").mkdir(parents=True)
    with pytest.raises(RunnerError, match=r"has the modules of 6\.6\.36, and the kernel is 6\.18\.15-wsl2-config"):
        from_path(tmp_path)


def test_modules_that_say_another_release_of_themselves_are_told(tmp_path: Path) -> None:
    path = given(tmp_path, {**MODULES, f"{TREE}/kernel/net/tun.ko": b"\0vermagic=6.6.1 SMP \0"})
    with pytest.raises(RunnerError, match=r"has the modules of 6\.6\.1, and the kernel is 6\.18\.15-wsl2-config"):
        from_path(path)


@pytest.mark.parametrize(
    "name", ["../../../../evil", f"/{TREE}/evil", f"lib/modules/../modules/{RELEASE}/evil", f"{TREE}/../../../../evil"]
)
def test_a_name_that_leads_elsewhere_is_left_out(tmp_path: Path, name: str) -> None:
    found = from_path(given(tmp_path, {**MODULES, name: b"x"}))
    assert files_in(found) == MODULES
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_what_is_no_file_is_left_out(tmp_path: Path, kind: bytes) -> None:
    found = from_path(given(tmp_path, MODULES, link(f"{TREE}/kernel/net/evil", str(tmp_path / "there"), kind)))
    assert files_in(found) == MODULES
    assert found.tree is not None
    assert [path.name for path in (found.tree / "kernel/net").iterdir()] == ["tun.ko"]


def test_a_link_is_not_followed_by_what_comes_behind_it(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    with tarfile.open(tmp_path / "k.modules.tar.xz", "w:xz") as made:
        made.addfile(link(f"{TREE}/kernel", str(victim)))
        for name, content in MODULES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    assert files_in(from_path(image(tmp_path / "k.bzImage", RELEASE))) == MODULES
    assert not list(victim.iterdir())


def test_lists_that_name_what_is_elsewhere_are_told(tmp_path: Path) -> None:
    path = given(tmp_path, {**MODULES, f"{TREE}/modules.dep": b"../../../etc/passwd:\n"})
    with pytest.raises(RunnerError, match=r"names \.\./\.\./\.\./etc/passwd, which is not in it"):
        from_path(path)


def test_an_archive_that_is_cut_off_or_damaged_is_told(tmp_path: Path) -> None:
    path = given(tmp_path, {**MODULES, f"{TREE}/kernel/x.ko": os.urandom(100_000)})
    packed = tmp_path / "k.modules.tar.xz"
    whole_archive = packed.read_bytes()
    for damaged in (whole_archive[:-50_000], b"\xfd7zXZ\0" + b"x" * 500, b""):
        packed.write_bytes(damaged)
        with pytest.raises(RunnerError, match=r"cannot be unpacked, it is damaged or cut off: .*; take a whole one"):
            from_path(path)


def test_an_archive_with_too_much_in_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runners.kernels.given.MOST", 2)
    with pytest.raises(RunnerError, match="has more in it than the modules of a kernel"):
        from_path(given(tmp_path))


def test_lists_that_are_wanting_are_made(tmp_path: Path) -> None:
    """By depmod(8), of modules that it can read; of this one it says nothing, and lists it."""
    files = {name: content for name, content in MODULES.items() if not name.endswith("modules.dep")}
    elf = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x01\0\x3e\0\x01\0\0\0" + bytes(40)
    found = from_path(given(tmp_path, {**files, f"{TREE}/kernel/net/tun.ko": elf, f"{TREE}/modules.order": b""}))
    assert found.tree is not None
    assert (found.tree / "modules.dep").exists()


def test_a_release_that_could_be_a_path_has_no_modules(tmp_path: Path) -> None:
    archive(tmp_path / "k.modules.tar.xz", MODULES)
    with pytest.raises(RunnerError, match="does not say its release"):
        from_path(image(tmp_path / "k.bzImage", "../../etc"))


def test_an_image_that_is_cut_off_is_not_whole(tmp_path: Path) -> None:
    path = image(tmp_path / "bzImage", whole=True)
    whole(from_path(path))
    path.write_bytes(path.read_bytes()[:-0x7800])
    with pytest.raises(RunnerError, match=r"cannot be booted: the kernel proper is not where it should lie in it"):
        whole(from_path(path))
