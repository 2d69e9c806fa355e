"""Reading `targets.toml`."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from conformance import places
from conformance.model import Target
from conformance.run.errors import UsageError
from runners.declaration import Declaration, Flag
from runners.registry import declarations

SHIPPED = places.ROOT / "targets.toml"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
"""What a target may be called: files of records are."""


def default_path() -> Path:
    """`targets.toml` here, else the one that ships."""
    return places.default_path(SHIPPED.name) or SHIPPED


def load(path: Path) -> dict[str, Target]:
    """The targets of a file by name, in order. Raises UsageError with file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the targets file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the targets file {path} is no UTF-8 text: {error.reason} at byte {error.start}") from error
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: {error}; see the TOML there") from error
    _refuse_other_tables(path, text, document)
    tables = document.get("target", {})
    if not isinstance(tables, dict) or not tables:
        raise UsageError(f"{path}: there is no [target.NAME] table in it; each target is one")
    found = {name: _target(path, text, name, table) for name, table in tables.items()}
    for name in found:
        _check_control(path, text, name, found)
    return found


def _refuse_other_tables(path: Path, text: str, document: Mapping[str, object]) -> None:
    """What nobody reads is a misspelt target, which would be missing in silence. Raises UsageError."""
    for key in document:
        if key != "target":
            pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[\].=]")
            line = next((number for number, each in enumerate(text.splitlines(), 1) if pattern.match(each)), 1)
            raise UsageError(f"{path}:{line}: {key}: is read by nobody; targets are tables [target.NAME]")


def _check_control(path: Path, text: str, name: str, found: Mapping[str, Target]) -> None:
    """A control is another target, and has controls of its own up to one that has none. Raises UsageError."""
    way = [name]
    while (control := found[way[-1]].control) is not None:
        where = f"{path}:{_line(text, way[-1], 'control')}: target.{way[-1]}.control"
        if control not in found:
            raise UsageError(f"{where}: there is no target {control!r} in this file")
        if control == way[-1]:
            raise UsageError(f"{where}: a target is not its own control; name another one, or leave the key out")
        way.append(control)
        if control in way[:-1]:
            raise UsageError(f"{where}: the controls go round in a circle: {', '.join(way)}; one must have none")


def _target(path: Path, text: str, name: str, table: object) -> Target:
    where = f"{path}:{_line(text, name)}: target.{name}"
    if not isinstance(table, dict):
        raise UsageError(f"{where}: is no table; write [target.{name}]")
    if not NAME.fullmatch(name):
        raise UsageError(f"{where}: a target's name has only letters, digits, dots, dashes and underscores")
    known = {"runner", "title", "control"}
    options = {key: value for key, value in table.items() if key not in known}
    try:
        target = msgspec.convert({"name": name, **{key: value for key, value in table.items() if key in known}}, Target)
    except msgspec.ValidationError as error:
        found_key = re.search(r"\$\.(\w+)", str(error))
        key = found_key[1] if found_key else ""
        line = _line(text, name, key)
        said = str(error).split(" - at")[0]
        raise UsageError(f"{path}:{line}: target.{name}{'.' + key if key else ''}: {said}") from error
    declaration = declarations().get(target.runner)
    if declaration is None:
        line = _line(text, name, "runner")
        near = _near(target.runner, declarations())
        raise UsageError(
            f"{path}:{line}: target.{name}.runner: {target.runner!r} is not one of {', '.join(declarations())}{near}"
        )
    for key, value in options.items():
        if mistake := _mistake(declaration, key, value):
            raise UsageError(f"{path}:{_line(text, name, key)}: target.{name}.{key}: {mistake}")
    for key, option in declaration.options.items():
        if option.required and key not in options:
            raise UsageError(f"{where}: the runner {target.runner} needs the option {key}, {option.says}")
    options = {
        key: value if declaration.options[key].is_words else _from_here(path, value) for key, value in options.items()
    }
    return replace(target, options=options, answers=declaration.answers)


def _mistake(declaration: Declaration, key: str, value: object) -> str:
    """What is wrong with an option, and what would be right; nothing when it is as it should be."""
    taken = declaration.options
    option = taken.get(key)
    if option is None:
        others = "; ".join(f"{name} ({each.says})" for name, each in taken.items()) or "none"
        return f"the runner {declaration.name} has no such option{_near(key, taken)}; it takes {others}"
    if type(value) is not option.type:  # True is an int to Python, and none to those who write it
        example = f'"{value}"' if option.type is str else value if _is_number(value) else option.least
        return f"is {option.says}, and {value!r} is none; write {key} = {example}"
    if isinstance(value, int) and option.least is not None and not option.least <= value <= option.most:
        return f"is {option.says} from {option.least} to {option.most}, and {value} is not"
    return option.wrong(value) if isinstance(value, str) else ""


def _is_number(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9]+", value, re.ASCII) is not None


def _near(name: str, known: Mapping[str, object]) -> str:
    found = difflib.get_close_matches(name, known, 1)
    return f" (did you mean {found[0]}?)" if found else ""


def _from_here(path: Path, value: str | int) -> str | int:
    """A path in a file is meant from where the file lies."""
    if isinstance(value, str) and "/" in value and not value.startswith("debian:"):
        return str((path.parent / value).resolve())
    return value


def flags() -> list[tuple[Flag, Declaration, str]]:
    """The options of the command line that give a target an option of its runner: with the runner and that option."""
    return [
        (option.flag, declaration, key)
        for declaration in declarations().values()
        for key, option in declaration.options.items()
        if option.flag
    ]


def with_given(targets: Mapping[str, Target], flag: Flag, words: Sequence[str]) -> dict[str, Target]:
    """The targets with what the command line gives them by one flag, each word `TARGET=VALUE`: with another kernel, by
    another build.

    Where the flag may add targets, one that is not there comes behind the others. Raises UsageError.
    """
    (declaration, key) = next((by, key) for each, by, key in flags() if each.name == flag.name)
    found = dict(targets)
    given: set[str] = set()
    for word in words:
        said = f"{flag.name} {word}"
        name, separator, value = word.partition("=")
        if not separator or not value:
            target = "NAME" if flag.adds else "TARGET"
            example = f"{_example(targets, declaration, adds=flag.adds)}={flag.example}"
            raise UsageError(f"{said}: write {target}={flag.metavar}, for example {example}")
        if name in given:
            other = "choose a name for this one" if flag.adds else "give a target one"
            raise UsageError(f"{said}: {name} has another {key} already; {other}")
        given.add(name)
        try:
            value = declaration.options[key].whole(value)
            found[name] = _given(found, declaration, flag, name, key, value)
        except ValueError as error:
            raise UsageError(f"{said}: {error}") from error
    return found


def _example(targets: Mapping[str, Target], declaration: Declaration, *, adds: bool) -> str:
    fitting = [each.name for each in targets.values() if each.runner == declaration.name]
    return "old" if adds or not fitting else fitting[-1]


def _given(
    targets: Mapping[str, Target], declaration: Declaration, flag: Flag, name: str, key: str, value: str
) -> Target:
    """A target with one option given, or one more of that runner's. Raises ValueError."""
    fitting = [each for each in targets.values() if each.runner == declaration.name]
    base = targets.get(name)
    if base is None and flag.adds:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} names no target: a name has only letters, digits, dots, dashes and underscores")
        title = f"{declaration.name}, {key} {value}"
        control = fitting[0].control if fitting else None
        base = Target(name, declaration.name, title, control, answers=declaration.answers)
    if base is None or base.runner != declaration.name:
        are = ", ".join(each.name for each in fitting) or "none"
        or_new = ", or a new name" if flag.adds else ""
        raise ValueError(
            f"{name} is no target of the runner {declaration.name}, which takes a {key}; those are {are}{or_new}"
        )
    return replace(base, given={**base.given, key: value})


def given_words(targets: Sequence[Target], *, with_environment: bool = False) -> list[str]:
    """What the command line must say of these targets for the same options to be given to them.

    `with_environment`: also what a variable gives them, which another shell may not have.
    """
    words: list[str] = []
    for flag, declaration, key in flags():
        for target in targets:
            if target.runner != declaration.name:
                continue
            value = target.given.get(key)
            if value is None and with_environment and key in target.options:
                value = declaration.options[key].from_environment(str(target.options[key]))
            if value is not None:
                words += [flag.name, f"{target.name}={value}"]
    return words


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
