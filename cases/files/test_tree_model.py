"""File tree, against a model: names, links, renaming, open files, sizes and holes, in any order."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from errno import EINVAL, ENOSYS, ENXIO, errorcode
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from cases._models import Refused
from cases.files._tree_model import Directory, File, Node, OpenFile, Symlink, Tree
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.descriptors import F_SETFL, dup, fcntl
from conformance.syscalls.files.directories import chdir, mkdir, rmdir
from conformance.syscalls.files.links import (
    RENAME_EXCHANGE,
    RENAME_NOREPLACE,
    link,
    readlink,
    rename,
    renameat2,
    symlink,
    unlink,
)
from conformance.syscalls.files.opening import (
    O_APPEND,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_NOFOLLOW,
    O_RDONLY,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
    close,
    openat,
)
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import (
    SEEK_CUR,
    SEEK_DATA,
    SEEK_END,
    SEEK_HOLE,
    SEEK_SET,
    lseek,
    pread64,
    pwrite64,
    read,
    write,
)
from conformance.syscalls.files.sizes import ftruncate, truncate
from conformance.syscalls.files.status import S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, Stat, fstat, lstat
from conformance.syscalls.help.contents import in_runs
from conformance.syscalls.help.paths import new_file
from conformance.syscalls.machinery.call import Syscall

if TYPE_CHECKING:
    from conformance.guest.plugin import Observe

T = TypeVar("T")
LONGEST = 20_000
"""More than any file ever holds."""
NUMBERS = count()
RENAME_FLAGS = {RENAME_NOREPLACE: "RENAME_NOREPLACE", RENAME_EXCHANGE: "RENAME_EXCHANGE"}
TYPES = {File: S_IFREG, Directory: S_IFDIR, Symlink: S_IFLNK}

paths = st.sampled_from([b"file", b"dir", b"dir/file", b"dir/dir", b"dir/new", b"new", b"new/file", b"dir/dir/new"])
old_paths = st.sampled_from([b"file", b"dir/file", b"dir/dir", b"new", b"dir"])
targets = st.sampled_from([b"file", b"dir", b"new", b"dir/file", b"dir/dir"])
offsets = st.sampled_from([0, 1, 5, 4095, 4096, 8192, 12_000])
contents = st.sampled_from([b"x", b"hello", b"y" * 100, b"z" * 4096])
sizes = st.sampled_from([1, 10, 5000])
whences = st.sampled_from([SEEK_SET, SEEK_CUR, SEEK_END])
name_operations = st.one_of(
    st.tuples(st.just("rename"), old_paths, paths, st.sampled_from([0, RENAME_EXCHANGE, RENAME_NOREPLACE])),
    st.tuples(st.just("link"), old_paths, paths),
    st.tuples(st.just("symlink"), targets, paths),
    st.tuples(st.just("mkdir"), paths),
    st.tuples(st.just("unlink"), old_paths),
    st.tuples(st.just("rmdir"), old_paths),
    st.tuples(st.just("truncate"), old_paths, offsets),
)
file_operations = st.one_of(
    st.tuples(st.just("write"), contents),
    st.tuples(st.just("pwrite"), contents, offsets),
    st.tuples(st.just("read"), sizes),
    st.tuples(st.just("pread"), sizes, offsets),
    st.tuples(st.just("seek"), st.sampled_from([0, 1, -1, 4096, -4096, 9000]), whences),
    st.tuples(st.just("seek_data"), offsets, st.sampled_from([SEEK_DATA, SEEK_HOLE])),
    st.tuples(st.just("ftruncate"), offsets),
    st.tuples(st.just("set_flags"), st.sampled_from([0, O_APPEND])),
)
access = st.sampled_from([O_RDWR, O_RDONLY, O_WRONLY])
open_flags = st.sampled_from(
    [
        O_CREAT,
        O_CREAT | O_APPEND,
        O_CREAT | O_EXCL,
        O_CREAT | O_NOFOLLOW,
        O_CREAT | O_TRUNC,
        O_TRUNC,
        O_APPEND,
        0,
        O_NOFOLLOW,
        O_DIRECTORY,
        O_DIRECTORY | O_NOFOLLOW,
    ]
)


class Fd:
    """An open file of the kernel's, and the model's."""

    def __init__(self, number: int, file: OpenFile) -> None:
        self.number = number
        self.file = file

    def __repr__(self) -> str:
        return f"fd {self.number}"


def absent_features() -> list[str]:
    """What this file system cannot do; the model then does without."""
    fd = new_file(b"probe", b"x")
    new_file(b"other")
    found = []
    for flag, name in RENAME_FLAGS.items():
        new = b"other" if flag == RENAME_EXCHANGE else b"new"
        if renameat2.result_of(AT_FDCWD, b"probe", AT_FDCWD, new, flag)[1] in (EINVAL, ENOSYS):
            found.append(name)
    if lseek.result_of(fd, 0, SEEK_DATA)[1] == EINVAL:
        found.append("SEEK_DATA")
    return found


class TreeMachine(RuleBasedStateMachine):
    """Makes the calls, and compares what they say with what the model says."""

    absent: tuple[str, ...] = ()
    opened = Bundle("opened")

    def __init__(self) -> None:
        super().__init__()
        self.tree = Tree()
        self.fds: set[int] = set()
        self.inodes: dict[Node, int] = {}
        self.folder = b"tree%d" % next(NUMBERS)
        mkdir(self.folder, 0o755)
        chdir(self.folder)

    def teardown(self) -> None:
        for fd in self.fds:
            close(fd)
        chdir(b"..")
        shutil.rmtree(self.folder, ignore_errors=True)

    def agree(self, model: Callable[[], T], call: Syscall[Any], *args: object) -> tuple[int, T | None]:
        """Make the call, which must fail or succeed as the model does; what both return, or -1 and None."""
        expected: T | None = None
        errors: tuple[int, ...] = ()
        try:
            expected = model()
        except Refused as refused:
            errors = refused.errors
        result, error = call.result_of(*args)
        allowed = errors or (0,)
        said, wanted = errorcode.get(error, "success"), " or ".join(errorcode.get(each, "success") for each in allowed)
        assert error in allowed, f"{call.name}{args}: {said}; the model says {wanted}"
        return result, expected

    # -- opening and closing

    @initialize(target=opened)
    def begin(self) -> Fd:
        """A file, a file in a directory, and an empty directory there."""
        self.mkdir(b"dir")
        self.mkdir(b"dir/dir")
        fds = [self.opened_file(path, O_RDWR | O_CREAT) for path in (b"dir/file", b"file")]
        last = fds[-1]
        assert last
        self.write(last, b"hello")
        return last

    @rule(target=opened, path=paths, mode=access, flags=open_flags)
    def open(self, path: bytes, mode: int, flags: int) -> Any:
        if mode == O_RDONLY:
            flags &= ~O_TRUNC  # of which nothing is promised
        return self.opened_file(path, mode | flags) or multiple()

    def opened_file(self, path: bytes, flags: int) -> Fd | None:
        """What openat(2) returns, or None when it is refused."""
        number, file = self.agree(lambda: self.tree.open(path, flags), openat, AT_FDCWD, path, flags, 0o644)
        return self.keep(number, file) if file else None

    @rule(target=opened, fd=opened)
    def dup(self, fd: Fd) -> Fd:
        return self.keep(dup(fd.number), fd.file)

    def keep(self, number: int, file: OpenFile) -> Fd:
        """An fd that is closed in the end."""
        self.fds.add(number)
        return Fd(number, file)

    @rule(fd=consumes(opened))
    def close(self, fd: Fd) -> None:
        self.fds.remove(fd.number)
        close(fd.number)

    # -- open files

    @rule(fd=opened, operations=st.lists(file_operations, min_size=1, max_size=20))
    def use(self, fd: Fd, operations: list[tuple[Any, ...]]) -> None:
        for name, *arguments in operations:
            getattr(self, name)(fd, *arguments)
        status = Stat()
        fstat(fd.number, status)
        self.check(f"fd {fd.number}", status, fd.file.node)

    def set_flags(self, fd: Fd, flags: int) -> None:
        fcntl(fd.number, F_SETFL, flags)
        fd.file.flags = fd.file.flags & ~O_APPEND | flags

    def write(self, fd: Fd, data: bytes) -> None:
        if fd.file.position < LONGEST - len(data):
            result, length = self.agree(lambda: fd.file.write(data), write, fd.number, data, len(data))
            assert length is None or result == length, f"wrote {result}, not {length}"

    def pwrite(self, fd: Fd, data: bytes, offset: int) -> None:
        if fd.file.flags & O_APPEND and isinstance(fd.file.node, File) and len(fd.file.node.data) > LONGEST - len(data):
            return
        result, length = self.agree(lambda: fd.file.write(data, offset), pwrite64, fd.number, data, len(data), offset)
        assert length is None or result == length, f"wrote {result}, not {length}"

    def read(self, fd: Fd, size: int) -> None:
        buffer = Buffer(size)
        result, data = self.agree(lambda: fd.file.read(size), read, fd.number, buffer, size)
        assert data is None or buffer.take(result) == data, f"read {in_runs(buffer.take(result))}, not {in_runs(data)}"

    def pread(self, fd: Fd, size: int, offset: int) -> None:
        buffer = Buffer(size)
        result, data = self.agree(lambda: fd.file.read(size, offset), pread64, fd.number, buffer, size, offset)
        assert data is None or buffer.take(result) == data, f"read {in_runs(buffer.take(result))}, not {in_runs(data)}"

    def seek(self, fd: Fd, offset: int, whence: int) -> None:
        if isinstance(fd.file.node, File) and fd.file.position < LONGEST:
            result, position = self.agree(lambda: fd.file.seek(offset, whence), lseek, fd.number, offset, whence)
            assert position is None or result == position, f"at {result}, not {position}"

    def seek_data(self, fd: Fd, offset: int, whence: int) -> None:
        """Holes are zeros; how much of the zeros is a hole, the file system may choose, but the end is one."""
        if "SEEK_DATA" in self.absent or not isinstance(fd.file.node, File):
            return
        data = bytes(fd.file.node.data)
        result, error = lseek.result_of(fd.number, offset, whence)
        if error:
            assert error == ENXIO, errorcode[error]
            assert not any(data[offset:]) if whence == SEEK_DATA else offset >= len(data), "nothing found"
            return
        if whence == SEEK_DATA:
            assert offset <= result < len(data), f"data at {result} of {len(data)}"
            assert not any(data[offset:result]), "data was skipped"
        else:
            assert offset <= result <= len(data), f"a hole at {result} of {len(data)}"
            assert not data[result : result + 1].strip(b"\0"), "a hole where data is"
        fd.file.position = result

    def ftruncate(self, fd: Fd, size: int) -> None:
        self.agree(lambda: fd.file.truncate(size), ftruncate, fd.number, size)

    # -- names

    @rule(operations=st.lists(name_operations, min_size=1, max_size=20))
    def names(self, operations: list[tuple[Any, ...]]) -> None:
        for name, *arguments in operations:
            getattr(self, name)(*arguments)
        self.compare()

    def truncate(self, path: bytes, size: int) -> None:
        self.agree(lambda: self.tree.truncate(path, size), truncate, path, size)

    def mkdir(self, path: bytes) -> None:
        self.agree(lambda: self.tree.make(path, Directory()), mkdir, path, 0o755)

    def link(self, old: bytes, new: bytes) -> None:
        self.agree(lambda: self.tree.link(old, new), link, old, new)

    def symlink(self, to: bytes, path: bytes) -> None:
        self.agree(lambda: self.tree.make(path, Symlink(to)), symlink, to, path)

    def unlink(self, path: bytes) -> None:
        self.agree(lambda: self.tree.unlink(path), unlink, path)

    def rmdir(self, path: bytes) -> None:
        self.agree(lambda: self.tree.rmdir(path), rmdir, path)

    def rename(self, old: bytes, new: bytes, flag: int) -> None:
        if not flag:
            self.agree(lambda: self.tree.rename(old, new, 0), rename, old, new)
        elif RENAME_FLAGS[flag] not in self.absent:
            self.agree(lambda: self.tree.rename(old, new, flag), renameat2, AT_FDCWD, old, AT_FDCWD, new, flag)

    # -- looking

    def compare(self) -> None:
        """The whole tree, name by name."""
        self.compare_directory(b".", self.tree.root)
        inodes = [self.inodes[node] for node in set(self.tree.root.below()) - {self.tree.root}]
        assert len(set(inodes)) == len(inodes), "two files have one inode"

    def compare_directory(self, path: bytes, directory: Directory) -> None:
        """All that is in a directory."""
        assert sorted(os.listdir(path)) == sorted(directory.entries), f"names in {path!r}"
        for name, node in directory.entries.items():
            inner, status = path + b"/" + name, Stat()
            lstat(inner, status)
            self.check(inner.decode(), status, node)
            if isinstance(node, Directory):
                self.compare_directory(inner, node)
            elif isinstance(node, Symlink):
                buffer = Buffer(64)
                assert buffer.take(readlink(inner, buffer, 64)) == node.target
            else:
                fd, buffer = openat(AT_FDCWD, inner, O_RDONLY, 0), Buffer(2 * LONGEST)
                data = buffer.take(read(fd, buffer, 2 * LONGEST))
                close(fd)
                assert data == node.data, f"{inner!r} holds {in_runs(data)}, not {in_runs(bytes(node.data))}"

    def check(self, name: str, status: Stat, node: Node) -> None:
        """Type, links, size and identity."""
        assert status.st_mode & S_IFMT == TYPES[type(node)], f"{name} is {status.st_mode:o}, not {type(node).__name__}"
        assert self.inodes.setdefault(node, status.st_ino) == status.st_ino, f"{name} has another inode"
        if not isinstance(node, Directory):  # whose links and size are the file system's choice
            size = len(node.data if isinstance(node, File) else node.target)
            assert (status.st_nlink, status.st_size) == (node.links, size), f"links and size of {name}"


RARE: dict[str, list[tuple[Any, ...]]] = {
    "directory-onto-itself": [("rename", b"dir", b"dir", 0)],
    "directory-into-itself": [("rename", b"dir", b"dir/new", 0), ("rename", b"dir", b"dir/dir", 0)],
    "onto-its-ancestor": [("rename", b"dir/dir", b"dir", 0), ("rename", b"dir/file", b"dir", 0)],
    "exchange-with-its-ancestor": [
        ("rename", b"dir/dir", b"dir", RENAME_EXCHANGE),
        ("rename", b"dir", b"dir/dir", RENAME_EXCHANGE),
    ],
    "exchange-of-a-file-and-a-directory": [
        ("rename", b"file", b"dir", RENAME_EXCHANGE),
        ("rename", b"file", b"dir", RENAME_EXCHANGE),
        ("rename", b"file", b"new", RENAME_EXCHANGE),
    ],
    "two-names-of-one-file": [("link", b"file", b"new"), ("rename", b"file", b"new", 0)],
    "two-names-of-one-file-with-flags": [
        ("link", b"file", b"new"),
        ("rename", b"file", b"new", RENAME_NOREPLACE),
        ("rename", b"file", b"new", RENAME_EXCHANGE),
    ],
    "link-to-nothing": [
        ("symlink", b"dir/new", b"new"),
        ("open", b"new", O_RDWR, O_CREAT | O_EXCL),
        ("open", b"new", O_RDWR, O_CREAT | O_NOFOLLOW),
        ("open", b"new", O_RDWR, 0),
        ("open", b"new", O_RDWR, O_CREAT),
        ("link", b"new", b"dir/dir/new"),
        ("rename", b"new", b"dir/new", 0),
    ],
    "links-in-a-circle": [
        ("symlink", b"new", b"new"),
        ("open", b"new", O_RDWR, O_CREAT),
        ("truncate", b"new", 0),
        ("mkdir", b"new/file"),
        ("rename", b"new", b"dir/new", 0),
    ],
}
"""What a random program seldom does."""


@pytest.mark.parametrize("program", RARE.values(), ids=RARE)
def test_tree_is_what_is_seldom_done_to_it(program: list[tuple[Any, ...]]) -> None:
    with untraced():
        TreeMachine.absent = tuple(absent_features())
        flags = {operation[-1] for operation in program if operation[0] == "rename"}
        for flag in flags & RENAME_FLAGS.keys():
            if RENAME_FLAGS[flag] in TreeMachine.absent:
                missing(RENAME_FLAGS[flag])
        machine = TreeMachine()
        machine.begin()
        for name, *arguments in program:
            getattr(machine, name)(*arguments)
            machine.compare()


def test_tree_is_what_was_done_to_it(observe: Observe) -> None:
    """What the file system cannot do (an exchange, finding holes) is left out, and recorded."""
    with untraced():
        TreeMachine.absent = tuple(absent_features())
        observe("left out", list(TreeMachine.absent))
        run_state_machine_as_test(TreeMachine)
