"""A kernel that was booted twice against itself."""

from __future__ import annotations

from pathlib import Path

from tests.integration.targets import runner
from tests.integration.test_matrix import AREAS
from tests.integration.twice import says_the_same

TWO_BOOTED = """
[target.lts]
runner = "qemu"
kernel = "debian:6.1"
[target.again]
runner = "qemu"
kernel = "debian:6.1"
"""


def test_kernel_booted_twice_is_all_the_same(tmp_path: Path) -> None:
    runner("lts")
    says_the_same(tmp_path, TWO_BOOTED, "--reference", "lts", "--cold", *AREAS)
