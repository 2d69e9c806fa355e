"""A virtual machine: QEMU with one kernel and one initramfs, its console and its streams as sockets."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from conformance.protocol.agent import PORT
from runners.base import About, Death, Ending, RunnerError
from runners.host import children
from runners.host.log import Log
from runners.host.nobody import everybodys
from runners.host.workspace import workspace
from runners.kernels.kernel import Kernel
from runners.qemu import panic
from runners.qemu.accelerator import QEMU, Accelerator
from runners.qemu.confine import SANDBOX, unprivileged
from runners.qemu.surroundings import NONE, Surroundings

MEMORY_MIB = 1024
CPUS = 2
BOOT_SECONDS = 90.0
"""How long a guest may take from power-on to its first word; a panic ends the wait at once."""
COMMAND_LINE = "console=ttyS0 panic=-1 oops=panic quiet loglevel=4 random.trust_cpu=on mitigations=off"
CLOCK = {"kvm": "tsc=reliable", "tcg": "tsc=unstable"}
"""An emulated TSC ticks at this machine's rate. A guest that measures it at boot on a busy machine is wrong by a factor
of up to 50, and then deadlines mean nothing. The HPET's rate is known."""

EMULATED_CPU = "max,erms=off,fsrm=off"
"""All that QEMU can emulate but fast `rep movsb` and `rep stosb`, which it does a byte at a time. Where a processor has
them, Linux clears and copies pages so; without them, a page that is written to after fork(2) costs a third."""

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Size:
    """How large a machine is."""

    memory: int = MEMORY_MIB
    """In MiB."""
    cpus: int = CPUS

    @property
    def memory_bytes(self) -> int:
        """Its memory in bytes."""
        return self.memory << 20


@dataclass(frozen=True, slots=True)
class Memory:
    """What a machine has as its memory, rather than what QEMU would give it."""

    fd: int
    """A memfd."""
    remembered: bool = False
    """Whether the machine begins with what is in it, leaves it as it is, and waits for the rest of a snapshot."""

    def backend(self, size: Size) -> str:
        """QEMU's word for it."""
        share = "off" if self.remembered else "on"
        return f"memory-backend-file,id=memory,size={size.memory}M,mem-path=/dev/fd/{self.fd},share={share}"


SHIPPED = Size()
"""What a target has that says nothing."""


class Machine:
    """One machine, which is powered on at most once at a time. Closing it leaves no process and no file."""

    def __init__(self, kernel: Kernel, accelerated: Accelerator, size: Size, surroundings: Surroundings = NONE) -> None:
        self.kernel, self.accelerated, self.size = kernel, accelerated, size
        self.surroundings = surroundings
        self._stack = ExitStack()
        self.room = self._stack.enter_context(workspace("qemu"))
        self._console: Log | None = None

    def keep(self, context: AbstractContextManager[Kept]) -> Kept:
        """Have something until the machine is closed."""
        return self._stack.enter_context(context)

    def power_on(self, initrd: Path, memory: Memory | None = None, *, serial: bool = False) -> None:
        """Start QEMU; afterwards `stream` and `control` are there. Raises RunnerError.

        `serial`: with a second serial port behind the socket `serial`, for kernels that have no virtio-serial.
        """
        console, shown = self._pair()
        self._console = self._stack.enter_context(Log(console.detach()))
        self.stream, theirs = self._pair()
        self.control, controlled = self._pair()
        self.serial, wired = self._pair()
        self._complaints = self._stack.enter_context(Log())
        with ExitStack() as ours:  # until QEMU has them
            for each in (shown, theirs, controlled, wired):
                ours.enter_context(each)
            # It gets files, and no names: it may not go where they lie, and a name may have any character in it.
            files = [everybodys(self.kernel.image, self.room), everybodys(initrd, self.room)]
            opened = [ours.enter_context(path.open("rb")).fileno() for path in files]
            streams = [shown.fileno(), theirs.fileno(), controlled.fileno(), *([wired.fileno()] if serial else [])]
            self.process = subprocess.Popen(
                [*unprivileged(QEMU), *self.arguments(opened, streams, memory)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints.writer,
                pass_fds=(*opened, *streams, *([memory.fd] if memory else [])),
                start_new_session=True,
            )
        (self.room / "qemu.pid").write_text(str(self.process.pid), encoding="utf-8")
        self._stack.callback(self.end)

    def arguments(self, files: Sequence[int], streams: Sequence[int], memory: Memory | None) -> list[str]:
        """QEMU's command line (see `arguments`)."""
        words = self.surroundings.commandline
        return arguments(files, streams, self.accelerated.name, self.size, memory, words)

    def _pair(self) -> tuple[socket.socket, socket.socket]:
        """Our end, which lives as long as the machine, and QEMU's."""
        ours, theirs = socket.socketpair()
        self._stack.callback(ours.close)
        return ours, theirs

    def end(self) -> None:
        """Pull the plug."""
        self.process.kill()
        self.process.wait()

    def log(self) -> str:
        """The tail of the console."""
        return self._console.text() if self._console else ""

    def death(self, *, silenced: bool) -> Death | None:
        """How it ended, or None while it lives. `silenced`: its stream has ended, and so it has.

        One that ended its own suite for want of memory is as good as dead.
        """
        if spent := self._spent():
            return Death(Ending.LIMIT, spent)
        status = self.process.poll()
        if status is None and not silenced:
            return None
        if found := panic.panic(self.log()):
            return Death(Ending.PANIC, found)
        if status is None or status >= 0:
            return Death(Ending.GONE, f"QEMU ended with status {status}: {self._complaint()}" if status else "")
        return Death(Ending.GONE, f"QEMU was ended by {signal.Signals(-status).name}")

    def _spent(self) -> str:
        """That its memory did not suffice, as a sentence; nothing where that is not why it ended."""
        said = self.log()
        found = panic.out_of_memory(said)
        message = panic.panic(said)
        if not found or (message and not re.match(r"Attempted to kill init|System is deadlocked", message)):
            return ""
        return f"the guest's {self.size.memory} MiB of memory did not suffice: {found}"

    def _complaint(self) -> str:
        return " / ".join(self._complaints.text().strip().splitlines()[-3:])

    def failure(self) -> RunnerError:
        """Why it did not start: the kernel's panic, or what QEMU or the console said last."""
        said = self._complaints.text().strip() or panic.panic(self.log()) or self.log().strip()
        last = " / ".join(said.splitlines()[-3:]) or "its console stayed empty"
        return RunnerError(f"the guest with kernel {self.kernel.release} did not start: {last}")

    def about(self, stream: str) -> About:
        """What is to be said of a guest in it (see `Guest`), which is spoken with over this kind of stream.

        Raises RunnerError.
        """
        kernel, size = self.kernel, self.size
        return About(
            f"{qemu_version()}, {self.accelerated.name}, {size.cpus} cpus, {size.memory} MiB, {stream}",
            kernel.label,
            (f"kernel {kernel.release}: {kernel.origin}", *self.surroundings.notes(kernel)),
            disposable=True,
            slowdown=self.accelerated.slowdown,
        )

    def close(self) -> None:
        """Pull the plug, and remove its files."""
        self._stack.close()


@cache
def qemu_version() -> str:
    """The installed QEMU, as `qemu 7.2.22`."""
    try:
        said = children.run([QEMU, "--version"], timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunnerError(f"{QEMU} cannot be run: {error}; run `conformance doctor --install`") from error
    return f"qemu {said.split('version ')[-1].split()[0]}" if "version " in said else "qemu"


def arguments(
    files: Sequence[int],
    streams: Sequence[int],
    accel: str,
    size: Size,
    memory: Memory | None = None,
    words: str = "",
) -> list[str]:
    """QEMU's command line. All that it works on are fds.

    `files` are the kernel and the initramfs. `streams` are the sockets of the console, of the agent's stream and of the
    monitor, and, if there is to be one, of a second serial port. `words` stand last on the kernel's command line.
    """
    kernel, initrd = files
    console, agent, control, *serial = streams
    return [
        QEMU,
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", *SANDBOX),
        *("-machine", "pc,memory-backend=memory" if memory else "pc"),
        *("-accel", "tcg,thread=multi" if accel == "tcg" else accel),
        *("-cpu", EMULATED_CPU if accel == "tcg" else "host", "-smp", str(size.cpus), "-m", str(size.memory)),
        *(("-object", memory.backend(size)) if memory else ()),
        *("-kernel", f"/dev/fd/{kernel}", "-initrd", f"/dev/fd/{initrd}"),
        *("-append", " ".join(filter(None, (COMMAND_LINE, CLOCK[accel], words)))),
        *("-chardev", f"socket,id=console,fd={console}", "-serial", "chardev:console"),
        *("-chardev", f"socket,id=agent,fd={agent}", "-device", "virtio-serial-pci"),
        *("-device", f"virtserialport,chardev=agent,name={PORT}"),
        *("-chardev", f"socket,id=control,fd={control}", "-mon", "chardev=control,mode=control"),
        *(word for fd in serial for word in ("-chardev", f"socket,id=serial,fd={fd}", "-serial", "chardev:serial")),
        *(("-incoming", "defer") if memory and memory.remembered else ()),
    ]
