"""What is so for all tests."""

from __future__ import annotations

import os

# Who runs the tests has a terminal, and pytest-xdist tells its workers how wide it is. What is tested is not to depend
# on that.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)
