"""The runner `gvisor`: the suite's payload in a `runsc` sandbox that has every capability that gVisor can grant."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from runners import payload
from runners.base import Death, RunnerError, tail
from runners.process import ProcessChannel
from runners.workspace import DIE_WITH_PARENT, workspace

RUNSC = "runsc"
START_SECONDS = 60.0
SLOWDOWN = 4.0
_CAPABILITY_NAMES = """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
    MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ
"""
CAPABILITIES = _CAPABILITY_NAMES.split()
"""Everything up to Linux 3.16, which is what every runsc knows: what we did not grant must not look like a lack."""


def platforms() -> tuple[str, ...]:
    """Which platforms to use, the best that this runsc knows first."""
    try:
        said = subprocess.run(
            [RUNSC, "flags"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=30,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ("ptrace",)
    return ("systrap", "ptrace") if "systrap" in said.stdout + said.stderr else ("ptrace",)


def version() -> str:
    """Of the installed runsc, as it names itself."""
    said = subprocess.run(
        [RUNSC, "--version"], capture_output=True, encoding="utf-8", errors="replace", timeout=30, check=False
    ).stdout
    return said.splitlines()[0].replace("runsc version ", "") if said else "unknown"


def bundle_config(tree: Path, suite: Path) -> dict[str, object]:
    """The OCI runtime configuration (opencontainers/runtime-spec, config.md)."""
    granted = [f"CAP_{name}" for name in CAPABILITIES]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/usr/bin/sleep", "infinity"],
            "env": [f"{name}={value}" for name, value in payload.PYTHON_ENVIRONMENT.items()],
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
                    "destination": f"{payload.SUITE}/{name}",
                    "type": "bind",
                    "source": str(suite / payload.SUITE.lstrip("/") / name),
                    "options": ["bind", "ro"],
                }
                for name in ("conformance", "cases", payload.BINARIES)
            ),
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]},
    }


class GvisorGuest:
    """A sandbox whose first process sleeps; everything else is started with `runsc exec`."""

    disposable = True
    label = ""
    cases = f"{payload.SUITE}/cases"
    slowdown = SLOWDOWN

    def __init__(self, platform: str) -> None:
        self.python: Sequence[str] = payload.python_command()
        self.made_by = f"runsc {version()}, {platform}"
        self.notes: Sequence[str] = (
            "capabilities up to CAP_AUDIT_READ and raw sockets are granted; the network is the sandbox's own loopback",
        )
        self._platform = platform
        self._stack = ExitStack()
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise

    def _start(self) -> None:
        self._room = self._stack.enter_context(workspace("gvisor"))
        self._log = self._stack.enter_context((self._room / "stderr").open("wb"))
        bundle = self._room / "bundle"
        bundle.mkdir()
        (bundle / "config.json").write_text(
            json.dumps(bundle_config(payload.base().tree, payload.suite().tree)), encoding="utf-8"
        )
        # The sandbox's network namespace is ours to make: runsc brings up the loopback that it finds there.
        self._sandbox = subprocess.Popen(
            [*DIE_WITH_PARENT, *self._runsc("run", f"--bundle={bundle}", "guest")],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self._stack.callback(self._end)
        self._wait_until_running()
        (self._room / "sandbox.pid").write_text("\n".join(map(str, _descendants(self._sandbox.pid))), encoding="utf-8")

    def _runsc(self, *command: str) -> list[str]:
        return [
            RUNSC,
            f"--root={self._room / 'state'}",
            f"--platform={self._platform}",
            "--network=none",
            "--net-raw",
            "--ignore-cgroups",
            "--overlay2=root:memory" if self._platform == "systrap" else "--overlay",
            *command,
        ]

    def _wait_until_running(self) -> None:
        end = time.monotonic() + START_SECONDS
        while self._sandbox.poll() is None and time.monotonic() < end:
            done = subprocess.run(
                self._runsc("state", "guest"),
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
                stdin=subprocess.DEVNULL,
            )
            if '"status": "running"' in done.stdout:
                return
            time.sleep(0.05)
        last = " / ".join(self.log().strip().splitlines()[-2:])
        raise RunnerError(f"runsc did not start a sandbox with platform {self._platform}: {last}")

    @property
    def executor(self) -> Sequence[str]:
        """See `Guest`."""
        return payload.executor_command()

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> ProcessChannel:
        """See `Guest`."""
        given = [f"--env={name}={value}" for name, value in {**payload.PYTHON_ENVIRONMENT, **(env or {})}.items()]
        if self.death():
            raise RunnerError("the sandbox is gone")
        command = self._runsc("exec", *given, "guest", *argv)
        return self._stack.enter_context(ProcessChannel(command, os.environ, self._log))

    def ready(self) -> None:
        """See `Guest`. Starts are fast enough."""

    def log(self) -> str:
        """See `Guest`."""
        return tail(self._room / "stderr")

    def death(self) -> Death | None:
        """See `Guest`."""
        if self._sandbox.poll() is None:
            return None
        return Death.PANIC if re.search(r"^panic:", self.log(), re.MULTILINE) else Death.GONE

    def _end(self) -> None:
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                self._runsc("kill", "guest", "KILL"),
                capture_output=True,
                timeout=10,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        with suppress(subprocess.TimeoutExpired):
            self._sandbox.wait(5)
        for pid in _descendants(self._sandbox.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        self._sandbox.kill()
        self._sandbox.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _descendants(pid: int) -> list[int]:
    """A process's children, their children and so on, from /proc."""
    found = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="utf-8").split():
                found += [int(child), *_descendants(int(child))]
    return found


class GvisorRunner:
    """Opens sandboxes on the first platform that starts."""

    def missing(self) -> str | None:
        """See `Runner`."""
        if not shutil.which(RUNSC):
            return "runsc is not installed: apt install runsc, or run `conformance doctor --install`"
        return None if os.geteuid() == 0 else "runsc needs root to give a sandbox all capabilities: run as root"

    def describe(self) -> list[str]:
        """See `Runner`."""
        return [f"runsc {version()}, platforms {', '.join(platforms())}"] if shutil.which(RUNSC) else []

    def open(self) -> GvisorGuest:
        """See `Runner`."""
        tried = []
        for platform in platforms():
            try:
                return GvisorGuest(platform)
            except RunnerError as error:
                tried.append(str(error))
        raise RunnerError("; ".join(tried))
