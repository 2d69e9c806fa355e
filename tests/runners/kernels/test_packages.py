from __future__ import annotations

import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.kernels import packages as module
from runners.kernels.kernel import Foreign
from runners.kernels.packages import FOLDER, take
from tests.mounts import needs_root, on_small_disk
from tests.packages import installer, nuget
from tests.programs import put

KERNEL, DISK = b"a kernel" * 1000, os.urandom(100_000)
SIZE = struct.pack("<I", len(DISK))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """What is in packages."""
    (tmp_path / "kernel").write_bytes(KERNEL)
    (tmp_path / "modules.vhd").write_bytes(DISK)
    return {name: tmp_path / name for name in ("kernel", "modules.vhd")}


@pytest.fixture
def room(tmp_path: Path) -> Path:
    path = tmp_path / "room"
    path.mkdir()
    return path


def zipped(to: Path, members: dict[str, Path | bytes]) -> Path:
    """An archive of zip's kind."""
    with zipfile.ZipFile(to, "w") as archive:
        for name, what in members.items():
            archive.writestr(name, what if isinstance(what, bytes) else what.read_bytes())
    return to


# NuGet's


@pytest.mark.parametrize("disk", ["modules.vhd", "artifacts.vhd"])
def test_a_package_has_the_kernel_and_the_disk_of_this_processor(
    tmp_path: Path, files: dict[str, Path], room: Path, disk: str
) -> None:
    package = nuget(tmp_path / "nupkg", {"kernel": files["kernel"], disk: files["modules.vhd"]}, "6.18.33.2-2")
    taken = take(package, room)
    assert (taken.kernel.read_bytes(), taken.disk.read_bytes()) == (KERNEL, DISK)
    assert (taken.disk.name, taken.version) == (disk, "6.18.33.2-2")


@pytest.mark.parametrize("version", ["../../x", "6.1 and more", "<b>"])
def test_what_is_no_version_is_not_taken_for_one(
    tmp_path: Path, files: dict[str, Path], room: Path, version: str
) -> None:
    assert take(nuget(tmp_path / "nupkg", files, version), room).version == ""


def change(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        pytest.param(lambda data: data[: len(data) // 2], "is damaged or was cut off", id="cut off"),
        pytest.param(lambda data: b"", "is no .nupkg, .msi, .msix or .msixbundle, or not the beginning", id="empty"),
        pytest.param(lambda data: b"<html>" + data, "is no .nupkg, .msi", id="a page"),
        pytest.param(lambda data: data[:-4000] + data[-3000:], "is damaged", id="a hole"),
        pytest.param(lambda data: data[:3000] + b"!!" + data[3002:], "is damaged", id="other bytes"),
        pytest.param(lambda data: change(data, b"x64/kernel", b"x64/kernex"), "has neither build", id="no kernel"),
        pytest.param(
            lambda data: change(data, b"x64/modules", b"x64/moduleX"), "has neither modules.vhd", id="no disk"
        ),
        pytest.param(lambda data: change(data, SIZE, struct.pack("<I", 99)), "is damaged", id="a size"),
    ],
)
def test_a_package_that_is_damaged_or_foreign_is_told_in_a_sentence(
    tmp_path: Path, files: dict[str, Path], room: Path, damage: Callable[[bytes], bytes], said: str
) -> None:
    package = nuget(tmp_path / "x.nupkg", files)
    package.write_bytes(damage(package.read_bytes()))
    with pytest.raises(Foreign, match=rf"^x\.nupkg .*{said}"):
        take(package, room)


def test_a_kernel_that_unpacks_without_end_is_stopped(
    tmp_path: Path, files: dict[str, Path], room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_KERNEL", 1 << 20)
    files["kernel"].write_bytes(bytes(64 << 20))
    package = nuget(tmp_path / "nupkg", files)
    assert package.stat().st_size < 1 << 20
    with pytest.raises(Foreign, match="kernel in it is larger than 1 MiB"):
        take(package, room)
    assert (room / "kernel").stat().st_size <= module.CHUNK + (1 << 20)


@pytest.mark.parametrize("zip64", [False, True])
def test_a_list_of_names_that_fills_the_memory_is_not_read(tmp_path: Path, room: Path, *, zip64: bool) -> None:
    """zipfile keeps all of it in memory, as objects."""
    package = zipped(tmp_path / "x.nupkg", {"a": b""})
    data = bytearray(package.read_bytes())
    if zip64:  # APPNOTE 4.3.14 to 4.3.16
        record = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, 1 << 33, 0)
        locator = b"PK\6\7" + struct.pack("<IQI", 0, len(data) - 22, 1)
        data[-22:] = record + locator + data[-22:]
        struct.pack_into("<I", data, len(data) - 10, 0xFFFF_FFFF)
    else:
        struct.pack_into("<I", data, len(data) - 10, 1 << 30)
    package.write_bytes(data)
    with pytest.raises(Foreign, match="its list of names is longer than any package's"):
        take(package, room)


def test_an_archive_of_the_large_form_is_read(
    tmp_path: Path, files: dict[str, Path], room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which Windows' tools write always."""
    with monkeypatch.context() as patch:
        patch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
        package = nuget(tmp_path / "nupkg", files)
    assert b"PK\6\6" in package.read_bytes()
    assert take(package, room).kernel.read_bytes() == KERNEL


@pytest.mark.parametrize("how", ["packed", "locked"])
def test_what_packages_do_not_have_is_not_tried(tmp_path: Path, files: dict[str, Path], room: Path, how: str) -> None:
    package = tmp_path / "x.nupkg"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_LZMA if how == "packed" else zipfile.ZIP_STORED) as archive:
        for name, path in files.items():
            archive.write(path, FOLDER + name)
    if how == "locked":
        data = package.read_bytes()
        at = data.index(b"PK\1\2")
        package.write_bytes(data[: at + 8] + b"\1" + data[at + 9 :])
    with pytest.raises(Foreign, match=r"packed in a way that packages do not have|is damaged"):
        take(package, room)


@needs_root
def test_a_full_disk_is_not_taken_for_damage(tmp_path: Path, files: dict[str, Path], room: Path) -> None:
    package = nuget(tmp_path / "nupkg", files)

    def body() -> None:
        with pytest.raises(OSError, match="No space left"):
            take(package, room)

    on_small_disk(room, "64k", body)


# Installers


@pytest.fixture
def wixl() -> None:
    """What makes installers, and what reads them."""
    if not all(map(shutil.which, ("wixl", "msiinfo", "cabextract"))):
        lacking = "there is nothing that makes and reads installers: apt install wixl msitools cabextract"
        pytest.fail(lacking) if os.environ.get("CI") else pytest.skip(lacking)


@pytest.mark.usefixtures("wixl")
@pytest.mark.parametrize("around", ["msi", "msix", "msixbundle"])
def test_an_installer_has_them_as_well_and_so_has_what_is_around_one(
    tmp_path: Path, files: dict[str, Path], room: Path, around: str
) -> None:
    archive = installer(tmp_path / "wsl.msi", files)
    if around != "msi":
        archive = zipped(tmp_path / "wsl.msix", {"wsl.exe": b"MZ", "wsl.msi": archive})
    if around == "msixbundle":
        name = "Microsoft.WSL_2.6.3.0_{}.msix"
        archive = zipped(tmp_path / "wsl.msixbundle", {name.format("ARM64"): b"", name.format("x64"): archive})
    taken = take(archive, room)
    assert (taken.kernel.read_bytes(), taken.disk.read_bytes(), taken.version) == (KERNEL, DISK, "")


@pytest.mark.usefixtures("wixl")
@pytest.mark.parametrize("keep", [0.2, 0.5, 0.95])
def test_an_installer_that_was_cut_off_is_told_in_a_sentence(
    tmp_path: Path, files: dict[str, Path], room: Path, keep: float
) -> None:
    msi = installer(tmp_path / "wsl.msi", files)
    msi.write_bytes(msi.read_bytes()[: int(msi.stat().st_size * keep)])
    with pytest.raises(Foreign, match=r"^wsl\.msi .*(is damaged or was cut off|no cabinet of it has)"):
        take(msi, room)


@pytest.mark.usefixtures("wixl")
def test_an_installer_of_something_else_is_told_in_a_sentence(
    tmp_path: Path, files: dict[str, Path], room: Path
) -> None:
    other = installer(tmp_path / "other.msi", {"kernel": files["kernel"]})
    with pytest.raises(Foreign, match=r"no cabinet of it has kernel and modules\.vhd or artifacts\.vhd; it is damaged"):
        take(other, room)


def test_what_reads_installers_is_asked_for_no_name_but_ours(
    tmp_path: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cabinet may have files of any name, and as many as it likes."""
    (tmp_path / "wsl.msi").write_bytes(module.OLE)
    names = ("../../x", "/etc/passwd", "kernel", "modules.vhd")
    listing = "\n".join(f" 9 | 1.1.2026 0:00:00 | {name}" for name in names)
    put(
        monkeypatch,
        tmp_path / "bin",
        {
            "msiinfo": 'case "$*" in streams*) printf "../../a.cab\\n-x.cab\\ncab1.cab\\n";; *) printf %s "$*";; esac',
            "cabextract": f'case "$*" in *-l*) printf "%s\\n" "{listing}";; *) printf %s "$*";; esac',
        },
    )
    taken = take(tmp_path / "wsl.msi", room)
    assert (taken.kernel.read_text(), taken.disk.read_text()) == (
        "-q -p /dev/stdin -F kernel",
        "-q -p /dev/stdin -F modules.vhd",
    )
    assert (room / "cabinet").read_text() == "extract /dev/stdin cab1.cab"
    assert {path.name for path in room.iterdir()} == {"cabinet", "kernel", "modules.vhd"}


def test_without_the_programs_it_is_told_what_brings_them(
    tmp_path: Path, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wsl.msi").write_bytes(module.OLE)
    monkeypatch.setattr("runners.host.nobody.which", lambda name: None)
    with pytest.raises(RunnerError, match="msiinfo is needed to read an installer: apt install msitools cabextract"):
        take(tmp_path / "wsl.msi", room)


def test_a_package_in_a_package_is_not_followed_for_ever(tmp_path: Path, files: dict[str, Path], room: Path) -> None:
    archive = nuget(tmp_path / "x_x64.msix", files)
    for number in range(3):
        archive = zipped(tmp_path / f"{number}_x64.msix", {archive.name: archive})
    with pytest.raises(Foreign, match=r"has neither build/native/bin/x64/kernel nor wsl\.msi"):
        take(archive, room)
