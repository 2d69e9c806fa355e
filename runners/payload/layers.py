"""What goes into a guest: the running interpreter, the suite and its packages, as a tree and as an initramfs.

Two layers, each cached by content: the *base* (interpreter, packages, shared libraries, a few programs) changes when
the machine does, the *suite* (conformance, cases and the executor) whenever somebody edits a case. Byte-code is
compiled here, since a guest may be twenty times slower; pytest's rewritten modules of the cases, too.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import marshal
import os
import py_compile
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType

from conformance.places import ROOT
from runners.base import Inside, RunnerError, cases_directory
from runners.host.cache import entry
from runners.payload.cpio import write_archive
from runners.payload.executor import executable

SUITE = "/conformance"
"""Where the suite lies in a guest."""
BINARIES = "bin"
"""The directory of the suite, in a guest, with the executor."""
PACKAGES = ("pytest", "python-ptrace")
"""Distributions that a guest needs, with what they require."""
PROGRAMS = (
    *("true", "false", "sh", "cat", "sleep", "modprobe", "kmod"),
    *(
        "chmod",
        "cp",
        "cut",
        "dd",
        "df",
        "dmesg",
        "env",
        "find",
        "grep",
        "head",
        "id",
        "kill",
        "ln",
        "ls",
        "mkdir",
        "mount",
    ),
    *("mv", "ps", "rm", "sed", "sort", "stat", "stty", "tail", "touch", "tr", "tty", "umount", "uname", "wc"),
)
"""Programs of this machine that come along, if it has them: what cases start, and what a person types in a shell."""
PYTHON = "usr/bin/python3"
"""What a person types for the interpreter, wherever this machine has it."""
LOADERS = ("modprobe", "kmod")
"""Those that a guest needs that loads modules and does nothing else."""
UNUSED = re.compile(
    r"(^|/)(test|tests|idlelib|tkinter|turtledemo|lib2to3|ensurepip|distutils|config-[^/]*|pydoc_data|site-packages|"
    r"dist-packages|__pycache__)(/|$)|"
    r"lib-dynload/(_tkinter|_sqlite3|_ssl|_hashlib|_curses|_curses_panel|readline|_gdbm|_dbm|nis|_crypt|_test\w*|xx\w*|"
    r"_bz2|_lzma|ossaudiodev|audioop|_ctypes_test|_uuid|_codecs_\w+|_decimal)\."
)
"""Parts of the standard library that no case needs; they would only make guests slower to start."""
ETC = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
}
_EXECUTOR = "executor"
_C_SOURCES = (".c", ".h")
_IN_GUESTS = ("protocol", "syscalls", "programs", "guest")
"""The packages of ours that run there, beside the cases."""
DIRECTORIES = ("dev", "proc", "sys", "run", "tmp", "root", "mnt", "etc", "var/tmp")


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a guest's root file system, twice: as a directory tree and as a cpio archive."""

    tree: Path
    archive: Path


def interpreter() -> Path:
    """The interpreter that runs us, without the virtual environment around it."""
    return Path(os.path.realpath(sys.executable))


def python_command() -> list[str]:
    """How to start Python in a guest: no site packages but ours, and nothing written."""
    return [str(interpreter()), "-S", "-B", "-u"]


def executor_command() -> list[str]:
    """How to start the executor in a guest. Raises RunnerError when it cannot be made here, so that none is inside."""
    executable()
    return [f"{SUITE}/{BINARIES}/{_EXECUTOR}"]


def inside() -> Inside:
    """Where things are in a guest that has the payload."""
    return Inside(python_command(), f"{SUITE}/cases", executor_command)


PYTHON_ENVIRONMENT = {
    "PYTHONPATH": f"{SUITE}:{SUITE}/packages",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",  # noqa: S108 - the guest's, which nobody else sees
}


# -- the base layer


@cache
def base() -> Layer:
    """Interpreter, packages, libraries and programs. Raises RunnerError."""
    key = hashlib.sha256(
        repr(
            (
                sys.version,
                str(interpreter()),
                sorted(f"{each.name} {each.version}" for each in distributions()),
                [str(each) for each in programs()],
                Path(__file__).read_text(encoding="utf-8"),
            )
        ).encode()
    ).hexdigest()[:16]
    return _layer(f"payload/base-{key}", _make_base)


def _layer(name: str, make: object) -> Layer:
    def fill(into: Path) -> None:
        tree = into / "tree"
        tree.mkdir()
        make(tree)  # type: ignore[operator] # one of the two functions below
        write_archive(tree, into / "layer.cpio")

    path = entry(name, fill)
    return Layer(path / "tree", path / "layer.cpio")


def distributions() -> list[importlib.metadata.Distribution]:
    """The distributions that a guest needs and everything that they require here."""
    found: dict[str, importlib.metadata.Distribution] = {}
    queue = list(PACKAGES)
    while queue:
        name = queue.pop()
        if name.lower() in found:
            continue
        try:
            found[name.lower()] = distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # a marker (another platform, another Python) excluded it
        for requirement in distribution.requires or []:
            if "extra ==" not in requirement:
                queue.append(re.split(r"[\s;<>=!~\[(]", requirement, maxsplit=1)[0])
    return list(found.values())


def programs() -> list[Path]:
    """The programs that come along, by the names under which they are found: those where a guest looks come first.

    They keep their places there, and a guest looks nowhere else: what a user has in a folder of their own is of no use.
    """
    path = f"{PYTHON_ENVIRONMENT['PATH']}:{os.environ.get('PATH', '')}"
    return [Path(found) for name in PROGRAMS if (found := shutil.which(name, path=path))]


def _make_base(tree: Path) -> None:
    for name in DIRECTORIES:
        (tree / name).mkdir(parents=True, exist_ok=True)
    for name, text in ETC.items():
        (tree / name).write_text(text, encoding="utf-8")
    _merge_usr(tree)
    elf = [interpreter(), *programs()]
    standard = {Path(sysconfig.get_path(which)).resolve() for which in ("stdlib", "platstdlib")}
    for root in standard:
        elf += _copy_modules(root, tree / root.relative_to("/"))
    packages = tree / SUITE.lstrip("/") / "packages"
    for distribution in distributions():
        elf += _copy_distribution(distribution, packages)
    _copy_programs([interpreter(), *programs()], elf, tree)
    if not (named := tree / PYTHON).exists():
        named.symlink_to(interpreter())


def _merge_usr(tree: Path) -> None:
    """Whether /bin, /lib and so on are links into /usr is the machine's choice (file-hierarchy(7))."""
    for name in ("bin", "sbin", "lib", "lib64"):
        here = Path("/", name)
        if here.is_symlink():
            (tree / name).symlink_to(here.readlink())
            (tree / here.readlink().as_posix().lstrip("/")).mkdir(parents=True, exist_ok=True)


def _copy_programs(wanted: list[Path], elf: list[Path], tree: Path) -> None:
    """Programs, and the libraries that they and other ELF files need. Raises RunnerError."""
    from runners.payload.elf import closure  # noqa: PLC0415 - slow to import, and needed once

    try:
        everything = [*wanted, *closure(elf)]
    except FileNotFoundError as error:
        raise RunnerError(f"the guest's file system could not be made: {error}") from error
    for path in everything:
        _copy_file(path, tree)


def _copy_file(path: Path, tree: Path) -> None:
    """A file under its own name, links followed."""
    to = tree / path.parent.resolve().relative_to("/") / path.name
    to.parent.mkdir(parents=True, exist_ok=True)
    if not to.exists():
        shutil.copy2(path, to)


def _copy_modules(root: Path, to: Path) -> list[Path]:
    """Byte-code and extension modules below a directory; the extension modules, whose libraries are needed too."""
    extensions = []
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if UNUSED.search(relative.as_posix()) or not path.is_file():
            continue
        if path.suffix == ".py":
            _copy_bytecode(path, (to / relative).with_suffix(".pyc"))
        elif path.suffix == ".so":
            extensions.append(path)
            (to / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, to / relative)
    return extensions


def _copy_distribution(distribution: importlib.metadata.Distribution, packages: Path) -> list[Path]:
    """A distribution's modules; its extension modules."""
    extensions = []
    for file in distribution.files or []:
        path = Path(str(distribution.locate_file(file)))
        if ".." in file.parts or UNUSED.search(file.as_posix()) or not path.is_file():
            continue
        to = packages / file
        if path.suffix == ".py":
            _copy_bytecode(path, to.with_suffix(".pyc"))
        elif path.suffix in (".so", ".json", ".txt") or path.name in ("METADATA", "entry_points.txt", "py.typed"):
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, to)
            if path.suffix == ".so":
                extensions.append(path)
    return extensions


def _copy_bytecode(source: Path, to: Path) -> None:
    """The compiled form of a module, under a name that Python imports without looking for the source."""
    to.parent.mkdir(parents=True, exist_ok=True)
    cached = Path(importlib.util.cache_from_source(str(source)))
    if cached.exists() and cached.stat().st_mtime >= source.stat().st_mtime:
        shutil.copyfile(cached, to)
        return
    try:
        py_compile.compile(str(source), cfile=str(to), dfile=str(source), doraise=True)
    except (py_compile.PyCompileError, OSError):
        return  # some packages ship templates that are no Python


# -- the loader layer


@cache
def loader() -> Layer:
    """What the kernel starts to load a module on demand, for guests that have no base layer. Raises RunnerError."""
    found = [path for path in programs() if path.name in LOADERS]
    versions = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in found]
    key = hashlib.sha256(repr((versions, Path(__file__).read_text(encoding="utf-8"))).encode()).hexdigest()[:16]

    def make(tree: Path) -> None:
        _merge_usr(tree)
        _copy_programs(found, found, tree)

    return _layer(f"payload/loader-{key}", make)


# -- the suite layer


def suite() -> Layer:
    """The suite and its cases, as they are now. Raises RunnerError."""
    digest = hashlib.sha256(Path(__file__).read_bytes() + base().archive.parent.name.encode())
    for path, name in _sources():
        digest.update(name.encode() + b"\0" + path.read_bytes())
    if binary := _executor():
        digest.update(binary.read_bytes())
    return _layer(f"payload/suite-{digest.hexdigest()[:16]}", _make_suite)


def _executor() -> Path | None:
    """The executor, or None where it cannot be made: cases do without it."""
    try:
        return executable()
    except RunnerError:
        return None


def _sources() -> Iterator[tuple[Path, str]]:
    """The files of the suite, each with its path below the suite's directory in a guest."""
    for name in ("__init__.py", "model.py", "offspring.py", "places.py"):
        yield ROOT / "conformance" / name, f"conformance/{name}"
    for root in (*(ROOT / "conformance" / name for name in _IN_GUESTS), cases_directory()):
        below = "cases" if root == cases_directory() else root.relative_to(ROOT).as_posix()
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.suffix not in _C_SOURCES and "__pycache__" not in path.parts:
                yield path, f"{below}/{path.relative_to(root).as_posix()}"


def _make_suite(tree: Path) -> None:
    root = tree / SUITE.lstrip("/")
    for path, name in _sources():
        to = root / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, to)
    (root / BINARIES).mkdir(parents=True)
    if binary := _executor():
        shutil.copy2(binary, root / BINARIES / _EXECUTOR)
    _compile_cases(root / "cases")
    for path in root.rglob("__pycache__/*.pyc"):
        _relocate(path, str(root), SUITE)
    for path in list((root / "conformance").rglob("*.py")):
        py_compile.compile(str(path), cfile=str(path.with_suffix(".pyc")), dfile=f"{SUITE}/{path.relative_to(root)}")
        path.unlink()


def _compile_cases(cases: Path) -> None:
    """Byte-code of the cases as pytest and Python make it when they import them, which is not done here.

    What a module does when it is imported, and whether it can be, is the guest's to find out. One that is not even
    Python has no byte-code; neither has any where pytest has moved its functions, and guests then take longer to start.
    """
    for path in sorted(cases.rglob("*.py")):
        with suppress(SyntaxError, ValueError, UnicodeDecodeError, py_compile.PyCompileError, ImportError, TypeError):
            if path.name.startswith("test_"):
                _rewrite(path)
            else:
                py_compile.compile(str(path), doraise=True)


def _rewrite(path: Path) -> None:
    """A module's byte-code with assertions that explain themselves, where pytest looks for it."""
    from _pytest.assertion import rewrite  # noqa: PLC0415 - private: its absence costs time only

    key, code = rewrite._rewrite_test(path, None)  # type: ignore[arg-type] # noqa: SLF001 - as pytest's own tests do
    to = path.parent / "__pycache__" / (path.stem + rewrite.PYC_TAIL)
    to.parent.mkdir(exist_ok=True)
    with to.open("wb") as stream:
        rewrite._write_pyc_fp(stream, key, code)  # noqa: SLF001 - as above


def _relocate(path: Path, old: str, new: str) -> None:
    """Make a .pyc name the source's place in the guest, where tracebacks will look for it."""

    def moved(code: CodeType) -> CodeType:
        constants = tuple(moved(each) if isinstance(each, CodeType) else each for each in code.co_consts)
        return code.replace(co_filename=code.co_filename.replace(old, new, 1), co_consts=constants)

    data = path.read_bytes()
    code = marshal.loads(data[16:])  # noqa: S302 - made by ourselves a moment ago
    path.write_bytes(data[:16] + marshal.dumps(moved(code)))
