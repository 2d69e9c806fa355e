"""PID 1 of a guest that boots a kernel: makes a usual system, then starts processes for the host over one byte stream.

It needs nothing of the kernel but an initramfs and a serial port. `conformance.protocol.agent` has the frames; the
other end belongs to the runner that boots it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Sequence

from conformance.guest import loopback
from conformance.offspring import signal_group
from conformance.protocol import agent
from conformance.protocol.agent import AWAKE, DATA, END_OF_INPUT, EXIT, HEADER, HELLO, KILL, PORT, SPAWN

SERIAL = "/dev/ttyS1"

MOUNTS = (
    ("devtmpfs", "/dev", "devtmpfs", 0, "mode=755"),
    ("proc", "/proc", "proc", 0, ""),
    ("sysfs", "/sys", "sysfs", 0, ""),
    ("devpts", "/dev/pts", "devpts", 0, "gid=5,mode=620,ptmxmode=666"),
    ("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777"),  # noqa: S108 - a mount point, as on every system
    ("tmpfs", "/run", "tmpfs", 0, "mode=755"),
    ("tmpfs", "/tmp", "tmpfs", 0, "mode=1777"),  # noqa: S108 - as above
    ("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, ""),
    ("debugfs", "/sys/kernel/debug", "debugfs", 0, ""),
    ("tracefs", "/sys/kernel/tracing", "tracefs", 0, ""),
    ("securityfs", "/sys/kernel/security", "securityfs", 0, ""),
)
"""What an init system mounts before anything else (file-hierarchy(7)); what a kernel lacks is passed over."""


def mount_all() -> None:
    """Make the usual mounts."""
    libc = ctypes.CDLL(None, use_errno=True)
    for source, target, kind, flags, data in MOUNTS:
        with contextlib.suppress(OSError):
            os.makedirs(target, exist_ok=True)
        libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode())
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1")):
        with contextlib.suppress(OSError):
            os.symlink(target, f"/dev/{name}")


def load_modules() -> None:
    """Load what must be there before anybody can ask for it, and make the nodes that load a module when opened."""
    release = os.uname().release
    directory = f"/lib/modules/{release}"
    if not os.path.isdir(directory):
        return
    subprocess.run(["modprobe", "-a", "-q", "virtio_pci", "virtio_console"], check=False)
    with contextlib.suppress(OSError), open(f"{directory}/modules.devname", encoding="utf-8") as names:
        for line in names:
            if line.startswith("#"):
                continue
            _, node, numbers = line.split()
            major, minor = map(int, numbers[1:].split(":"))
            with contextlib.suppress(OSError):
                os.makedirs(os.path.dirname(f"/dev/{node}"), exist_ok=True)
                mode = 0o060600 if numbers[0] == "b" else 0o020600
                os.mknod(f"/dev/{node}", mode, os.makedev(major, minor))


def preload(names: Sequence[str]) -> list[str]:
    """Load modules that are there, each with what it needs; those that could not be loaded."""
    return [name for name in names if subprocess.run(["modprobe", "-q", name], check=False).returncode]


def bring_up() -> None:
    """The loopback interface and a host name."""
    with contextlib.suppress(OSError):
        loopback.bring_up()
    import socket  # noqa: PLC0415 - after the mounts, which others wait for

    with contextlib.suppress(OSError):
        socket.sethostname("guest")


def open_stream() -> int:
    """The virtio-serial port if the kernel has one, else the second serial port, as an fd."""
    with contextlib.suppress(OSError):
        for port in os.listdir("/sys/class/virtio-ports"):
            with open(f"/sys/class/virtio-ports/{port}/name", encoding="utf-8") as name:
                if name.read().strip() == PORT:
                    return os.open(f"/dev/{port}", os.O_RDWR | os.O_CLOEXEC)
    fd = os.open(SERIAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    tty.setraw(fd)
    attributes = termios.tcgetattr(fd)
    attributes[4] = attributes[5] = termios.B115200
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
    return fd


def awake(payload: bytes) -> None:
    """Catch up with the world: the clock stood still, and the random numbers must not be those of the last time."""
    now, random = agent.read_awake(payload)
    time.clock_settime(time.CLOCK_REALTIME, now)
    with open("/dev/urandom", "wb") as pool:
        pool.write(random)


class Agent:
    """Starts processes and passes bytes between them and the stream."""

    def __init__(self, stream: int, unloaded: Sequence[str] = ()) -> None:
        self.stream = stream
        self.unloaded = unloaded
        self.received = b""
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self.poll = select.poll()
        self.poll.register(stream, select.POLLIN)
        self.outputs: dict[int, int] = {}
        self.silent: set[int] = set()
        """Channels of processes that have closed their output and may still go on."""
        self.pending: dict[int, bytearray] = {}
        """By channel, what its process has not read yet: waiting for it here would stop everybody else."""
        self.inputs: dict[int, int] = {}
        """Channels by the fd that their process reads from, while there is something pending."""
        self.closing: set[int] = set()
        """Channels whose input ends when nothing is pending any more."""

    def send(self, channel: int, kind: int, payload: bytes = b"") -> None:
        """Write a frame, whole."""
        view = memoryview(agent.frame(channel, kind, payload))
        while view:
            view = view[os.write(self.stream, view) :]

    def serve(self) -> None:
        """Forever: what comes from the host, what comes from processes, what has ended."""
        self.send(0, HELLO, agent.hello(os.uname().release, self.name(), self.unloaded))
        while True:
            for fd, _ in self.poll.poll(10 if self.silent else 200 if self.processes else None):
                if fd == self.stream:
                    self.receive()
                elif fd in self.outputs:
                    self.forward(fd)
                elif fd in self.inputs:
                    self.feed(self.inputs[fd])
            self.reap()

    def name(self) -> str:
        """Which kind of stream this is."""
        return os.path.basename(os.readlink(f"/proc/self/fd/{self.stream}"))

    def receive(self) -> None:
        """Take what has come from the host and act on whole frames."""
        self.received += os.read(self.stream, 1 << 16)
        while len(self.received) >= HEADER.size:
            channel, kind, length = HEADER.unpack_from(self.received)
            if len(self.received) < HEADER.size + length:
                return
            payload = self.received[HEADER.size : HEADER.size + length]
            self.received = self.received[HEADER.size + length :]
            self.act(channel, kind, payload)

    def act(self, channel: int, kind: int, payload: bytes) -> None:
        """One frame."""
        if kind == SPAWN:
            self.spawn(channel, *agent.read_spawn(payload))
        elif kind == AWAKE:
            awake(payload)
        elif process := self.processes.get(channel):
            if kind == DATA:
                self.pending[channel] += payload
                self.feed(channel)
            elif kind == END_OF_INPUT:
                self.closing.add(channel)
                self.feed(channel)
            elif kind == KILL:
                signal_group(process.pid, signal.SIGKILL)

    def feed(self, channel: int) -> None:
        """Give a process as much of what is pending as it takes, and come back when it takes more."""
        process, pending = self.processes[channel], self.pending[channel]
        assert process.stdin is not None
        if process.stdin.closed:
            return
        fd = process.stdin.fileno()
        try:
            while pending:
                del pending[: os.write(fd, pending[: 1 << 16])]
        except BlockingIOError:
            if fd not in self.inputs:
                self.inputs[fd] = channel
                self.poll.register(fd, select.POLLOUT)
            return
        except OSError:
            pending.clear()  # it has closed its input
        if self.inputs.pop(fd, None) is not None:
            self.poll.unregister(fd)
        if channel in self.closing:
            process.stdin.close()

    def spawn(self, channel: int, argv: list[str], env: dict[str, str]) -> None:
        """Start a process; one that cannot be started ends at once with status 127."""
        try:
            process = subprocess.Popen(
                argv,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            sys.stderr.write(f"agent: {error}\n")
            self.send(channel, EXIT, agent.ended(127))
            return
        assert process.stdin is not None
        assert process.stdout is not None
        os.set_blocking(process.stdin.fileno(), False)
        self.processes[channel] = process
        self.pending[channel] = bytearray()
        self.outputs[process.stdout.fileno()] = channel
        self.poll.register(process.stdout, select.POLLIN)

    def forward(self, fd: int) -> None:
        """What a process wrote, to the host."""
        channel = self.outputs[fd]
        if data := os.read(fd, 1 << 16):
            self.send(channel, DATA, data)
        else:
            self.poll.unregister(fd)
            del self.outputs[fd]
            self.silent.add(channel)

    def reap(self) -> None:
        """Tell of processes that have ended and said everything. Orphans come to PID 1, and are let go."""
        for channel, process in list(self.processes.items()):
            if process.poll() is not None and channel in self.silent:
                self.silent.remove(channel)
                self.finish(channel, self.processes.pop(channel))
        own = {process.pid for process in self.processes.values() if process.returncode is None}
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and found.si_pid not in own:
                os.waitpid(found.si_pid, 0)

    def finish(self, channel: int, process: subprocess.Popen[bytes]) -> None:
        """Close what leads to a process, and send its status."""
        assert process.stdin is not None
        if not process.stdin.closed and self.inputs.pop(process.stdin.fileno(), None) is not None:
            self.poll.unregister(process.stdin)
        del self.pending[channel]
        self.closing.discard(channel)
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()
        self.send(channel, EXIT, agent.ended(process.returncode))


def main(modules: Sequence[str] = ()) -> None:
    """PID 1's life. `modules` are loaded before anybody else does anything."""
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    mount_all()
    load_modules()
    unloaded = preload(modules)
    bring_up()
    Agent(open_stream(), unloaded).serve()


if __name__ == "__main__":
    main()
