"""The runner `qemu`: a kernel image and an initramfs of our own, on KVM where it works and TCG otherwise."""

from __future__ import annotations

import os
import queue
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from runners import payload
from runners.accelerator import Accelerator, accelerator
from runners.base import Death, RunnerError, tail
from runners.cpio import write_archive
from runners.kernels import Kernel, find, labelled
from runners.multiplex import FramedChannel, Multiplexer
from runners.workspace import DIE_WITH_PARENT, workspace

QEMU = "qemu-system-x86_64"
MEMORY_MIB = 1024
CPUS = 2
BOOT_SECONDS = 90.0
"""How long a guest may take from power-on to the agent's first word; a panic ends the wait at once."""
PORT = "org.conformance.agent"
INIT = f"""#!{payload.interpreter()} -SB
import sys
sys.path.insert(0, {payload.SUITE!r})
from conformance.guest.init import main
main()
"""
COMMAND_LINE = "console=ttyS0 panic=-1 oops=panic quiet loglevel=4 random.trust_cpu=on mitigations=off tsc=reliable"


class QemuGuest:
    """A virtual machine. Cases may do with it what they like."""

    disposable = True
    cases = f"{payload.SUITE}/cases"

    def __init__(self, kernel: Kernel, accelerated: Accelerator) -> None:
        self.label = kernel.label
        self.slowdown = accelerated.slowdown
        self.python: Sequence[str] = payload.python_command()
        self.notes: Sequence[str] = (f"kernel {kernel.release}: {kernel.origin}",)
        self._stack = ExitStack()
        try:
            self._boot(kernel, accelerated)
        except BaseException:
            self._stack.close()
            raise

    def _boot(self, kernel: Kernel, accelerated: Accelerator) -> None:
        self._room = self._stack.enter_context(workspace("qemu"))
        self._console = self._room / "console"
        self._console.touch()
        initrd = self._room / "initrd"
        _write_initrd(initrd, kernel)
        ours, theirs = socket.socketpair()
        self._stack.callback(ours.close)
        with theirs:
            self._process = subprocess.Popen(
                [*DIE_WITH_PARENT, *arguments(kernel.image, initrd, self._console, theirs.fileno(), accelerated.name)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=(self._room / "stderr").open("wb"),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        (self._room / "qemu.pid").write_text(str(self._process.pid))
        self._stack.callback(self._end)
        self._multiplexer = Multiplexer(ours)
        try:
            hello = self._multiplexer.hello.get(timeout=BOOT_SECONDS)
        except queue.Empty:
            hello = None
        if hello is None:
            raise RunnerError(self._why_not_booted(kernel))
        initrd.unlink()
        self.made_by = f"qemu, {accelerated.name}, {CPUS} cpus, {hello.get('stream', '?')}"

    def _why_not_booted(self, kernel: Kernel) -> str:
        said = tail(self._room / "stderr").strip() or self.log().strip()
        last = " / ".join(said.splitlines()[-3:]) or "its console stayed empty"
        return f"the guest with kernel {kernel.release} did not start: {last}"

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> FramedChannel:
        """See `Guest`."""
        return self._multiplexer.spawn(argv, {**payload.PYTHON_ENVIRONMENT, **(env or {})})

    def log(self) -> str:
        """See `Guest`."""
        return tail(self._console)

    def death(self) -> Death | None:
        """See `Guest`."""
        if self._process.poll() is None and not self._multiplexer.broken.is_set():
            return None
        return Death.PANIC if "Kernel panic" in self.log() else Death.GONE

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def arguments(image: Path, initrd: Path, console: Path, stream: int, accel: str) -> list[str]:
    """QEMU's command line. The console is a file of its own, the agent's stream an inherited socket."""
    return [
        QEMU,
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-machine", "pc", "-accel", "tcg,thread=multi" if accel == "tcg" else accel),
        *("-cpu", "max" if accel == "tcg" else "host", "-smp", str(CPUS), "-m", str(MEMORY_MIB)),
        *("-kernel", str(image), "-initrd", str(initrd), "-append", COMMAND_LINE),
        *("-chardev", f"file,id=console,path={console}", "-serial", "chardev:console"),
        *("-chardev", f"socket,id=agent,fd={stream}", "-device", "virtio-serial-pci"),
        *("-device", f"virtserialport,chardev=agent,name={PORT}"),
    ]


def _write_initrd(to: Path, kernel: Kernel) -> None:
    """The layers, the kernel's modules and /init, one archive behind the other."""
    layers = [payload.base().archive, payload.suite().archive]
    if kernel.modules:
        layers.append(_modules_archive(kernel))
    room = to.with_suffix(".init")
    room.mkdir()
    (room / "init").write_text(INIT)
    (room / "init").chmod(0o755)
    last = to.with_suffix(".last")
    write_archive(room, last)
    with to.open("wb") as archive:
        for layer in [*layers, last]:
            with layer.open("rb") as source:
                shutil.copyfileobj(source, archive, 1 << 20)


def _modules_archive(kernel: Kernel) -> Path:
    """The kernel's modules as an archive, beside the kernel in the cache."""
    assert kernel.modules is not None
    archive = kernel.image.with_name("modules.cpio")
    if not archive.exists():
        partial = archive.with_suffix(f".{os.getpid()}")
        write_archive(kernel.modules / "lib", partial, "usr/lib" if Path("/lib").is_symlink() else "lib")
        partial.rename(archive)
    return archive


class QemuRunner:
    """Boots a kernel; `source` says which (see `kernels.find`).

    With `wsl2`, one that is not Microsoft's build gets a label that says so.
    """

    def __init__(self, source: str, *, wsl2: bool = False) -> None:
        self._source = source
        self._wsl2 = wsl2

    def _find(self) -> Kernel:
        kernel = find(self._source)
        return labelled(kernel) if self._wsl2 else kernel

    def missing(self) -> str | None:
        """See `Runner`."""
        if not shutil.which(QEMU):
            return f"{QEMU} is not installed: apt install qemu-system-x86, or run `conformance doctor --install`"
        if self._source.startswith("debian:"):
            absent = next((name for name in ("apt-get", "dpkg-deb", "depmod", "modprobe") if not _which(name)), None)
            return f"{absent} is not installed: run `conformance doctor --install`" if absent else None
        try:
            self._find()
        except RunnerError as error:
            return str(error)
        return None

    def describe(self) -> list[str]:
        """See `Runner`."""
        return [f"kernel from {self._source}", accelerator().reason]

    def open(self) -> QemuGuest:
        """See `Runner`."""
        return QemuGuest(self._find(), accelerator())


def _which(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
