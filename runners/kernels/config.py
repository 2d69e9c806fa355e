"""The configuration that a kernel image carries (CONFIG_IKCONFIG), and whether it is WSL2's.

A bzImage is a program that unpacks the kernel proper (Documentation/arch/x86/boot.rst, `payload_offset`), and in that
the configuration lies, packed by gzip between two marks (kernel/configs.c).
"""

from __future__ import annotations

import bz2
import hashlib
import lzma
import re
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from runners.base import RunnerError
from runners.host import children
from runners.host.cache import entry

SECTOR = 512
LONGEST = 256 << 20
"""No kernel is larger than that, unpacked."""
UNPACK_SECONDS = 60.0
BEGIN, END = b"IKCFG_ST", b"IKCFG_ED"
HALLMARKS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("HYPERV", "HYPERV_VSOCKETS", "HYPERV_NET", "HYPERV_UTILS", "HYPERV_BALLOON", "HYPERV_KEYBOARD"),
            *("PCI_HYPERV", "9P_FS", "9P_FS_POSIX_ACL", "NET_9P", "NET_9P_FD", "OVERLAY_FS", "VIRTIO_PMEM"),
            *("BLK_DEV_PMEM", "BINFMT_MISC", "IKCONFIG_PROC", "UEVENT_HELPER"),
        ),
        "y",
    ),
    **dict.fromkeys(("XEN", "KVM_GUEST", "SCHED_AUTOGROUP", "KEXEC", "WATCHDOG"), "n"),
}
"""Options in which Microsoft's configurations for WSL2 agree, and Debian's for the cloud do not (Microsoft/config-wsl
in the tags 6.1.21.1 and 6.18.40.1 of WSL2-Linux-Kernel)."""
ENOUGH = 0.9
"""How many of them a configuration has that was made from one of theirs, and then changed here and there."""
MICROSOFTS_SOURCE = "DXGKRNL"
"""The driver of the graphics card, which is in no other source than theirs."""


class Unreadable(Exception):
    """An image whose configuration cannot be had; says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Config:
    """A kernel's configuration. What is absent in it counts as `n`."""

    options: Mapping[str, str]

    def get(self, name: str) -> str:
        """`y`, `m`, `n` or a value."""
        return self.options.get(name, "n")

    @property
    def unlike_wsl2(self) -> list[str]:
        """The hallmarks that it does not have, each with what it has instead."""
        return [f"{name}={self.get(name)}" for name, value in HALLMARKS.items() if self.get(name) != value]

    @property
    def is_wsl2s(self) -> bool:
        """Whether it was made from one of WSL2's."""
        return len(self.unlike_wsl2) <= (1 - ENOUGH) * len(HALLMARKS)

    @property
    def knows_microsofts_source(self) -> bool:
        """Whether the source that it configures is Microsoft's: it has a say on what others do not have."""
        return MICROSOFTS_SOURCE in self.options


def parse(text: str) -> Config:
    """A configuration in the form of `.config`."""
    found = {name: value.strip('"') for name, value in re.findall(r"^CONFIG_(\w+)=(.*)$", text, re.MULTILINE)}
    return Config(found | dict.fromkeys(re.findall(r"^# CONFIG_(\w+) is not set$", text, re.MULTILINE), "n"))


def of(image: Path) -> Config:
    """The configuration of an image: from a file `config` beside it, or its own. Raises Unreadable, RunnerError.

    It takes a second to get at, so it is remembered.
    """
    beside = image.with_name("config")
    if beside.is_file():
        return parse(beside.read_text(encoding="utf-8", errors="replace"))
    status = image.stat()
    key = hashlib.sha256(repr((str(image.resolve()), status.st_size, status.st_mtime_ns)).encode()).hexdigest()[:16]

    def make(into: Path) -> None:
        try:
            (into / "config").write_text(extract(image), encoding="utf-8")
        except Unreadable as error:
            (into / "why").write_text(str(error), encoding="utf-8")

    made = entry(f"configs/{key}", make)
    if (made / "why").exists():
        raise Unreadable((made / "why").read_text(encoding="utf-8"))
    return parse((made / "config").read_text(encoding="utf-8"))


def extract(image: Path) -> str:
    """The configuration within an image. Raises Unreadable."""
    kernel = unpack(payload(image.read_bytes()))
    begin = kernel.find(BEGIN)
    end = kernel.find(END, begin)
    if begin < 0 or end < 0:
        raise Unreadable("it carries no configuration (CONFIG_IKCONFIG)")
    try:
        return (
            zlib.decompressobj(wbits=31)
            .decompress(kernel[begin + len(BEGIN) : end], LONGEST)
            .decode("utf-8", "replace")
        )
    except zlib.error as error:
        raise Unreadable(f"the configuration that it carries is damaged: {error}") from error


def payload(image: bytes) -> bytes:
    """The packed kernel within a bzImage. Raises Unreadable."""
    if len(image) < 0x250 or image[0x202:0x206] != b"HdrS" or image[0x206:0x208] < b"\x08\x02":
        raise Unreadable("it does not say where in it the kernel proper lies")
    sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    begin = (sectors + 1) * SECTOR + offset
    found = image[begin : begin + length]
    if not length or len(found) < length:
        raise Unreadable("the kernel proper is not where it should lie in it")
    return found


def unpack(packed: bytes) -> bytes:
    """The kernel proper. Raises Unreadable."""
    for magic, name, way in WAYS:
        if packed.startswith(magic):
            try:
                return way(packed)
            except (OSError, ValueError, EOFError, lzma.LZMAError, zlib.error, subprocess.SubprocessError) as error:
                raise Unreadable(f"it is packed by {name}, which could not be undone: {error}") from error
    if packed.startswith(b"\x7fELF"):
        return packed
    raise Unreadable("it is packed in a way that is not known here")


def _with(tool: str) -> Callable[[bytes], bytes]:
    """Unpacks by a program. The kernel's length stands behind the data, at which the program may complain."""

    def way(packed: bytes) -> bytes:
        with tempfile.TemporaryFile() as source:
            source.write(packed)
            source.seek(0)
            with children.child([tool, "-dc"], stdin=source, stderr=subprocess.DEVNULL) as started:
                said, _ = started.communicate(timeout=UNPACK_SECONDS)
        if not said:
            raise ValueError(f"{tool} gave nothing")
        return said

    return way


WAYS: tuple[tuple[bytes, str, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", "gzip", lambda packed: zlib.decompressobj(wbits=31).decompress(packed, LONGEST)),
    (b"\xfd7zXZ\0", "xz", lambda packed: lzma.LZMADecompressor().decompress(packed, LONGEST)),
    (b"BZh", "bzip2", lambda packed: bz2.BZ2Decompressor().decompress(packed, LONGEST)),
    (b"\x5d\0\0", "lzma", lambda packed: lzma.LZMADecompressor(lzma.FORMAT_ALONE).decompress(packed, LONGEST)),
    (b"\x28\xb5\x2f\xfd", "zstd", _with("zstd")),
    (b"\x02\x21\x4c\x18", "lz4", _with("lz4")),
    (b"\x89LZO", "lzo", _with("lzop")),
)
"""How kernels are packed (init/Kconfig, KERNEL_GZIP and its like), each by its first bytes."""


def about(release: str, image: Path) -> tuple[str, str]:
    """What a kernel is that was given as WSL2's: the column's name, nothing for Microsoft's; and a sentence."""
    microsofts = "microsoft" in release.lower()
    try:
        config = of(image)
    except (Unreadable, RunnerError, OSError) as error:
        if microsofts:
            return "", f"Microsoft's build by its release {release}; its configuration is not known: {error}"
        return "wsl2 (given)", f"whether its configuration is WSL2's is not known: {error}"
    unlike = config.unlike_wsl2
    held = f"{len(HALLMARKS) - len(unlike)} of {len(HALLMARKS)} options that tell it from others"
    if not config.is_wsl2s:
        return "wsl2 (given)", f"its configuration is not WSL2's: it has {held} ({', '.join(unlike[:4])} …)"
    if microsofts and config.knows_microsofts_source:
        return "", f"Microsoft's build: its release and its configuration say so ({held})"
    source = "its source is not Microsoft's, whose patches (dxgkrnl) are not in it"
    if config.knows_microsofts_source:
        source = "its source is Microsoft's, its build is not"
    return "wsl2 (config)", f"its configuration is WSL2's ({held}); {source}"
