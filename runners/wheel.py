"""What building a wheel does beyond copying files: it compiles the executor, so that who installs it needs no compiler.

The wheel stays `py3-none-any`. The binary takes no libc and carries its machine's name, so on another machine it is a
file that nobody opens, and the executor is compiled on demand, as from a checkout. A tag for the platform would keep
everything else in the wheel, which is plain Python, from being installed there.

Without a compiler the wheel is made all the same, and says so.
"""

from __future__ import annotations

import runpy
import warnings
from pathlib import Path

from setuptools.command.build_py import build_py

FOLDER = Path("conformance", "differential")


class BuildWithExecutor(build_py):
    """`build_py`, and the executor beside the copy of its source. An editable install has no copy, and gets none."""

    def run(self) -> None:
        """See setuptools."""
        super().run()
        if not self.editable_mode:
            put_executor(Path(self.build_lib) / FOLDER)


def put_executor(folder: Path) -> None:
    """Compile the source in a folder to where `executable()` looks for it, in place of an earlier one."""
    # Our packages cannot be imported where a wheel is built: neither they nor what they need is installed (PEP 517).
    compiler = runpy.run_path(str(Path(__file__).with_name("compiler.py")))
    for earlier in folder.glob("executor-*"):
        earlier.unlink()
    source = folder / "executor.c"
    try:
        compiler["compile_executor"](
            compiler["command"](), source, folder / compiler["ready_made"](source.read_bytes())
        )
    except compiler["CompilerError"] as error:
        warnings.warn(f"this wheel is without a ready-made executor: {error}", stacklevel=2)
