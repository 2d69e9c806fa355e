"""A rebase of real kernels: what the newer one lost is named by its option, and one that panics is never well."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from conformance.places import ROOT
from conformance.run.errors import Exit
from tests.integration.command import conformance

KERNELS = Path(os.environ.get("CONFORMANCE_WSL2_KERNEL", ROOT.parent / "shared/kernels/x")).parent
OLD, NEW = (KERNELS / f"wsl2-config-6.18{name}.bzImage" for name in ("", "-less"))
"""The same source with two configurations, whose README says what the second has lost."""
CASES = (
    "processes/test_segments.py::test_segment_of_16_bits_can_be_had",
    "ipc/test_mqueue.py::test_limits_bind_the_unprivileged",
)
TARGET = """
[target.{name}]
runner = "qemu"
kernel = "{kernel}"
cpus = 1
memory = 512
commandline = "{words}"
"""
"""As small as may be: most of the time goes into starting it."""
NO_ROOT = "initcall_blacklist=populate_rootfs"
"""Whoever never unpacks its initramfs has no root."""


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    """A file of targets with both kernels, without what lies beside them, and one that panics."""
    if not NEW.exists():
        pytest.skip(f"there is no {NEW}")
    images = [shutil.copyfile(kernel, tmp_path / name) for name, kernel in (("old", OLD), ("new", NEW))]
    named = zip(("old", "new", "panics"), (*images, images[1]), ("", "", NO_ROOT), strict=True)
    tables = [TARGET.format(name=name, kernel=kernel, words=words) for name, kernel, words in named]
    (tmp_path / "targets.toml").write_text("".join(tables))
    return tmp_path / "targets.toml"


def test_what_a_kernel_lost_is_named_by_its_options(targets: Path, tmp_path: Path) -> None:
    given = ("--targets", targets, "--from", "old", "--to", "new", "-o", tmp_path / "results")
    done = conformance("rebase", *given, "--cold", *CASES)
    assert done.returncode == Exit.UNEXPECTED, done.stdout + done.stderr
    found = json.loads((tmp_path / "results/rebase.json").read_text())
    assert {(each["option"], each["kind"]) for each in found["entries"]} == {
        ("POSIX_MQUEUE", "lost"),
        ("X86_16BIT", "lost"),
    }
    assert {each["name"] for each in found["machine"]} > {"kernel messages", "taint", "modules", "memory"}


def test_a_kernel_that_panics_at_once_is_never_taken_for_one_that_lost_nothing(targets: Path, tmp_path: Path) -> None:
    given = ("--targets", targets, "--from", "panics", "--to", "panics", "-o", tmp_path / "results")
    done = conformance("rebase", *given, "--cold", *CASES, COLUMNS="200")
    assert done.returncode == Exit.FAILED, done.stdout + done.stderr
    assert "VFS: Unable to mount root fs" in done.stdout
