"""Reading `targets.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from conformance.model import Target
from conformance.run import shipped
from conformance.run.errors import UsageError

SHIPPED = Path(__file__).resolve().parent.parent.parent / "targets.toml"
RUNNERS: dict[str, set[str]] = {"local": set(), "qemu": {"kernel"}, "gvisor": set(), "profile": {"profile"}}
"""The runners, and the options that each takes."""


def default_path() -> Path:
    """`targets.toml` here, else the one that ships."""
    return shipped.default_path(SHIPPED.name) or SHIPPED


def load(path: Path) -> dict[str, Target]:
    """The targets of a file by name, in order. Raises UsageError with file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the targets file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the targets file {path} is no UTF-8 text: {error.reason} at byte {error.start}") from error
    try:
        tables = tomllib.loads(text).get("target", {})
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: {error}; see the TOML there") from error
    if not isinstance(tables, dict) or not tables:
        raise UsageError(f"{path}: there is no [target.NAME] table in it; each target is one")
    found = {name: _target(path, text, name, table) for name, table in tables.items()}
    for name, target in found.items():
        if target.control is not None and target.control not in found:
            line = _line(text, name, "control")
            raise UsageError(
                f"{path}:{line}: target.{name}.control: there is no target {target.control!r} in this file"
            )
    return found


def _target(path: Path, text: str, name: str, table: object) -> Target:
    where = f"{path}:{_line(text, name)}: target.{name}"
    if not isinstance(table, dict):
        raise UsageError(f"{where}: is no table; write [target.{name}]")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise UsageError(f"{where}: a target's name has only letters, digits, dots, dashes and underscores")
    known = {"runner", "title", "control"}
    options = {key: value for key, value in table.items() if key not in known}
    for key, value in options.items():
        if not isinstance(value, str):
            line = _line(text, name, key)
            raise UsageError(f"{path}:{line}: target.{name}.{key}: Expected `str`, got {value!r}; write it in quotes")
    try:
        target = msgspec.convert(
            {"name": name, **{key: value for key, value in table.items() if key in known}, "options": options}, Target
        )
    except msgspec.ValidationError as error:
        found_key = re.search(r"\$\.(\w+)", str(error))
        key = found_key[1] if found_key else ""
        line = _line(text, name, key)
        said = str(error).split(" - at")[0]
        raise UsageError(f"{path}:{line}: target.{name}{'.' + key if key else ''}: {said}") from error
    if target.runner not in RUNNERS:
        line = _line(text, name, "runner")
        raise UsageError(f"{path}:{line}: target.{name}.runner: {target.runner!r} is not one of {', '.join(RUNNERS)}")
    for key in options:
        if key not in RUNNERS[target.runner]:
            line = _line(text, name, key)
            raise UsageError(f"{path}:{line}: target.{name}.{key}: the runner {target.runner} has no such option")
    for key in RUNNERS[target.runner] - set(options):
        raise UsageError(f"{where}: the runner {target.runner} needs the option {key}")
    return target


def _line(text: str, name: str, key: str = "") -> int:
    """The line of a target's table, or of a key in it; 1-based."""
    found = 1
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().startswith("["):
            inside = re.fullmatch(rf"\[target\.[\"']?{re.escape(name)}[\"']?\]", line.split("#")[0].strip()) is not None
            if inside:
                found = number
        elif inside and key and re.match(rf"\s*{re.escape(key)}\s*=", line):
            return number
    return found


def choose(targets: dict[str, Target], names: Sequence[str], reference: str) -> list[Target]:
    """The targets to run, the reference first. Raises UsageError for a name that is none."""
    for name in (*names, reference):
        if name not in targets:
            raise UsageError(f"there is no target {name}; the targets are {', '.join(targets)}")
    wanted = list(dict.fromkeys([reference, *(names or targets)]))
    return [targets[name] for name in wanted]
