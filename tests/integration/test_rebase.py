"""A rebase of real kernels: what the newer one lost is named by its option; a kernel beside itself shows nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.places import ROOT
from conformance.run.errors import Exit
from tests.integration.command import conformance

KERNELS = ROOT.parent / "shared/kernels"
OLD, NEW = (KERNELS / f"wsl2-config-6.18{name}.bzImage" for name in ("", "-less"))
"""The same source with two configurations, whose README says what the second has lost."""
CASES = (
    "processes/test_segments.py::test_segment_of_16_bits_can_be_had",
    "ipc/test_mqueue.py::test_limits_bind_the_unprivileged",
    "survey/test_modules.py::test_modules_of_file_systems",
)
TARGETS = """
[target.old]
runner = "qemu"
kernel = "{old}"
[target.panics]
runner = "qemu"
kernel = "{new}"
commandline = "initcall_blacklist=populate_rootfs"
"""
"""The second never unpacks its initramfs, and so has no root."""


@pytest.fixture(autouse=True)
def kernels() -> None:
    """Two kernels that lie beside the checkout."""
    if not NEW.exists():
        pytest.skip(f"there is no {NEW}")


def test_what_a_kernel_lost_is_named_by_its_options_and_itself_lost_nothing(tmp_path: Path) -> None:
    done = conformance("rebase", "--from", OLD, "--to", NEW, "-o", tmp_path / "one", *CASES)
    assert done.returncode == Exit.UNEXPECTED, done.stdout + done.stderr
    found = json.loads((tmp_path / "one/rebase.json").read_text())
    assert {each["option"]: (each["kind"], each["needs_module"]) for each in found["entries"]} == {
        "POSIX_MQUEUE": ("lost", False),
        "X86_16BIT": ("lost", False),
        "ISO9660_FS": ("lost", False),
        "SQUASHFS": ("lost", True),
        "FUSE_FS": ("lost", True),
        "VIRTIO_FS": ("lost", True),
    }
    done = conformance("rebase", "--from", OLD, "--to", OLD, "-o", tmp_path / "two", *CASES)
    assert (done.returncode, done.stdout) == (Exit.EXPECTED, "nothing will be noticed\n"), done.stderr


def test_a_kernel_that_panics_at_once_is_never_taken_for_one_that_lost_nothing(tmp_path: Path) -> None:
    (tmp_path / "targets.toml").write_text(TARGETS.format(old=OLD, new=NEW))
    given = ("--targets", tmp_path / "targets.toml", "--from", "panics", "--to", "panics")
    done = conformance("rebase", *given, "-o", tmp_path / "results", *CASES)
    assert done.returncode == Exit.FAILED, done.stdout + done.stderr
    assert "VFS: Unable to mount root fs" in done.stdout
