"""Which runner a target has."""

from __future__ import annotations

from conformance.model import Target
from runners.base import Runner
from runners.gvisor import GvisorRunner
from runners.local import LocalRunner
from runners.profile import ProfileRunner
from runners.qemu import QemuRunner


def runner_for(target: Target, kernel: str | None = None, *, cold: bool = False, bare: bool = False) -> Runner:
    """The runner of a target; `kernel` replaces the kernel that its options name. Raises ValueError.

    `cold`: boot every guest, instead of resuming one that was remembered. `bare`: only the executor is going to be
    started in them, so that a guest that takes time to boot may do without everything else.
    """
    match target.runner:
        case "local":
            return LocalRunner()
        case "qemu":
            source = target.options["kernel"]
            return QemuRunner(kernel or source, wsl2=source == "wsl2", cold=cold, bare=bare)
        case "profile":
            return ProfileRunner(target.options["profile"], bare=bare)
        case "gvisor":
            return GvisorRunner()
    raise ValueError(f"there is no runner {target.runner}")
