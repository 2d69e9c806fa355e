"""The runner `qemu`: a kernel image and an initramfs of our own, on KVM where it works and TCG otherwise."""

from __future__ import annotations

import os
import queue
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from runners import payload, snapshot
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
COMMAND_LINE = "console=ttyS0 panic=-1 oops=panic quiet loglevel=4 random.trust_cpu=on mitigations=off"
CLOCK = {"kvm": "tsc=reliable", "tcg": "tsc=unstable"}
"""An emulated TSC ticks at this machine's rate. A guest that measures it at boot on a busy machine is wrong by a factor
of up to 50, and then deadlines mean nothing. The HPET's rate is known."""


class QemuGuest:
    """A virtual machine. Cases may do with it what they like."""

    disposable = True
    cases = f"{payload.SUITE}/cases"

    def __init__(self, kernel: Kernel, accelerated: Accelerator, *, cold: bool = False) -> None:
        self.label = kernel.label
        self.slowdown = accelerated.slowdown
        self.python: Sequence[str] = payload.python_command()
        self.notes: Sequence[str] = (f"kernel {kernel.release}: {kernel.origin}",)
        self._stack = ExitStack()
        try:
            self._start(kernel, accelerated, cold=cold)
        except BaseException:
            self._stack.close()
            raise

    def _start(self, kernel: Kernel, accelerated: Accelerator, *, cold: bool) -> None:
        """Resume a snapshot, if there is one; else boot. `cold`: boot in any case."""
        self._room = self._stack.enter_context(workspace("qemu"))
        self._console = self._room / "console"
        self._kernel, self._accelerated = kernel, accelerated
        self._resumed: FramedChannel | None = None
        self._spawned: tuple[list[str], FramedChannel] | None = None
        self._command: list[str] = []
        self._place = None if cold else snapshot.place(kernel.image, self._ingredients())
        remembered = snapshot.load(self._place) if self._place else None
        if remembered and self._resume(remembered):
            self._place = None
            return
        initrd = self._room / "initrd"
        _write_initrd(initrd, kernel)
        self._initrd_bytes = initrd.stat().st_size
        self._power_on(initrd)
        try:
            hello = self._multiplexer.hello.get(timeout=BOOT_SECONDS)
        except queue.Empty:
            hello = None
        if hello is None:
            raise RunnerError(self._why_not_booted(kernel))
        initrd.unlink()
        self._stream = hello.get("stream", "?")

    def _ingredients(self) -> list[str]:
        """Everything but the kernel that a snapshot depends on."""
        layers = [layer.archive.parent.name for layer in (payload.base(), payload.suite())]
        command_line = arguments(Path("image"), Path("initrd"), Path("console"), (0, 1), self._accelerated.name)
        return [qemu_version(), INIT, *layers, *command_line]

    def _power_on(self, initrd: Path, *more: str) -> None:
        """Start QEMU, with the agent's stream and the monitor as inherited sockets."""
        self._console.touch()
        ours, theirs = socket.socketpair()
        control, controlled = socket.socketpair()
        self._stack.callback(ours.close)
        self._stack.callback(control.close)
        inherited = (theirs.fileno(), controlled.fileno())
        with theirs, controlled, (self._room / "stderr").open("wb") as stderr:
            self._process = subprocess.Popen(
                [
                    *DIE_WITH_PARENT,
                    *arguments(self._kernel.image, initrd, self._console, inherited, self._accelerated.name),
                    *more,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=inherited,
                start_new_session=True,
            )
        (self._room / "qemu.pid").write_text(str(self._process.pid))
        self._stack.callback(self._end)
        self._multiplexer = Multiplexer(ours)
        self._control = control

    def _resume(self, remembered: snapshot.Snapshot) -> bool:
        """Go on from a snapshot; False when that does not work, so that the guest has to boot."""
        initrd = self._room / "initrd"
        with initrd.open("wb") as hole:  # only its size matters: the memory comes from the snapshot
            hole.truncate(remembered.initrd_bytes)
        try:
            self._power_on(initrd, "-incoming", f"exec:cat '{remembered.state}'")
            snapshot.resume(snapshot.Monitor(self._control))
            self._resumed = self._multiplexer.awake(remembered.said)
            self._command = remembered.command
        except RunnerError:
            self._end()
            return False
        finally:
            initrd.unlink()
        self._stream = f"{remembered.stream}, resumed"
        return True

    def _why_not_booted(self, kernel: Kernel) -> str:
        said = tail(self._room / "stderr").strip() or self.log().strip()
        last = " / ".join(said.splitlines()[-3:]) or "its console stayed empty"
        return f"the guest with kernel {kernel.release} did not start: {last}"

    @property
    def made_by(self) -> str:
        """See `Guest`."""
        return f"{qemu_version()}, {self._accelerated.name}, {CPUS} cpus, {self._stream.split(',')[0]}"

    @property
    def executor(self) -> Sequence[str]:
        """See `Guest`."""
        return payload.executor_command()

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> FramedChannel:
        """See `Guest`. The process that the snapshot has is there already."""
        resumed, self._resumed = self._resumed, None
        if resumed and list(argv) == self._command:
            return resumed
        if resumed:
            resumed.kill()
        channel = self._multiplexer.spawn(argv, {**payload.PYTHON_ENVIRONMENT, **(env or {})})
        self._spawned = (list(argv), channel)
        return channel

    def ready(self) -> None:
        """See `Guest`. A snapshot that cannot be taken costs time, nothing else."""
        if self._place and self._spawned:
            command, channel = self._spawned
            with suppress(RunnerError):
                monitor = snapshot.Monitor(self._control)
                snapshot.save(self._place, monitor, command, bytes(channel.said), self._stream, self._initrd_bytes)
            channel.forget_said()
        self._place = None

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


@cache
def qemu_version() -> str:
    """The installed QEMU, as `qemu 7.2.22`."""
    said = subprocess.run([QEMU, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    return f"qemu {said.split('version ')[-1].split()[0]}" if "version " in said else "qemu"


def arguments(image: Path, initrd: Path, console: Path, inherited: tuple[int, int], accel: str) -> list[str]:
    """QEMU's command line. The console is a file; the agent's stream and the monitor are inherited sockets."""
    return [
        QEMU,
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-machine", "pc", "-accel", "tcg,thread=multi" if accel == "tcg" else accel),
        *("-cpu", "max" if accel == "tcg" else "host", "-smp", str(CPUS), "-m", str(MEMORY_MIB)),
        *("-kernel", str(image), "-initrd", str(initrd), "-append", f"{COMMAND_LINE} {CLOCK[accel]}"),
        *("-chardev", f"file,id=console,path={console}", "-serial", "chardev:console"),
        *("-chardev", f"socket,id=agent,fd={inherited[0]}", "-device", "virtio-serial-pci"),
        *("-device", f"virtserialport,chardev=agent,name={PORT}"),
        *("-chardev", f"socket,id=control,fd={inherited[1]}", "-mon", "chardev=control,mode=control"),
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

    With `wsl2`, one that is not Microsoft's build gets a label that says so. `cold`: never resume a snapshot.
    """

    def __init__(self, source: str, *, wsl2: bool = False, cold: bool = False) -> None:
        self._source = source
        self._wsl2 = wsl2
        self._cold = cold

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
        return QemuGuest(self._find(), accelerator(), cold=self._cold)


def _which(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
