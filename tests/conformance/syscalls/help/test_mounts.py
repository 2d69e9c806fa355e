from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.syscalls.help.mounts import bind_mount, mount_at, mount_new, mountinfo
from conformance.syscalls.machinery.absence import Missing
from conformance.syscalls.mounts.mount import MS_NOEXEC, MS_PRIVATE, MS_REC, mount
from conformance.syscalls.namespaces import CLONE_NEWNS, unshare
from tests.mounts import needs_root

pytestmark = needs_root


def apart(directory: Path, body: Callable[[], None]) -> None:
    """Run `body` at a directory in a child with a mount namespace of its own; fails when it raises."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            unshare(CLONE_NEWNS)
            mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
            os.chdir(directory)
            body()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_new_mount_is_found_below_the_working_directory_with_its_type_and_options(tmp_path: Path) -> None:
    def body() -> None:
        assert mount_at(b"new") is None
        mount_new(b"tmpfs", b"new", MS_NOEXEC, b"size=64k")
        found = mount_at(b"new")
        assert found
        assert found.fstype == b"tmpfs"
        assert b"noexec" in found.options
        assert b"size=64k" in found.super_options
        os.chdir("new")
        assert mount_at(b"") == found

    apart(tmp_path, body)


def test_of_two_mounts_at_one_place_the_last_is_told(tmp_path: Path) -> None:
    def body() -> None:
        mount_new(b"tmpfs", b"new")
        first = mount_at(b"new")
        mount(b"tmpfs", b"new", b"tmpfs", MS_NOEXEC, None)
        last = mount_at(b"new")
        assert first
        assert last
        assert first.id != last.id
        assert b"noexec" in last.options
        assert mountinfo()[bytes(tmp_path / "new")] == last

    apart(tmp_path, body)


def test_what_is_bound_is_visible_at_both_places(tmp_path: Path) -> None:
    def body() -> None:
        for name in ("source", "target"):
            Path(name).mkdir()
        Path("source/file").touch()
        bind_mount(b"source", b"target")
        assert Path("target/file").exists()

    apart(tmp_path, body)


def test_a_type_that_a_kernel_lacks_is_a_feature_that_is_missing(tmp_path: Path) -> None:
    def body() -> None:
        with pytest.raises(Missing, match=r"^nofs$"):
            mount_new(b"nofs", b"new")

    apart(tmp_path, body)


def test_an_option_that_is_refused_is_missing_only_where_the_case_is_about_it(tmp_path: Path) -> None:
    def body() -> None:
        with pytest.raises(Missing, match=r"^no_such_option of tmpfs$"):
            mount_new(b"tmpfs", b"one", 0, b"no_such_option=1", option="no_such_option")
        with pytest.raises(OSError, match="mount of tmpfs") as caught:
            mount_new(b"tmpfs", b"two", 0, b"no_such_option=1")
        assert caught.value.errno == errno.EINVAL

    apart(tmp_path, body)
