"""The runner `gvisor`: the suite's payload in a `runsc` sandbox that has every capability that gVisor can grant."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance.model import Answers, Target
from conformance.offspring import descendants, signal_all
from runners.base import About, Death, Ending, RunnerError, head
from runners.declaration import MEMORY, Declaration, Flag, Option, Part, Way, number, program
from runners.host import children
from runners.host.cgroup import memory_limit
from runners.host.log import Log
from runners.host.process import ProcessChannel
from runners.host.workspace import DIE_WITH_PARENT, workspace
from runners.payload import layers

RUNSC = "runsc"
PANIC_LOG = "panic.log"
"""Where the sandbox's own process, and no process in it, writes when it panics."""
ASK_SECONDS = 30.0
START_SECONDS = 60.0
MEMORY_MIB = 2048
"""What the sandbox and all in it may take of this machine, unless its target says so."""
SLOWDOWN = 4.0
GRANTED = "capabilities up to CAP_AUDIT_READ and raw sockets are granted; the network is the sandbox's own loopback"
_CAPABILITY_NAMES = """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
    MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
"""
CAPABILITIES = _CAPABILITY_NAMES.split()
"""Everything up to Linux 3.16, which is what every runsc knows: what we did not grant must not look like a lack."""


@dataclass(frozen=True, slots=True)
class Runsc:
    """A build of runsc, by what it says of itself."""

    binary: str
    version: str
    """As it names itself: `0.0~20240729.0`, `release-20240729.0`."""
    flags: str
    """What `runsc flags` says."""

    @property
    def release(self) -> str:
        """The day of the release, as gVisor's tags have it; the whole version where it has none."""
        found = re.search(r"\b(20\d{6})(?:\.[1-9]\d*)?\b", self.version)
        return found[0] if found else self.version

    @property
    def platforms(self) -> tuple[str, ...]:
        """Those that need no device, the best first."""
        return ("systrap", "ptrace") if "systrap" in self.flags else ("ptrace",)

    def has(self, flag: str) -> bool:
        """Whether it knows a flag."""
        return re.search(rf"^\s+-{re.escape(flag)}\b", self.flags, re.MULTILINE) is not None

    def knows_platform(self, name: str) -> bool:
        """Whether it says so where it explains the flag."""
        found = re.search(r"^\s+-platform string\n(.*)$", self.flags, re.MULTILINE)
        return re.search(rf"\b{re.escape(name)}\b", found[1] if found else self.flags) is not None


def examine(binary: str = RUNSC) -> Runsc:
    """Ask a runsc what it is. Raises RunnerError."""
    found = shutil.which(binary)
    if found is None:
        raise RunnerError(
            f"there is no runsc at {binary}: give the path of one with `binary` in targets.toml or --runsc NAME=PATH"
            if "/" in binary
            else "runsc is not installed: run `conformance doctor --install`"
        )
    status = Path(found).stat()
    return _ask(found, status.st_size, status.st_mtime_ns)


@cache
def _ask(binary: str, size: int, changed: int) -> Runsc:
    """What a binary says, for as long as it is the same."""
    try:
        version, flags = (children.run([binary, each], timeout=ASK_SECONDS) for each in ("--version", "flags"))
    except subprocess.TimeoutExpired as error:
        raise RunnerError(
            f"{binary} did not say its version within {ASK_SECONDS:g} seconds; give another runsc"
        ) from error
    except OSError as error:
        raise RunnerError(f"{binary} cannot be run: {error.strerror or error}; give another runsc") from error
    if not version.stdout.startswith("runsc version "):
        raise RunnerError(f"{binary} is no runsc: it does not say its version; give another one")
    return Runsc(
        binary, version.stdout.splitlines()[0].removeprefix("runsc version ").strip(), flags.stdout + flags.stderr
    )


def platforms() -> tuple[str, ...]:
    """Which platforms the installed runsc has, the best first."""
    try:
        return examine().platforms
    except RunnerError:
        return ()


def bundle_config(tree: Path, suite: Path) -> dict[str, object]:
    """The OCI runtime configuration (opencontainers/runtime-spec, config.md)."""
    granted = [f"CAP_{name}" for name in CAPABILITIES]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/usr/bin/sleep", "infinity"],
            "env": [f"{name}={value}" for name, value in layers.PYTHON_ENVIRONMENT.items()],
            "cwd": "/",
            "capabilities": dict.fromkeys(("bounding", "effective", "inheritable", "permitted", "ambient"), granted),
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 65536, "soft": 65536}],
        },
        "root": {"path": str(tree), "readonly": False},
        "hostname": "guest",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev"]},
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},  # noqa: S108 - the guest's own
            *(
                {
                    "destination": f"{layers.SUITE}/{name}",
                    "type": "bind",
                    "source": str(suite / layers.SUITE.lstrip("/") / name),
                    "options": ["bind", "ro"],
                }
                for name in ("conformance", "cases", layers.BINARIES)
            ),
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]},
    }


class GvisorGuest:
    """A sandbox whose first process sleeps; everything else is started with `runsc exec`."""

    def __init__(self, runsc: Runsc, platform: str, name: str = "gvisor", memory: int = MEMORY_MIB) -> None:
        self.inside = layers.inside()
        self._by, self._platform, self._name, self._memory = runsc, platform, name, memory
        self._stack = ExitStack()
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise

    def _start(self) -> None:
        self._room = self._stack.enter_context(workspace("gvisor"))
        self._log = self._stack.enter_context(Log())
        bundle = self._room / "bundle"
        bundle.mkdir()
        (bundle / "config.json").write_text(
            json.dumps(bundle_config(layers.base().tree, layers.suite().tree)), encoding="utf-8"
        )
        self._group = self._stack.enter_context(memory_limit(self._memory, "gvisor"))
        limit = "no limit on its memory: this machine has no memory control group to give"
        if self._group is not None:
            (self._room / "memory.cgroup").write_text(f"{self._group.path}\n", encoding="utf-8")
            limit = f"the sandbox has at most {self._memory} MiB of memory"
        self.about = About(
            f"runsc {self._by.version}, {self._platform}",
            f"{self._name} ({self._by.release}, {self._platform})",
            (GRANTED, limit),
            {"runsc": self._by.release},
            disposable=True,
            slowdown=SLOWDOWN,
        )
        command = self._runsc("run", f"--bundle={bundle}", "guest")
        # The sandbox's network namespace is ours to make: runsc brings up the loopback that it finds there.
        self._sandbox = subprocess.Popen(
            [*DIE_WITH_PARENT, *(self._group.entering(command) if self._group else command)],
            stdin=subprocess.DEVNULL,
            stdout=self._log.writer,
            stderr=self._log.writer,
            start_new_session=True,
        )
        self._stack.callback(self._end)
        self._wait_until_running()
        (self._room / "sandbox.pid").write_text("\n".join(map(str, descendants(self._sandbox.pid))), encoding="utf-8")

    def _runsc(self, *command: str) -> list[str]:
        return [
            self._by.binary,
            f"--root={self._room / 'state'}",
            f"--platform={self._platform}",
            "--network=none",
            "--net-raw",
            "--ignore-cgroups",
            f"--panic-log={self._room / PANIC_LOG}",
            "--overlay2=root:memory" if self._by.has("overlay2") else "--overlay",
            *command,
        ]

    def _wait_until_running(self) -> None:
        end = time.monotonic() + START_SECONDS
        while self._sandbox.poll() is None and time.monotonic() < end:
            done = self._ask("state", "guest")
            if '"status": "running"' in done:
                return
            time.sleep(0.05)
        last = " / ".join(self.log().strip().splitlines()[-2:])
        raise RunnerError(f"runsc did not start a sandbox with platform {self._platform}: {last}")

    def _ask(self, *command: str) -> str:
        """What a command of runsc's says that starts nothing. Raises RunnerError."""
        try:
            return subprocess.run(
                [*DIE_WITH_PARENT, *self._runsc(*command)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                errors="replace",
                timeout=ASK_SECONDS,
                check=False,
            ).stdout
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RunnerError(f"runsc {command[0]} gave no answer: {error}") from error

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> ProcessChannel:
        """See `Guest`."""
        given = [f"--env={name}={value}" for name, value in {**layers.PYTHON_ENVIRONMENT, **(env or {})}.items()]
        if self.death():
            raise RunnerError("the sandbox is gone")
        command = self._runsc("exec", *given, "guest", *argv)
        return self._stack.enter_context(ProcessChannel(command, os.environ, self._log.writer))

    def log(self) -> str:
        """See `Guest`."""
        return self._log.text()

    def death(self) -> Death | None:
        """See `Guest`."""
        if self._group and self._group.exceeded():  # whichever of its processes the kernel chose: no sandbox any more
            return Death(Ending.LIMIT, f"the sandbox took more than its {self._memory} MiB of memory")
        status = self._sandbox.poll()
        if status is None:
            return None
        if panic := self._panic():
            return Death(Ending.PANIC, panic)
        killer = -status if status < 0 else status - 128
        if killer in set(signal.Signals):
            return Death(Ending.GONE, f"the sandbox was ended by {signal.Signals(killer).name}")
        return Death(Ending.GONE, f"the sandbox ended with status {status}")

    def _panic(self) -> str:
        """What the sentry said when it gave up, with the function in which it did; nothing if it did not."""
        return go_panic(head(self._room / PANIC_LOG))

    def _end(self) -> None:
        with suppress(RunnerError):
            self._ask("kill", "guest", "KILL")
        with suppress(subprocess.TimeoutExpired):
            self._sandbox.wait(5)
        signal_all(descendants(self._sandbox.pid), signal.SIGKILL)
        self._sandbox.kill()
        self._sandbox.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def go_panic(said: str) -> str:
    """The message of a Go program's panic or fatal error, and the first function of gVisor's own on the stack."""
    lines = said.splitlines()
    for at, line in enumerate(lines):
        if re.match(r"(panic|fatal error): ", line):
            calls = (each.rpartition("/")[2] for each in lines[at:] if each.startswith("gvisor.dev/"))
            where = re.match(r"[\w.(*)]+?(?=\((?![*])|$)", next(calls, ""))
            return line + (f", in {where[0]}" if where and where[0] else "")
    return ""


class GvisorRunner:
    """Opens sandboxes of one build of runsc, on the first platform that starts.

    `name`: the target's, for the column's. `platform`: that one and no other. `memory`: MiB for a sandbox.
    """

    def __init__(
        self, name: str = "gvisor", binary: str = RUNSC, platform: str | None = None, memory: int = MEMORY_MIB
    ) -> None:
        self._name, self._binary, self._platform, self._memory = name, binary, platform, memory

    def missing(self) -> str | None:
        """See `Runner`."""
        try:
            self._platforms(examine(self._binary))
        except RunnerError as error:
            return str(error)
        if os.geteuid() != 0:
            return "runsc needs root to give a sandbox all capabilities: run `sudo conformance run`"
        return None

    def _platforms(self, runsc: Runsc) -> tuple[str, ...]:
        """Which platforms to try. Raises RunnerError when the one that was asked for cannot be had."""
        if self._platform is None:
            return runsc.platforms
        if not runsc.knows_platform(self._platform):
            raise RunnerError(
                f"runsc {runsc.version} has no platform {self._platform}: write platform = "
                f"{runsc.platforms[0]!r} in targets.toml, or give a newer runsc with --runsc {self._name}=PATH"
            )
        return (self._platform,)

    def describe(self) -> list[str]:
        """See `Runner`."""
        runsc = examine(self._binary)
        return [f"runsc {runsc.version} ({runsc.binary}), platforms {', '.join(self._platforms(runsc))}"]

    def open(self) -> GvisorGuest:
        """See `Runner`."""
        runsc = examine(self._binary)
        tried: dict[str, None] = {}
        for platform in self._platforms(runsc):
            try:
                return GvisorGuest(runsc, platform, self._name, self._memory)
            except RunnerError as error:
                tried[str(error)] = None
        raise RunnerError("; ".join(tried))


BACKPORTS = "bookworm-backports"
"""Where Debian 12 has a runsc with the platform systrap."""


def whole_binary(value: str) -> str:
    """A runsc of the command line, by its whole path (see `Option.whole`)."""
    found = shutil.which(value)
    if found is None:
        path = Path(value)
        why = "is a directory" if path.is_dir() else "cannot be started" if path.exists() else "is not there"
        raise ValueError(f"the runsc {value} {why}; give the path of an executable")
    return str(Path(found).resolve())


def _runner(target: Target, way: Way) -> GvisorRunner:
    taken = target.taken
    platform = str(taken["platform"]) if "platform" in taken else None
    memory = number(target, "memory", MEMORY_MIB)
    return GvisorRunner(target.name, str(taken.get("binary", RUNSC)), platform, memory)


DECLARATION = Declaration(
    "gvisor",
    Answers.IMITATION,
    _runner,
    {
        "binary": Option(
            "a text: the path of a runsc",
            flag=Flag(
                "--runsc",
                "PATH",
                "Run a gVisor target by this runsc. NAME may be a new one, so that builds stand side by side.",
                "Run it by this runsc.",
                "/path/to/runsc",
                adds=True,
            ),
            whole=whole_binary,
        ),
        "platform": Option("a text: systrap, ptrace or kvm"),
        "memory": MEMORY,
    },
    (
        Part("runsc", "runsc", "the target gvisor", program("runsc")),
        Part(
            "runsc with systrap",
            "runsc",
            f"gVisor's current platform (Debian 12: from {BACKPORTS})",
            lambda: "systrap" in platforms(),
            BACKPORTS,
        ),
    ),
)
