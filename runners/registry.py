"""Which runner a target has."""

from __future__ import annotations

from conformance.model import Target
from runners.base import Guest, Runner, RunnerError, sentence
from runners.gvisor import MEMORY_MIB as SANDBOX_MIB
from runners.gvisor import RUNSC, GvisorRunner
from runners.local import LocalRunner
from runners.profile.runner import ProfileRunner
from runners.qemu.machine import CPUS, MEMORY_MIB, Size
from runners.qemu.runner import QemuRunner


class Careful:
    """A runner whose errors are sentences: what this machine cannot do is one target's trouble, and no other's.

    A read-only home, a full cache and a small TMPDIR are met in many places, and in some that nobody has thought of.
    """

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def missing(self) -> str | None:
        """See `Runner`."""
        try:
            return self.runner.missing()
        except RunnerError as error:
            return str(error)
        except OSError as error:
            return sentence(error)

    def open(self) -> Guest:
        """See `Runner`."""
        try:
            return self.runner.open()
        except OSError as error:
            raise RunnerError(f"a guest could not be started: {sentence(error)}") from error

    def describe(self) -> list[str]:
        """See `Runner`."""
        try:
            return self.runner.describe()
        except RunnerError as error:
            return [str(error)]
        except OSError as error:
            return [sentence(error)]


def runner_for(target: Target, kernel: str | None = None, *, cold: bool = False, bare: bool = False) -> Runner:
    """The runner of a target; `kernel` replaces the kernel that its options name. Raises ValueError.

    `cold`: boot every guest, instead of resuming one that was remembered. `bare`: only the executor is going to be
    started in them, so that a guest that takes time to boot may do without everything else.
    """
    return Careful(_runner_for(target, kernel, cold=cold, bare=bare))


def _runner_for(target: Target, kernel: str | None, *, cold: bool, bare: bool) -> Runner:
    options = target.options
    match target.runner:
        case "local":
            return LocalRunner()
        case "qemu":
            source = _text(target, "kernel")
            size = Size(_number(target, "memory", MEMORY_MIB), _number(target, "cpus", CPUS))
            return QemuRunner(kernel or source, size, wsl2=source == "wsl2", cold=cold, bare=bare)
        case "profile":
            return ProfileRunner(_text(target, "profile"), bare=bare)
        case "gvisor":
            platform = str(options["platform"]) if "platform" in options else None
            memory = _number(target, "memory", SANDBOX_MIB)
            return GvisorRunner(target.name, str(options.get("binary", RUNSC)), platform, memory)
    raise ValueError(f"there is no runner {target.runner}")


def _text(target: Target, key: str) -> str:
    """An option that the runner cannot do without. Raises ValueError."""
    if key not in target.options:
        raise ValueError(f"the target {target.name} has no {key}")
    return str(target.options[key])


def _number(target: Target, key: str, usual: int) -> int:
    return int(target.options.get(key, usual))
