"""File tree, against a model: names, links, renaming, open files, sizes and holes, in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from errno import EINVAL, ENOSYS, ENXIO, errorcode
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    consumes,
    initialize,
    multiple,
    rule,
)

from cases._models import Refused
from cases.files._tree_model import Directory, File, Node, OpenFile, Symlink, Tree
from conformance.programs.keeping import Kernel, ScriptMachine
from conformance.programs.script import Reply, Script
from conformance.syscalls import Buffer, missing
from conformance.syscalls.files.descriptors import F_SETFL, dup, fcntl
from conformance.syscalls.files.directories import chdir, getdents64, mkdir, rmdir
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
from conformance.syscalls.machinery.call import Syscall

if TYPE_CHECKING:
    from conformance.guest.plugin import Observe

T = TypeVar("T")
LONGEST = 20_000
"""More than any file ever holds."""
LISTING = 1024
"""More than the names in any directory take, in bytes."""
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


def absent_features(kernel: Kernel) -> tuple[str, ...]:
    """What this file system cannot do; the model then does without."""
    probe = Script()
    fds = [probe.opens(openat, AT_FDCWD, name, O_RDWR | O_CREAT, 0o600) for name in (b"probe", b"other")]
    probe.does(write, fds[0], b"x", 1)
    renamed = {
        name: probe.call(renameat2, AT_FDCWD, b"probe", AT_FDCWD, b"other" if flag == RENAME_EXCHANGE else b"new", flag)
        for flag, name in RENAME_FLAGS.items()
    }
    sought = probe.call(lseek, fds[0], 0, SEEK_DATA)
    kernel.does(probe)
    found = [name for name, answer in renamed.items() if answer.error in (EINVAL, ENOSYS)]
    return (*found, "SEEK_DATA") if sought.error == EINVAL else (*found,)


class TreeMachine(ScriptMachine):
    """Writes the calls, and compares what they say with what the model says."""

    opened = Bundle("opened")

    def __init__(self, absent: tuple[str, ...]) -> None:
        """`absent`: what is to be done without."""
        super().__init__()
        self.absent = absent
        self.tree = Tree()
        self.inodes: dict[Node, int] = {}
        self.does(mkdir, b"tree", 0o755)
        self.does(chdir, b"tree")

    def agree(self, model: Callable[[], T], call: Syscall[Any], *args: object) -> tuple[Reply, T | None]:
        """Make the call, which must fail or succeed as the model does; its answer, and what the model returns."""
        expected: T | None = None
        errors: tuple[int, ...] = (0,)
        try:
            expected = model()
        except Refused as refused:
            errors = refused.errors
        answer = self.call(call, *args)
        self.then(self.agreed, call.name, answer, errors)
        return answer, expected

    def agreed(self, name: str, answer: Reply, allowed: tuple[int, ...]) -> None:
        """Judge whether a call failed or succeeded as it had to."""
        said, wanted = (
            " or ".join(errorcode.get(each, "success") for each in some) for some in ((answer.error,), allowed)
        )
        assert answer.error in allowed, f"{name}: {said}; the model says {wanted}"

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
        fd = self.opened_file(path, mode | flags)
        if fd is None:
            return multiple()
        if flags & O_APPEND and isinstance(fd.file.node, File) and len(fd.file.node.data) < LONGEST:
            self.write(fd, b"end")
            self.seek(fd, 0, SEEK_SET)
            self.write(fd, b"end")
        self.look_at(fd)
        return fd

    def opened_file(self, path: bytes, flags: int) -> Fd | None:
        """What openat(2) returns, or None when it is refused."""
        answer, file = self.agree(lambda: self.tree.open(path, flags), openat, AT_FDCWD, path, flags, 0o644)
        if file is None:
            return None
        fd = self.script.takes_fd()
        self.then(self.has_got, answer, fd)
        return Fd(fd, file)

    def has_got(self, answer: Reply, result: int) -> None:
        """Judge a number that a call had to return."""
        assert answer.result == result, f"{answer.result}, not {result}"

    @rule(target=opened, fd=opened)
    def dup(self, fd: Fd) -> Fd:
        return Fd(self.opens(dup, fd.number), fd.file)

    @rule(fd=consumes(opened))
    def close(self, fd: Fd) -> None:
        self.closes(fd.number)

    # -- open files

    @rule(fd=opened, operations=st.lists(file_operations, min_size=1, max_size=20))
    def use(self, fd: Fd, operations: list[tuple[Any, ...]]) -> None:
        if self.script.full:
            return
        for name, *arguments in operations:
            getattr(self, name)(fd, *arguments)
        self.look_at(fd)

    def look_at(self, fd: Fd) -> None:
        """fstat(2)."""
        status = Stat()
        self.does(fstat, fd.number, status)
        self.check(f"fd {fd.number}", status, fd.file.node)

    def set_flags(self, fd: Fd, flags: int) -> None:
        self.does(fcntl, fd.number, F_SETFL, flags)
        fd.file.flags = fd.file.flags & ~O_APPEND | flags

    def write(self, fd: Fd, data: bytes) -> None:
        if fd.file.position < LONGEST - len(data):
            self.counts(self.agree(lambda: fd.file.write(data), write, fd.number, data, len(data)))

    def pwrite(self, fd: Fd, data: bytes, offset: int) -> None:
        if fd.file.flags & O_APPEND and isinstance(fd.file.node, File) and len(fd.file.node.data) > LONGEST - len(data):
            return
        self.counts(self.agree(lambda: fd.file.write(data, offset), pwrite64, fd.number, data, len(data), offset))

    def counts(self, said: tuple[Reply, int | None]) -> None:
        """What the model returns, the call must."""
        answer, result = said
        if result is not None:
            self.then(self.has_got, answer, result)

    def gives(self, buffer: Buffer, said: tuple[Reply, bytes | None]) -> None:
        """What the model reads, the call must."""
        answer, data = said
        if data is not None:
            self.counts((answer, len(data)))
            self.then(self.has_read, buffer, data)

    def has_read(self, buffer: Buffer, data: bytes) -> None:
        """Judge what was read."""
        found = buffer.take(len(data))
        assert found == data, f"read {in_runs(found)}, not {in_runs(data)}"

    def read(self, fd: Fd, size: int) -> None:
        buffer = Buffer(size)
        self.gives(buffer, self.agree(lambda: fd.file.read(size), read, fd.number, buffer, size))

    def pread(self, fd: Fd, size: int, offset: int) -> None:
        buffer = Buffer(size)
        self.gives(buffer, self.agree(lambda: fd.file.read(size, offset), pread64, fd.number, buffer, size, offset))

    def seek(self, fd: Fd, offset: int, whence: int) -> None:
        if isinstance(fd.file.node, File) and fd.file.position < LONGEST:
            self.counts(self.agree(lambda: fd.file.seek(offset, whence), lseek, fd.number, offset, whence))

    def seek_data(self, fd: Fd, offset: int, whence: int) -> None:
        """Holes are zeros; how much of the zeros is a hole, the file system may choose, but the end is one."""
        if "SEEK_DATA" in self.absent or not isinstance(fd.file.node, File):
            return
        sought = self.call(lseek, fd.number, offset, whence)
        position = self.does(lseek, fd.number, 0, SEEK_CUR)
        self.then(self.was_sought, bytes(fd.file.node.data), offset, whence, sought, position, fd.file.position)
        fd.file.position = offset  # which of several places was found is known only afterwards: go on from another
        self.says(offset, lseek, fd.number, offset, SEEK_SET)

    def was_sought(self, data: bytes, offset: int, whence: int, sought: Reply, position: Reply, before: int) -> None:
        """Judge what was found, and where the file is now."""
        result, error = sought.said
        assert position.result == (before if error else result), "the position is not what was found"
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

    def ftruncate(self, fd: Fd, size: int) -> None:
        self.agree(lambda: fd.file.truncate(size), ftruncate, fd.number, size)

    # -- names

    @rule(operations=st.lists(name_operations, min_size=1, max_size=20))
    def names(self, operations: list[tuple[Any, ...]]) -> None:
        if self.script.full:
            return
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
        self.then(self.are_apart, set(self.tree.root.below()) - {self.tree.root})

    def are_apart(self, nodes: set[Node]) -> None:
        """Judge the inodes."""
        inodes = [self.inodes[node] for node in nodes]
        assert len(set(inodes)) == len(inodes), "two files have one inode"

    def compare_directory(self, path: bytes, directory: Directory) -> None:
        """All that is in a directory."""
        self.list(path, sorted(directory.entries))
        for name, node in directory.entries.items():
            inner, status = path + b"/" + name, Stat()
            self.does(lstat, inner, status)
            self.check(inner.decode(), status, node)
            if isinstance(node, Directory):
                self.compare_directory(inner, node)
            elif isinstance(node, Symlink):
                target = Buffer(64)
                self.gives(target, (self.does(readlink, inner, target, 64), node.target))
            else:
                self.look_into(inner, bytes(node.data))

    def list(self, path: bytes, names: list[bytes]) -> None:
        """A directory has these names."""
        listing, more = Buffer(LISTING), Buffer(LISTING)
        fd = self.opens(openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0)
        answer = self.does(getdents64, fd, listing, LISTING)
        self.says(0, getdents64, fd, more, LISTING)
        self.closes(fd)

        def judge() -> None:
            found = sorted(names_in(listing.take(answer.result)))
            assert found == names, f"the names in {path!r} are {found}, not {names}"

        self.then(judge)

    def look_into(self, path: bytes, data: bytes) -> None:
        """A file holds that, and no more."""
        size = len(data) + 100
        buffer = Buffer(size)
        fd = self.opens(openat, AT_FDCWD, path, O_RDONLY, 0)
        answer = self.does(read, fd, buffer, size)
        self.closes(fd)

        def judge() -> None:
            found = buffer.take(answer.result)
            assert found == data, f"{path!r} holds {in_runs(found)}, not {in_runs(data)}"

        self.then(judge)

    def check(self, name: str, status: Stat, node: Node) -> None:
        """Type, links, size and identity."""
        size = len(node.data if isinstance(node, File) else node.target if isinstance(node, Symlink) else b"")
        self.then(self.checked, name, status, node, node.links, size)

    def checked(self, name: str, status: Stat, node: Node, links: int, size: int) -> None:
        """Judge all that."""
        assert status.st_mode & S_IFMT == TYPES[type(node)], f"{name} is {status.st_mode:o}, not {type(node).__name__}"
        assert self.inodes.setdefault(node, status.st_ino) == status.st_ino, f"{name} has another inode"
        if not isinstance(node, Directory):  # whose links and size are the file system's choice
            assert (status.st_nlink, status.st_size) == (links, size), f"links and size of {name}"


def names_in(records: bytes) -> Iterator[bytes]:
    """The names in what getdents64(2) has written, but for `.` and `..`."""
    while records:
        length = int.from_bytes(records[16:18], "little")
        name = records[19:length].partition(b"\0")[0]
        if name not in (b".", b".."):
            yield name
        records = records[max(length, 19) :]


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
def test_tree_is_what_is_seldom_done_to_it(kernel: Kernel, program: list[tuple[Any, ...]]) -> None:
    absent = absent_features(kernel)
    flags = {operation[-1] for operation in program if operation[0] == "rename"}
    for flag in flags & RENAME_FLAGS.keys():
        if RENAME_FLAGS[flag] in absent:
            missing(RENAME_FLAGS[flag])
    machine = TreeMachine(absent)
    machine.begin()
    for name, *arguments in program:
        getattr(machine, name)(*arguments)
        machine.compare()
    kernel.does(machine.script)


def test_tree_is_what_was_done_to_it(kernel: Kernel, observe: Observe) -> None:
    """What the file system cannot do (an exchange, finding holes) is left out, and recorded."""
    absent = absent_features(kernel)
    observe("left out", list(absent))
    kernel.keeps(TreeMachine, absent)
