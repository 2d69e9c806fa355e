"""A kernel that somebody asks about before it is booted: whether it could be, and how it is configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runners.base import RunnerError
from runners.kernels import config
from runners.kernels.given import whole
from runners.kernels.images import find


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a kernel without booting it."""

    release: str
    options: Mapping[str, str] | None
    """Its configuration; None where it cannot be had."""
    unreadable: str = ""
    """Why not, as the end of a sentence."""

    @property
    def is_wsl2s(self) -> bool:
        """Whether its configuration is one of WSL2's."""
        return self.options is not None and config.Config(self.options).is_wsl2s


def ask(source: str, configuration: Path | None = None) -> Asked:
    """About the kernel that a target's `kernel` option names. `configuration`: a file that has its configuration.

    Raises RunnerError where there is none, or none that could be booted.
    """
    kernel = find(source)
    whole(kernel)
    if configuration:
        return Asked(kernel.release, _read(configuration))
    try:
        return Asked(kernel.release, config.of(kernel.image).options)
    except config.Unreadable as error:
        return Asked(kernel.release, None, str(error))


def _read(path: Path) -> Mapping[str, str]:
    """Raises RunnerError."""
    try:
        found = config.parse(path.read_text(encoding="utf-8", errors="replace")).options
    except OSError as error:
        raise RunnerError(f"the configuration {path} cannot be read: {error.strerror}; name another file") from error
    if not found:
        raise RunnerError(f"{path} is no configuration of a kernel, it has no line CONFIG_…=…; name another file")
    return found
