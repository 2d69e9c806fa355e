"""What building a wheel does beyond copying packages: it brings the files that ship at the top of a checkout, and it
compiles the executor, so that who installs it needs no compiler.

A wheel with an executor is for this platform (`py3-none-linux_x86_64`) and says so in its name. The binary takes no
libc, so that it does for every Linux on that processor, musl's too, which `manylinux` would rule out. Without a
compiler the wheel is `py3-none-any`, says what it lacks, and the executor is compiled on demand, as from a checkout.
"""

from __future__ import annotations

import runpy
import shutil
import sysconfig
import warnings
from pathlib import Path

from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

PACKAGE = Path("conformance")
FOLDER = PACKAGE / "programs" / "executor"
SHIPPED = ("targets.toml", "expectations")
"""What `conformance/places.py` looks for: at the top of a checkout, inside the package in a wheel."""
EXECUTORS = "executor-*"


class BuildWithExecutor(build_py):
    """`build_py`, with what ships and the executor beside the copy of its source. An editable install has no copies."""

    def run(self) -> None:
        """See setuptools."""
        super().run()
        if not self.editable_mode:
            for name in SHIPPED:
                put(Path(name), Path(self.build_lib) / PACKAGE / name)
            put_executor(Path(self.build_lib) / FOLDER)

    def get_source_files(self) -> list[str]:
        """See setuptools: what a source distribution must have, so that a wheel can be made of it."""
        shipped = [str(path) for name in SHIPPED for path in files(Path(name))]
        return [*super().get_source_files(), *shipped]  # type: ignore[no-untyped-call] # in types-setuptools


def files(path: Path) -> list[Path]:
    """A file, or those of a folder."""
    return sorted(path.glob("*.toml")) if path.is_dir() else [path]


def put(path: Path, to: Path) -> None:
    """Copy a file or a folder, in place of an earlier one."""
    if path.is_dir():
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir(parents=True)
    for each in files(path):
        shutil.copy(each, to / each.name if path.is_dir() else to)


class TaggedWheel(bdist_wheel):
    """A wheel that is for this platform if there is a binary in it."""

    def get_tag(self) -> tuple[str, str, str]:
        """See setuptools. Asked for when everything that goes into the wheel has been built."""
        built = Path(self.get_finalized_command("build_py").build_lib) / FOLDER
        if any(built.glob(EXECUTORS)):
            return "py3", "none", sysconfig.get_platform().replace("-", "_").replace(".", "_")
        return super().get_tag()


def put_executor(folder: Path) -> None:
    """Compile the source in a folder to where `executable()` looks for it, in place of an earlier one."""
    # Our packages cannot be imported where a wheel is built: neither they nor what they need is installed (PEP 517).
    compiler = runpy.run_path(str(Path(__file__).with_name("compiler.py")))
    for earlier in folder.glob(EXECUTORS):
        earlier.unlink()
    binary = folder / compiler["ready_made"](compiler["source"](folder))
    try:
        compiler["compile_executor"](compiler["command"](), folder, binary)
    except compiler["CompilerError"] as error:
        warnings.warn(f"this wheel is without a ready-made executor: {error}", stacklevel=2)
