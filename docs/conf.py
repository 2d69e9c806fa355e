"""How Sphinx makes the pages: `tox -e docs`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from conformance import __version__

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
