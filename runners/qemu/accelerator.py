"""KVM or TCG: measured, since a /dev/kvm that opens may still hang or run twenty times slower than emulation."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from conformance.places import cache_root
from runners.host import children
from runners.host.cache import locked
from runners.host.workspace import workspace
from runners.qemu.confine import KVM, SANDBOX, unprivileged

QEMU = "qemu-system-x86_64"
BOUND_SECONDS = 6.0
"""How long each measurement may take at most."""
TCG_SLOWDOWN = 10.0


@dataclass(frozen=True, slots=True)
class Accelerator:
    """What QEMU should use, and why."""

    name: str
    """`kvm` or `tcg`."""
    slowdown: float
    """How many times slower than this machine a guest is taken to be, for deadlines."""
    reason: str
    """The measurement, as a sentence."""


def boot_sector() -> bytes:
    """512 bytes that a BIOS boots: 100 million turns of a loop, 20,000 port writes (an exit each), then the end.

    The end is a write to QEMU's isa-debug-exit device at port 0xf4.
    """
    spin = b"\x66\xb9" + struct.pack("<I", 100_000_000) + b"\x66\x49\x75\xfc"  # mov ecx, n; l: dec ecx; jnz l
    ports = b"\x66\xb9" + struct.pack("<I", 20_000) + b"\xe6\x80\x66\x49\x75\xfa"  # mov ecx, n; l: out 0x80, al; …
    code = spin + ports + b"\xb0\x01\xe6\xf4\xf4"  # mov al, 1; out 0xf4, al; hlt
    return code.ljust(510, b"\0") + b"\x55\xaa"


@cache
def accelerator() -> Accelerator:
    """The faster one that works. Measured once a machine and boot of it, then remembered."""
    if not os.access(KVM, os.R_OK | os.W_OK):
        return Accelerator("tcg", TCG_SLOWDOWN, "TCG: there is no /dev/kvm that we may use")
    memory = cache_root() / "accelerator.json"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    found = None
    with suppress(OSError):  # where nothing can be remembered, it is measured each time
        memory.parent.mkdir(parents=True, exist_ok=True)
        with locked(memory.with_suffix(".lock")):
            found = _remembered(memory, boot)
            if found is None:
                found = choose(measure("kvm"), measure("tcg"))
                memory.write_text(json.dumps({"boot": boot, **asdict(found)}), encoding="utf-8")
    return found or choose(measure("kvm"), measure("tcg"))


def _remembered(memory: Path, boot: str) -> Accelerator | None:
    """What was measured since this boot of the machine; None when nothing was, or the file is damaged."""
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
        return Accelerator(**known) if known.pop("boot") == boot else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def choose(kvm: float | None, tcg: float | None) -> Accelerator:
    """By the seconds that each took; None where it did not end in time."""
    said = f"KVM {_said(kvm)}, TCG {_said(tcg)} for the same boot sector"
    if kvm is not None and (tcg is None or kvm < tcg):
        return Accelerator("kvm", 1.0, f"KVM: {said}")
    return Accelerator("tcg", TCG_SLOWDOWN, f"TCG: {said}")


def _said(seconds: float | None) -> str:
    return f"took more than {BOUND_SECONDS:g} s or failed" if seconds is None else f"took {seconds:.1f} s"


def measure(accel: str) -> float | None:
    """Seconds until the boot sector is through, or None when it is not within the bound."""
    with workspace("accel") as room:
        image = room / "boot"
        image.write_bytes(boot_sector())
        image.chmod(0o644)
        started = time.monotonic()
        try:
            with image.open("rb") as disk:
                done = children.run(
                    [
                        *unprivileged(QEMU),
                        *(QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", *SANDBOX),
                        *("-machine", "pc", "-accel", accel, "-m", "16"),
                        *("-drive", "file=/dev/fd/0,format=raw,if=floppy,readonly=on"),
                        *("-device", "isa-debug-exit,iobase=0xf4,iosize=1"),
                    ],
                    timeout=BOUND_SECONDS,
                    stdin=disk,
                )
        except (subprocess.TimeoutExpired, OSError):
            return None
        return time.monotonic() - started if done.returncode == (1 << 1 | 1) else None
