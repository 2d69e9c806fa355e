"""Where expectations are kept: a folder with a file a target, one such file, or the one file of old."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from conformance.matrix.expectations.files import ExpectationError, TargetFile, dump, parse
from conformance.matrix.expectations.single import is_single, parse_single
from conformance.model import Expectation, ExpectationKind
from conformance.places import default_path
from conformance.run.errors import UsageError
from conformance.run.remembering import Shelf
from conformance.run.whole import write_whole

FOLDER = Path("expectations")
OLD = Path("expectations.toml")
"""What stood in place of the folder before every target had a file of its own."""
LARGE = 16 << 10
"""How many characters a file has that takes longer to read than to find again as it was read."""
SHELF = Shelf("expectations", ("matrix/expectations", "conditions.py", "model.py"), most=32)


@dataclass(frozen=True, slots=True)
class Known:
    """The expectations of a place."""

    path: Path
    files: Sequence[TargetFile] = ()
    old: bool = False
    """Whether it is the one file of old, which is read and never written."""
    paths: dict[str, Path] = field(default_factory=dict)
    """The files by target, where they are not called after it."""

    @property
    def expectations(self) -> list[Expectation]:
        """All of them."""
        return [each for file in self.files for each in file.entries]

    def of(self, target: str) -> TargetFile:
        """The file of a target, an empty one where there is none."""
        return next((file for file in self.files if file.target == target), TargetFile(target))

    def usual(self, target: str, kind: ExpectationKind) -> dict[str, str]:
        """What the entries of a target and a kind have in common."""
        return self.of(target).inherited(kind)

    def with_entries(self, entries: Iterable[Expectation]) -> Known:
        """The place with these expectations instead."""
        by_target: dict[str, list[Expectation]] = {file.target: [] for file in self.files}
        for each in entries:
            by_target.setdefault(each.target, []).append(each)
        return replace(self, files=[replace(self.of(name), entries=tuple(own)) for name, own in by_target.items()])

    def with_file(self, file: TargetFile) -> Known:
        """The place with a target's file instead."""
        return replace(self, files=[*(each for each in self.files if each.target != file.target), file])

    def texts(self) -> dict[str, str]:
        """The files as they are written, by target."""
        return {file.target: dump(file) for file in self.files}

    def counts(self) -> Counter[ExpectationKind]:
        """How many there are of each kind."""
        return Counter(each.kind for each in self.expectations)


def default_place() -> Path | None:
    """The folder here, else the file of old here, else the folder that ships; None where there is none."""
    return OLD if OLD.is_file() and not FOLDER.is_dir() else default_path(FOLDER.name)


def is_old(path: Path) -> bool:
    """Whether a file is of the form of old."""
    try:
        return is_single(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def load(path: Path) -> Known:
    """What is expected, by a folder or a file. Raises UsageError, which says where it is malformed."""
    try:
        if not path.is_dir():
            return _of_file(path)
        found = {each: _parsed(_text(each), each) for each in sorted(path.glob("*.toml"))}
    except ExpectationError as error:
        raise UsageError(str(error)) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {error}") from error
    paths: dict[str, Path] = {}
    for each, file in found.items():
        if (first := paths.setdefault(file.target, each)) != each:
            raise UsageError(f"{each} is about {file.target}, as {first} is: give each target one file")
    return Known(path, list(found.values()), paths=paths)


def _of_file(path: Path) -> Known:
    text = _text(path)
    if is_single(text):
        return Known(path, parse_single(text, str(path)), old=True)
    file = _parsed(text, path)
    return Known(path, [file], paths={file.target: path})


def _parsed(text: str, path: Path) -> TargetFile:
    """A text, as `parse` reads it, or has read it before. Raises ExpectationError."""
    if len(text) < LARGE:
        return parse(text, path.stem, str(path))
    return SHELF.get(f"{path.stem}\n{text}", lambda: parse(text, path.stem, str(path)))


def _text(path: Path) -> str:
    """Raises ExpectationError with the file's name, where its text cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ExpectationError(f"{path}: {error}") from error


def write(known: Known, before: Known) -> list[Path]:
    """Write what is not as it was; the files. Raises UserError; then none of them has been written.

    Where the place is another than before, all files are written.
    """
    if known.old:
        raise UsageError(
            f"{known.path} has the form of old, which is not written any more: make a file a target of it with "
            f"`conformance expect --from {known.path}`"
        )
    earlier = before.texts() if known.path == before.path else {}
    texts = {}
    for file in known.files:
        text = dump(file)
        if earlier.get(file.target) != text:
            path = _path(known, file)
            text = text if path.stem == file.target else dump(file, named=True)
            texts[path] = _checked(text, file.target, path)
    for path, text in texts.items():
        write_whole(path, text.encode())
    return list(texts)


def _path(known: Known, file: TargetFile) -> Path:
    if file.target in known.paths:
        return known.paths[file.target]
    if known.path.suffix != ".toml" or known.path.is_dir():
        return known.path / f"{file.target}.toml"
    others = known.paths.keys() - {file.target} or {each.target for each in known.files} - {file.target}
    if others:
        raise UsageError(
            f"{known.path} is a file of one target, {', '.join(sorted(others))}, and nothing was written of "
            f"{file.target}: choose the target with -t, or name a folder"
        )
    return known.path


def _checked(text: str, target: str, path: Path) -> str:
    """A text that is read again as what it was written from. Raises UsageError."""
    try:
        parse(text, target, str(path))
    except ExpectationError as error:  # such as a case's id, which is the record's
        raise UsageError(f"nothing was written, since it could not be read again: {error}") from error
    return text
