"""Packages of WSL2's kernel as they are documented, made of what a test has: a NuGet package, an installer, a VHD."""

from __future__ import annotations

import struct
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.kernels import image

RELEASE = "6.18.40.1-microsoft-standard-WSL2"
FOLDER = "build/native/bin/x64/"
MIB = 1 << 20
BLOCK = 2 * MIB


def tree(folder: Path, release: str = RELEASE) -> Path:
    """The modules of a release as `modules_install` leaves them: two, of which one needs the other."""
    (folder / "kernel/net").mkdir(parents=True)
    for name in ("bridge", "br_netfilter"):
        (folder / f"kernel/net/{name}.ko").write_bytes(b"\x7fELF\0vermagic=%s SMP mod_unload \0" % release.encode())
    (folder / "modules.dep").write_text(
        "kernel/net/bridge.ko:\nkernel/net/br_netfilter.ko: kernel/net/bridge.ko\n", encoding="ascii"
    )
    (folder / "modules.builtin").write_text("kernel/fs/ext4/ext4.ko\n", encoding="ascii")
    return folder


def ext4(folder: Path, to: Path, *options: str, mib: int = 2) -> Path:
    """A file system with what is in a folder, as Microsoft/scripts/gen_modules_vhdx.sh makes it."""
    command = ["mke2fs", "-q", "-t", "ext4", *options, "-d", str(folder), str(to), f"{mib}M"]
    subprocess.run(command, check=True, capture_output=True)
    return to


def footer(size: int, kind: int = 2, header: int = 0xFFFF_FFFF_FFFF_FFFF) -> bytes:
    """What a VHD ends with ("Virtual Hard Disk Image Format Specification")."""
    data = bytearray(512)
    struct.pack_into(
        ">8sIIQI4sI4sQQ4sI", data, 0, b"conectix", 2, 1 << 16, header, 0, b"test", 0, b"", size, size, b"", kind
    )
    return summed(data, 64)


def summed(data: bytearray, at: int) -> bytes:
    """A structure with its checksum at a place in it."""
    struct.pack_into(">I", data, at, ~sum(data) & 0xFFFF_FFFF)
    return bytes(data)


def fixed_vhd(disk: Path, to: Path) -> Path:
    """A disk, with a footer behind it."""
    to.write_bytes(disk.read_bytes() + footer(disk.stat().st_size))
    return to


def dynamic_vhd(disk: Path, to: Path) -> Path:
    """A disk in blocks, those that are nothing but zeros left out."""
    data = disk.read_bytes()
    blocks = [data[at : at + BLOCK].ljust(BLOCK, b"\0") for at in range(0, len(data), BLOCK)]
    header, table = bytearray(1024), bytearray(b"\xff" * max(512, 4 * len(blocks)))
    struct.pack_into(">8sQQIII", header, 0, b"cxsparse", (1 << 64) - 1, 1536, 1 << 16, len(blocks), BLOCK)
    end = footer(len(data), 3, 512)
    body = b""
    for number, block in enumerate(blocks):
        if block.strip(b"\0"):
            struct.pack_into(">I", table, 4 * number, (1536 + len(table) + len(body)) // 512)
            body += b"\xff" * 512 + block
    to.write_bytes(end + summed(header, 36) + bytes(table) + body + end)
    return to


def nuget(to: Path, files: Mapping[str, Path], version: str = "6.18.40.1-1") -> Path:
    """A NuGet package with these files in the folder for x86-64."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr(
            "Microsoft.WSL.Kernel.nuspec",
            f"<package><metadata><id>Microsoft.WSL.Kernel</id><version>{version}</version></metadata></package>",
        )
        for name, path in files.items():
            package.write(path, FOLDER + name)
            package.writestr(f"build/native/bin/arm64/{name}", b"not for this processor")
    return to


def package(room: Path, version: str = "6.18.33.2-2", release: str = "6.18.33.2-microsoft-standard-WSL2") -> Path:
    """A whole package of the layout that they have until 6.18.40.1, small."""
    here = room / version
    here.mkdir(parents=True)
    disk = fixed_vhd(ext4(tree(here / "tree", release), here / "ext4"), here / "modules.vhd")
    return nuget(here / "nupkg", {"kernel": image(here / "kernel", release, whole=True), "modules.vhd": disk}, version)


WIX = """<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
<Product Id="*" UpgradeCode="6d5792c5-2c2a-4f5c-9d52-1f7ad5e3f0a1" Name="WSL" Version="2.7.11.0" Manufacturer="x"
 Language="1033"><Package InstallerVersion="200" Compressed="yes"/><Media Id="1" Cabinet="cab1.cab" EmbedCab="yes"/>
<Directory Id="TARGETDIR" Name="SourceDir"><Directory Id="ProgramFilesFolder"><Directory Id="D" Name="WSL">
<Directory Id="T" Name="tools"><Component Id="C" Guid="c1e5f0c0-53ac-4d1b-9d0f-0f5d7a3f8e21">{files}
</Component></Directory></Directory></Directory></Directory>
<Feature Id="F" Level="1"><ComponentRef Id="C"/></Feature></Product></Wix>"""


def installer(to: Path, files: Mapping[str, Path]) -> Path:
    """An .msi that installs these files, by wixl(1)."""
    lines = [f'<File Id="{name}" Name="{name}" Source="{path.name}"/>' for name, path in files.items()]
    source = to.with_suffix(".wxs")
    source.write_text(WIX.format(files="".join(lines)), encoding="utf-8")
    for path in files.values():
        if path.parent != to.parent:
            (to.parent / path.name).symlink_to(path)  # wixl looks beside the source
    subprocess.run(["wixl", "-o", to, source], check=True, capture_output=True)
    return to
