"""Which runner a target has."""

from __future__ import annotations

from conformance.model import Target
from runners.base import Runner
from runners.gvisor import GvisorRunner
from runners.local import LocalRunner
from runners.profile import ProfileRunner
from runners.qemu import QemuRunner


def runner_for(target: Target, kernel: str | None = None) -> Runner:
    """The runner of a target; `kernel` replaces the kernel that its options name. Raises ValueError."""
    match target.runner:
        case "local":
            return LocalRunner()
        case "qemu":
            return QemuRunner(kernel or target.options["kernel"], wsl2=target.options["kernel"] == "wsl2")
        case "profile":
            return ProfileRunner(target.options["profile"])
        case "gvisor":
            return GvisorRunner()
    raise ValueError(f"there is no runner {target.runner}")
