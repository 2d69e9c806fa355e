"""The runner `qemu`: a kernel image and an initramfs of our own, on KVM where it works and TCG otherwise."""

from __future__ import annotations

import os
import queue
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance.model import Answers, Target
from conformance.protocol.agent import UNLOADED
from runners.base import About, Death, Guest, RunnerError, legible
from runners.declaration import MEMORY, Declaration, Flag, Option, Part, Way, number, program, text, which
from runners.kernels import microsoft, modules
from runners.kernels.download import Progress
from runners.kernels.images import WSL2, WSL2_VARIABLE, find, is_wsl2_here, is_wsl2s, labelled
from runners.kernels.kernel import Kernel
from runners.payload import layers
from runners.payload.cpio import concatenate, write_archive
from runners.qemu import snapshot
from runners.qemu.accelerator import QEMU, Accelerator, accelerator
from runners.qemu.bare import BareGuest
from runners.qemu.machine import (
    BOOT_SECONDS,
    CPUS,
    MEMORY_MIB,
    SHIPPED,
    Machine,
    Memory,
    Size,
    qemu_version,
)
from runners.qemu.memory import empty
from runners.qemu.multiplex import FramedChannel, Multiplexer
from runners.qemu.surroundings import NONE, Surroundings, named, wrong_commandline, wrong_preload

INIT = f"""#!{layers.interpreter()} -SB
import sys
sys.path.insert(0, {layers.SUITE!r})
from conformance.guest.init import main
main(%s)
"""
"""A guest's first program, but for the modules that it is to load."""


class QemuGuest:
    """A virtual machine with the whole suite in it. Cases may do with it what they like."""

    def __init__(
        self,
        kernel: Kernel,
        accelerated: Accelerator,
        size: Size,
        shelf: snapshot.Shelf | None,
        surroundings: Surroundings = NONE,
    ) -> None:
        """`shelf`: with snapshots; None: boot in any case."""
        self.inside = layers.inside()
        self._machine = Machine(kernel, accelerated, size, surroundings)
        try:
            self._start(shelf)
        except BaseException:
            self._machine.close()
            raise

    def _start(self, shelf: snapshot.Shelf | None) -> None:
        """Resume a snapshot, if there is one; else boot."""
        self._resumed: FramedChannel | None = None
        self._spawned: tuple[list[str], FramedChannel] | None = None
        self._command: list[str] = []
        self._refused = ""
        kernel, size = self._machine.kernel, self._machine.size.memory_bytes
        self.is_kept = shelf is not None
        self._place: Path | None = None
        self._memory: Memory | None = None
        if shelf:
            place = snapshot.place(kernel.image, self._ingredients())
            remembered = self._machine.keep(shelf.lent(place, size))
            if remembered and self._resume(*remembered):
                return
            self._place, self._memory = place, Memory(self._machine.keep(empty(size)))
        initrd = self._machine.room / "initrd"
        _write_initrd(initrd, kernel, self._init())
        self._initrd_bytes = initrd.stat().st_size
        self._power_on(initrd, self._memory)
        try:
            hello = self._multiplexer.hello.get(timeout=BOOT_SECONDS)
        except queue.Empty:
            hello = None
        if hello is None:
            raise self._machine.failure()
        initrd.unlink()
        self._stream = hello.get("stream", "?")
        self._refused = legible(hello.get(UNLOADED, "").encode())
        if self._refused:  # what goes on from a snapshot could not say so
            self._place = None

    def _init(self) -> str:
        """Its first program."""
        return INIT % repr(self._machine.surroundings.loadable(self._machine.kernel))

    def _ingredients(self) -> list[str]:
        """Everything but the kernel that a snapshot depends on."""
        contents = [layer.archive.parent.name for layer in (layers.base(), layers.suite())]
        command_line = self._machine.arguments((0, 1), (2, 3, 4), Memory(5))
        return [qemu_version(), self._init(), *contents, *command_line]

    def _power_on(self, initrd: Path, memory: Memory | None) -> None:
        self._machine.power_on(initrd, memory)
        self._multiplexer = Multiplexer(self._machine.stream)

    def _resume(self, remembered: snapshot.Snapshot, memory: int) -> bool:
        """Go on from a snapshot; False when that does not work, so that the guest has to boot."""
        initrd = self._machine.room / "initrd"
        with initrd.open("wb") as hole:  # only its size matters: the memory comes from the snapshot
            hole.truncate(remembered.initrd_bytes)
        try:
            self._power_on(initrd, Memory(memory, remembered=True))
            snapshot.resume(snapshot.Monitor(self._machine.control), remembered)
            self._resumed = self._multiplexer.awake(remembered.said)
            self._command = remembered.command
        except (RunnerError, OSError):
            self._machine.end()
            return False
        finally:
            initrd.unlink()
        self._stream = f"{remembered.stream}, resumed"
        return True

    @property
    def about(self) -> About:
        """See `Guest`."""
        about = self._machine.about(self._stream.split(",")[0])
        if not self._refused:
            return about
        return replace(about, notes=(*about.notes, f"its kernel refused to load {self._refused}"))

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> FramedChannel:
        """See `Guest`. The process that the snapshot has is there already."""
        resumed, self._resumed = self._resumed, None
        if resumed and list(argv) == self._command:
            self._spawned = (list(argv), resumed)
            return resumed
        if resumed:
            resumed.kill()
        channel = self._multiplexer.spawn(argv, {**layers.PYTHON_ENVIRONMENT, **(env or {})})
        self._spawned = (list(argv), channel)
        return channel

    def remember(self) -> None:
        """See `Remembers`. A snapshot that cannot be taken costs time, nothing else."""
        if self._spawned is None:
            return
        command, channel = self._spawned
        if self._place and self._memory and (said := channel.said) is not None:
            fd, initrd_bytes = self._memory.fd, self._initrd_bytes
            with suppress(RunnerError):
                monitor = snapshot.Monitor(self._machine.control)
                snapshot.save(self._place, monitor, fd, command, said, self._stream, initrd_bytes)
        channel.forget_said()
        self._place = None

    def log(self) -> str:
        """See `Guest`."""
        return self._machine.log()

    def death(self) -> Death | None:
        """See `Guest`."""
        return self._machine.death(silenced=self._multiplexer.broken.is_set())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._multiplexer.close()
        self._machine.close()


def _write_initrd(to: Path, kernel: Kernel, init: str) -> None:
    """The layers, the kernel's modules and /init, one archive behind the other."""
    archives = [layers.base().archive, layers.suite().archive]
    if kernel.modules:
        archives.append(modules.archive(kernel))
    room = to.with_suffix(".init")
    room.mkdir()
    (room / "init").write_text(init, encoding="utf-8")
    (room / "init").chmod(0o755)
    last = to.with_suffix(".last")
    write_archive(room, last)
    concatenate([*archives, last], to)


class QemuRunner:
    """Boots a kernel; `source` says which (see `kernels.find`).

    With `wsl2`, one that is not Microsoft's build gets a label that says so. `cold`: never resume a snapshot. `bare`:
    guests have nothing in them but the executor.
    """

    def __init__(
        self,
        source: str,
        size: Size = SHIPPED,
        surroundings: Surroundings = NONE,
        *,
        wsl2: bool = False,
        cold: bool = False,
        bare: bool = False,
    ) -> None:
        self._source, self._size, self._surroundings = source, size, surroundings
        self._wsl2 = wsl2
        self._shelf = None if cold else snapshot.Shelf()
        self._bare = bare

    def _find(self) -> Kernel:
        kernel = find(self._source)
        return labelled(kernel) if self._wsl2 and not is_wsl2s(self._source) else kernel

    def missing(self) -> str | None:
        """See `Runner`."""
        if not shutil.which(QEMU):
            return f"{QEMU} is not installed: run `conformance doctor --install`"
        if self._source.startswith("debian:"):
            absent = next((name for name in ("apt-get", "dpkg-deb", "depmod", "modprobe") if not which(name)), None)
            return f"{absent} is not installed: run `conformance doctor --install`" if absent else None
        try:
            kernel = self._find()
        except RunnerError as error:
            return str(error)
        if kernel.modules and not which("modprobe"):
            return "modprobe is not installed: run `conformance doctor --install`"
        return None

    def lacking(self) -> str:
        """See `Brings`: WSL2's kernel, whichever; of a version that a target names, it is for whoever has named it."""
        if self._source != WSL2 or not shutil.which(QEMU) or is_wsl2_here():
            return ""
        return microsoft.to_bring()

    def bring(self, progress: Progress) -> None:
        """See `Brings`."""
        microsoft.fetch("", progress)

    def describe(self) -> list[str]:
        """See `Runner`."""
        said = [f"kernel from {self._source}", accelerator().reason]
        if self._surroundings.commandline:
            said.append(f"command line: {self._surroundings.commandline}")
        if self._surroundings.preload:
            said.append(f"modules to load beforehand: {', '.join(self._surroundings.preload)}")
        return said

    def open(self) -> Guest:
        """See `Runner`."""
        if self._bare:
            return BareGuest(self._find(), accelerator(), self._size, self._surroundings)
        return QemuGuest(self._find(), accelerator(), self._size, self._shelf, self._surroundings)


def whole_kernel(value: str) -> str:
    """A kernel of the command line (see `Option.whole`): a path, `debian:SERIES`, or `wsl2:VERSION`."""
    return value if value.startswith(("debian:", f"{WSL2}:")) else str(Path(value).resolve())


def _from_environment(source: str) -> str | None:
    """The image that the environment gives for WSL2's kernel (see `Option.from_environment`)."""
    image = os.environ.get(WSL2_VARIABLE) if source == WSL2 else None
    return str(Path(image).resolve()) if image else None


def _runner(target: Target, way: Way) -> QemuRunner:
    size = Size(number(target, "memory", MEMORY_MIB), number(target, "cpus", CPUS))
    around = Surroundings(str(target.taken.get("commandline", "")).strip(), named(str(target.taken.get("preload", ""))))
    is_wsl2 = is_wsl2s(str(target.options.get("kernel")))
    return QemuRunner(text(target, "kernel"), size, around, wsl2=is_wsl2, cold=way.cold, bare=way.bare)


DECLARATION = Declaration(
    "qemu",
    Answers.KERNEL,
    _runner,
    {
        "kernel": Option(
            "a text: debian:SERIES, wsl2, wsl2:VERSION, or the path of an image or of a directory with one",
            required=True,
            flag=Flag(
                "--kernel",
                "IMAGE",
                "Boot this image (a path, debian:SERIES or wsl2:VERSION) for a target.",
                "Boot this image (a path, debian:SERIES or wsl2:VERSION).",
                "/path/to/bzImage",
            ),
            whole=whole_kernel,
            from_environment=_from_environment,
        ),
        "memory": MEMORY,
        "cpus": Option("a whole number", least=1, most=64),
        "commandline": Option("a text: words for the kernel's command line", is_words=True, wrong=wrong_commandline),
        "preload": Option("a text: modules to load before the suite", is_words=True, wrong=wrong_preload),
    },
    (
        Part(QEMU, "qemu-system-x86", "targets that boot a kernel", program(QEMU)),
        Part("modprobe", "kmod", "modules of distribution kernels in guests", program("modprobe")),
        Part("debugfs", "e2fsprogs", "modules of WSL2's kernel, as Microsoft packs them", program("debugfs")),
        Part("gcc", "gcc", "building a kernel with WSL2's configuration", program("gcc")),
    ),
)
