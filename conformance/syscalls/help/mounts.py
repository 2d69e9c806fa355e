"""What cases do with mounts: making them, and looking at those that there are."""

from __future__ import annotations

from dataclasses import dataclass
from errno import EINVAL, ENODEV

from conformance.syscalls.files.directories import getcwd, mkdir
from conformance.syscalls.help.paths import contents
from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.machinery.call import missing, untraced
from conformance.syscalls.mounts.mount import MS_BIND, mount


@dataclass(frozen=True, slots=True)
class MountInfo:
    """A line of /proc/PID/mountinfo (proc_pid_mountinfo(5))."""

    id: int
    options: frozenset[bytes]
    fstype: bytes
    super_options: frozenset[bytes]


def mountinfo() -> dict[bytes, MountInfo]:
    """What /proc/self/mountinfo says, by mount point; of several mounts at one place the last. Not traced."""
    found = {}
    for line in contents(b"/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(b" - ")
        number, _, _, _, point, options, *_ = left.split()
        fstype, _, super_options = right.split(b" ", 2)
        found[point] = MountInfo(
            id=int(number),
            options=frozenset(options.split(b",")),
            fstype=fstype,
            super_options=frozenset(super_options.split(b",")),
        )
    return found


def mount_at(path: bytes) -> MountInfo | None:
    """The mount at a path below the working directory (`b""`: at that itself), if there is one. Not traced."""
    buffer = Buffer(4096)
    with untraced():
        here = buffer.take(getcwd(buffer, 4096) - 1)
    return mountinfo().get(here.rstrip(b"/") + (b"/" + path if path else b""))


def mount_new(
    fstype: bytes, target: bytes, flags: int = 0, data: bytes | None = None, *, option: str | None = None
) -> None:
    """Mount an instance of a file system at a new directory. Without such a type the case ends as missing.

    So it does where `data` is refused (EINVAL), if it names an `option` that the case is about.
    """
    mkdir(target, 0o755)
    error = mount.result_of(fstype, target, fstype, flags, data)[1]
    if error == ENODEV:
        missing(fstype.decode())
    if error == EINVAL and option:
        missing(f"{option} of {fstype.decode()}")
    if error:
        raise OSError(error, f"mount of {fstype.decode()}")


def bind_mount(source: bytes, target: bytes, flags: int = 0) -> None:
    """Make what is at `source` visible at `target` too; `flags` as in MS_REC."""
    mount(source, target, None, MS_BIND | flags, None)
