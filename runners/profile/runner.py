"""The runner `profile`: this kernel, less what a profile says that an emulation lacks, by a seccomp filter."""

from __future__ import annotations

import os
import sys
from ctypes.util import find_library
from pathlib import Path

from conformance.model import Answers
from conformance.text import plural
from runners.base import About, RunnerError
from runners.declaration import Declaration, Option, Part, text
from runners.host.cache import digest
from runners.local import HostGuest
from runners.profile.format import NO_FILES, Profile, ProfileError, load

PROFILES = Path(__file__).parent


def profile_path(name: str) -> Path:
    """A shipped profile by name, or any by path."""
    shipped = PROFILES / f"{name}.toml"
    return shipped if shipped.exists() else Path(name)


class ProfileRunner:
    """Opens guests under a profile.

    `bare`: only the executor is going to be started in them, whose root has nothing in it. The files that a profile
    speaks of, in /proc and /dev, are out of its reach, and its open(2) is not looked at.
    """

    def __init__(self, name: str, *, bare: bool = False) -> None:
        self._path = profile_path(name)
        self._bare = bare

    def _load(self) -> Profile:
        try:
            return load(self._path)
        except ProfileError as error:
            raise RunnerError(str(error)) from error

    def missing(self) -> str | None:
        """See `Runner`."""
        if os.geteuid() != 0:
            return (
                "a profile needs root, so that cases are as privileged as on other targets: run `sudo conformance run`"
            )
        try:
            self._load()
        except RunnerError as error:
            return str(error)
        if find_library("seccomp") is None:
            return "libseccomp is not installed: run `conformance doctor --install`"
        return None

    def describe(self) -> list[str]:
        """See `Runner`."""
        profile = self._load()
        lines = [f"{profile.title}: {plural(len(profile.rules), 'rule')} in {self._path.name}"]
        return lines + [f"not emulated: {each.what} ({each.why})" for each in profile.not_emulated]

    def open(self) -> HostGuest:
        """See `Runner`."""
        profile = self._load()
        notes = (
            f"reproduces absence and refusal only; {len(profile.not_emulated)} known differences are not emulated",
            *(f"not emulated: {each.what}" for each in profile.not_emulated),
        )
        without = [NO_FILES] if self._bare else []
        prefix = [sys.executable, "-m", "runners.profile.launch", *without, str(self._path), "--"]
        made_by = f"seccomp profile {self._path.name} ({digest(self._path)[:8]}), {plural(len(profile.rules), 'rule')}"
        return HostGuest(About(made_by, notes=notes, versions=profile.versions), prefix)


DECLARATION = Declaration(
    "profile",
    Answers.FILTER,
    lambda target, way: ProfileRunner(text(target, "profile"), bare=way.bare),
    {"profile": Option("a text: the name or path of a profile", required=True)},
    (
        Part(
            "libseccomp",
            "libseccomp2",
            "targets that are a profile of this kernel",
            lambda: bool(find_library("seccomp")),
        ),
    ),
)
