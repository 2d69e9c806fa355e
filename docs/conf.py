"""How Sphinx makes the pages: `tox -e docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from conformance import __version__

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

project = "Compatibility conformance suite for Linux system calls"
author = "the project's contributors"
copyright = f"2026, {author}"
version = release = __version__

extensions = ["myst_parser", "generated"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True
smartquotes = False

html_theme = "furo"
html_title = "Linux system call conformance"
html_static_path: list[str] = []
