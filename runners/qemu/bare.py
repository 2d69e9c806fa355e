"""A machine with nothing in it but the executor, as PID 1 of an initramfs of its own: fast to start, with one stream.

Only a kernel with modules has more: what the executor loads to reach us, and what the kernel loads on demand.
"""

from __future__ import annotations

import select
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from runners.base import About, Death, Inside, RunnerError
from runners.kernels import modules
from runners.kernels.kernel import Kernel
from runners.payload import layers
from runners.payload.cpio import concatenate, write_archive
from runners.payload.executor import executable
from runners.qemu.accelerator import Accelerator
from runners.qemu.machine import BOOT_SECONDS, Machine, Size
from runners.qemu.multiplex import bound_sending
from runners.qemu.surroundings import NONE, Surroundings

INIT = "/init"
STREAM_MODULES = ("virtio_pci", "virtio_console")
LARGEST_READ = 1 << 20


class StreamChannel:
    """The executor's two ends of the stream (see `Channel`). It is all that runs there: its end is the machine's."""

    def __init__(self, machine: Machine, stream: socket.socket) -> None:
        self._machine, self._stream = machine, stream
        bound_sending(stream)
        self.ended = False
        """Whether the stream has."""

    def read(self, timeout: float | None = None) -> bytes:
        """See `Channel`."""
        if self.ended:
            return b""
        if not readable([self._stream], timeout):
            raise TimeoutError
        try:
            data = self._stream.recv(LARGEST_READ)
        except OSError:
            data = b""
        self.ended = not data
        return data

    def write(self, data: bytes) -> None:
        """See `Channel`."""
        try:
            self._stream.sendall(data)
        except OSError as error:
            raise BrokenPipeError("the guest is gone") from error

    def close_input(self) -> None:
        """See `Channel`. QEMU takes it for the end of both directions; the executor ends, and the machine with it."""
        try:
            self._stream.shutdown(socket.SHUT_WR)
        except OSError:
            self.ended = True

    def wait(self, timeout: float | None = None) -> int:
        """See `Channel`. The status is QEMU's: 0 when the executor has powered the machine off."""
        try:
            return self._machine.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None

    def kill(self) -> None:
        """See `Channel`."""
        self._machine.end()
        self.ended = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class BareGuest:
    """A virtual machine in which nothing can be started but the executor, and that once: it has been."""

    inside = Inside((), "", lambda: (INIT,))

    def __init__(self, kernel: Kernel, accelerated: Accelerator, size: Size, surroundings: Surroundings = NONE) -> None:
        self._machine = Machine(kernel, accelerated, size, surroundings)
        self._channel: StreamChannel | None = None
        try:
            initrd = self._machine.room / "initrd"
            write_initrd(initrd, kernel, surroundings)
            self._machine.power_on(initrd, serial=True)
            self._stream = self._await_first_word()
            initrd.unlink()
        except BaseException:
            self._machine.close()
            raise

    def _await_first_word(self) -> socket.socket:
        """The stream on which the executor says hello, which stays unread. Raises RunnerError."""
        streams = [self._machine.stream, self._machine.serial]
        for stream in readable(streams, BOOT_SECONDS):
            with suppress(ConnectionResetError):
                if stream.recv(1, socket.MSG_PEEK):
                    return stream
        raise self._machine.failure()

    @property
    def about(self) -> About:
        """See `Guest`."""
        return self._machine.about("virtio-serial" if self._stream is self._machine.stream else "serial")

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> StreamChannel:
        """See `Guest`. Raises RunnerError for everything but the executor, and for a second one."""
        if list(argv) != list(self.inside.executor):
            raise RunnerError(f"{' '.join(argv)} cannot be started: a bare guest has nothing in it but the executor")
        if self._channel is not None:
            raise RunnerError("a bare guest has one executor, which has been started already: open another guest")
        self._channel = StreamChannel(self._machine, self._stream)
        return self._channel

    def log(self) -> str:
        """See `Guest`."""
        return self._machine.log()

    def death(self) -> Death | None:
        """See `Guest`."""
        return self._machine.death(silenced=self._channel is not None and self._channel.ended)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._machine.close()


def write_initrd(to: Path, kernel: Kernel, surroundings: Surroundings = NONE) -> None:
    """The executor as /init; for a kernel with modules, those too. Raises RunnerError.

    The executor loads /modules/0, /modules/1 … before anything else. All others are there for the kernel to load on
    demand, as on a real system: without them, every address family and file system in a module would be found missing.
    """
    tree, own = to.with_suffix(".tree"), to.with_suffix(".own")
    (tree / "modules").mkdir(parents=True)
    init = tree / INIT.lstrip("/")
    init.write_bytes(executable().read_bytes())
    init.chmod(0o755)
    archives = [own]
    if kernel.tree:
        needed = modules.chain(kernel.tree, [*STREAM_MODULES, *surroundings.loadable(kernel)])
        for number, module in enumerate(needed):
            (tree / "modules" / str(number)).write_bytes(modules.content(module))
        archives += [layers.loader().archive, modules.archive(kernel)]
    write_archive(tree, own)
    concatenate(archives, to)


def readable(streams: Sequence[socket.socket], timeout: float | None) -> list[socket.socket]:
    """Which of the streams have something to say, or their end; none when `timeout` seconds have passed."""
    poll = select.poll()
    by_number = {stream.fileno(): stream for stream in streams}
    for number in by_number:
        poll.register(number, select.POLLIN)
    return [by_number[number] for number, _ in poll.poll(None if timeout is None else timeout * 1000)]
