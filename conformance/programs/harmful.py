# ruff: noqa: SIM905 - the tables are words
"""What a program must not do, and what its surroundings must give it: one table each, with reasons.

The executor drops the capabilities that the worst of these calls need (clock, modules, raw I/O, devices), so this is
the second fence, and the one that keeps outcomes predictable.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Any

from conformance.programs.program import Argument, Memory, Program, Step
from conformance.syscalls.machinery.call import Operation, Pseudo, Syscall
from conformance.syscalls.machinery.choices import ARENA, ARENA_PAGES, DATA, PAGE
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.memory import MAP_FIXED, MREMAP_FIXED
from conformance.syscalls.pseudo import EXEC, SPAWN, THREAD
from conformance.syscalls.scheduling import IOPRIO_WHO_PROCESS, IOPRIO_WHO_USER, PRIO_PROCESS, PRIO_USER
from conformance.syscalls.security import KEY_SPEC_PROCESS_KEYRING
from conformance.syscalls.sockets import AF_UNIX

_NEVER = {
    "ends the machine": "reboot kexec_load kexec_file_load",
    "changes the kernel": "init_module finit_module delete_module",
    "sets the machine's clock": "clock_settime settimeofday adjtimex clock_adjtime",
    "belongs to the whole machine": "swapon swapoff acct quotactl quotactl_fd syslog nfsservctl lookup_dcookie",
    "reaches the hardware": "iopl ioperm modify_ldt set_thread_area get_thread_area",
    "could run away: children are made by `spawn_*`": "clone clone3 fork vfork",
    "jumps to what lies on the executor's stack": "rt_sigreturn restart_syscall",
    "does nothing but block, or hangs up a terminal that is not there": "pause vhangup",
    "takes the executor's registers or stack away": (
        "arch_prctl rseq set_robust_list set_tid_address map_shadow_stack uretprobe uprobe"
    ),
    "waits for every disk of the machine": "sync syncfs",
    "waits for a grace period of the kernel, longer than a call may take": "io_destroy",
    "can stop every process of a mount by its permission events": "fanotify_mark",
    "loads code into the kernel, or reads counters of the whole machine": "bpf perf_event_open",
    "takes the root away from the executor's other programs": "pivot_root",
    "lets threads of the kernel go on beyond the program's end": "userfaultfd io_uring_enter",
    "tells how many processors there are": "getcpu sched_getaffinity",
}
NEVER: dict[str, str] = {name: reason for reason, names in _NEVER.items() for name in names.split()}
"""Calls that are never generated, and why."""


class Surroundings(IntFlag):
    """What the executor makes for a program; the bits are its protocol's."""

    OWN = 1
    """A process of its own."""
    IPC = 2
    """IPC and UTS namespaces of its own."""
    NET = 4
    MNT = 8
    """A mount namespace of its own, on a tmpfs of its own."""
    CHILDREN = 16
    """It may leave processes behind."""
    EXEC = 32
    """It needs a file that can be executed."""


HARMLESS = frozenset(
    """
    read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 lseek open creat openat openat2 close
    close_range dup dup2 dup3 flock pipe pipe2 stat lstat fstat newfstatat statx statfs fstatfs access faccessat
    faccessat2 chmod fchmod fchmodat fchmodat2 chown lchown fchown fchownat umask truncate ftruncate fallocate
    fadvise64 readahead cachestat fsync fdatasync sync_file_range mkdir mkdirat rmdir mknod mknodat unlink unlinkat
    link linkat symlink symlinkat readlink readlinkat rename renameat renameat2 getdents64 getdents getcwd chdir
    fchdir utime utimes futimesat utimensat setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr
    llistxattr flistxattr removexattr lremovexattr fremovexattr setxattrat getxattrat listxattrat removexattrat
    sendfile splice tee vmsplice copy_file_range name_to_handle_at file_getattr file_setattr epoll_create
    epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect6 eventfd eventfd2
    timerfd_create timerfd_settime timerfd_gettime signalfd signalfd4 inotify_init inotify_init1 inotify_add_watch
    inotify_rm_watch memfd_create clock_gettime clock_getres gettimeofday time times nanosleep clock_nanosleep
    getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getpgid getpgrp getsid uname
    sysinfo getrandom getrlimit getpriority sched_yield sched_getscheduler sched_getparam sched_getattr
    sched_get_priority_max sched_get_priority_min sched_rr_get_interval capget socket socketpair bind listen accept
    accept4 connect getsockname getpeername sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg getsockopt setsockopt
    shutdown ustat sysfs
    """.split()
)
"""Calls that change nothing of their process but its fds, its working directory, its umask and its files: programs of
these alone share a process, which puts those back."""
HARMLESS_OPERATIONS = ("fcntl", "ioctl")
"""Calls of which some operations are harmless: those that are not named here after their own."""
LASTING = ("setown", "setsig", "setlease", "notify", "setlk")
"""What the operations of `fcntl` that concern more than fds have in their names."""
MOUNTS = frozenset(
    """
    mount umount2 fsopen fsconfig fsmount fspick open_tree open_tree_attr move_mount mount_setattr statmount listmount
    chroot unshare setns
    """.split()
)
IPC_CALLS = frozenset(
    """
    shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink
    mq_timedsend mq_timedreceive mq_notify mq_getsetattr sethostname setdomainname
    """.split()
)
MAPPERS = frozenset(
    """
    munmap mprotect pkey_mprotect madvise remap_file_pages mseal mlock mlock2 munlock msync mincore mbind
    """.split()
)
"""Calls on memory that is there, with its address and length as their first arguments."""
SIGNALLERS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
OUTSIDERS = ("getppid",)
"""Calls whose result is a process of the executor's: not for a program to play with."""
KEY_SPEC_SHARED = (-4, -5, -6)
"""The keyrings of the user, which outlive a program (keyctl(2))."""


def surroundings(program: Program) -> Surroundings:
    """What a program must be given so that nothing of it reaches the next one."""
    found = Surroundings(0)
    for step in program.steps:
        description = step.description
        if isinstance(description, Pseudo):
            found |= Surroundings.OWN | (Surroundings.CHILDREN if description.number in (SPAWN, THREAD, EXEC) else 0)
            found |= Surroundings.EXEC if description.number == EXEC else 0
        elif not _is_harmless(description):
            found |= Surroundings.OWN
        if description.name in MOUNTS or any(map(_leaves_the_tree, step.args)):
            found |= Surroundings.OWN | Surroundings.MNT
        if description.name in IPC_CALLS:
            found |= Surroundings.OWN | Surroundings.IPC
        if description.name in ("socket", "socketpair") and step.args[:1] != (AF_UNIX,):
            found |= Surroundings.OWN | Surroundings.NET
    return found


def _leaves_the_tree(argument: Argument) -> bool:
    """Whether an argument may name the directories above a program's own, which it would share with others."""
    return isinstance(argument, Memory) and argument.data.startswith((b"/", b".."))


def _is_harmless(description: Syscall[Any]) -> bool:
    if description.name in HARMLESS:
        return True
    if description.name not in HARMLESS_OPERATIONS or not isinstance(description, Operation):
        return False
    return not any(word in description.__name__ for word in LASTING)


def is_allowed(label: str) -> bool:
    """Whether a call may be generated at all."""
    return grammar()[label].name not in NEVER


def neutralised(program: Program) -> Program:
    """The program without what it must not do: calls of the table dropped, the others' arguments put right."""
    kept = program.without({at for at, step in enumerate(program.steps) if not is_allowed(step.label)})
    return Program(tuple(_tamed(step) for step in kept.steps))


def is_tame(program: Program) -> bool:
    """Whether a program does nothing that it must not do."""
    return neutralised(program) == program


def _tamed(step: Step) -> Step:
    args = list(step.args)
    for at, parameter in enumerate(step.description.parameters[: len(args)]):
        if (parameter.kind.family or "").partition(":")[0] == "pid" and args[at] == 1:
            args[at] = 0  # 1 is the executor itself
    name = step.description.name
    if name in ("mmap", "mremap", "shmat", *MAPPERS):
        _keep_to_the_arena(name, args)
    elif name in SIGNALLERS and args and isinstance(args[0], int) and not 2 <= args[0] & 0xFFFFFFFF < 1 << 31:
        # -1 is everybody, another negative number a group that may be anybody's, 1 is init; the kernel takes 32 bits.
        args[0] = 0
    elif name in ("add_key", "request_key", "keyctl"):
        args = [KEY_SPEC_PROCESS_KEYRING if each in KEY_SPEC_SHARED else each for each in args]
    elif name in ("setpriority", "getpriority") and args[:1] == [PRIO_USER]:
        args[0] = PRIO_PROCESS  # the user's other processes are the executor's
    elif name in ("ioprio_set", "ioprio_get") and args[:1] == [IOPRIO_WHO_USER]:
        args[0] = IOPRIO_WHO_PROCESS
    elif name == "prlimit64" and args and isinstance(args[0], int):
        args[0] = 0
    return Step(step.label, tuple(args))


def _keep_to_the_arena(name: str, args: list[Argument]) -> None:
    """Programs map memory where the executor has none."""
    if name == "mmap" and len(args) > 3 and isinstance(args[3], int):
        # Elsewhere the kernel would choose, and the executor's own memory is somewhere, too.
        args[3] |= MAP_FIXED
        args[0] = _in_arena(args[0])
        args[1] = _short(args[1])
    elif name == "mremap":
        args[:3] = [change(each) for change, each in zip((_in_arena, _short, _short), args, strict=False)]
        if len(args) > 4 and isinstance(args[3], int) and args[3] & MREMAP_FIXED:
            args[4] = _in_arena(args[4])
    elif name in MAPPERS:
        if args and isinstance(args[0], int) and not DATA <= args[0] < DATA + (1 << 32):
            args[0] = ARENA
        if len(args) > 1:
            args[1] = _short(args[1])
    elif name == "shmat" and len(args) > 1 and isinstance(args[1], int) and args[1]:
        args[1] = _in_arena(args[1])


def _in_arena(address: Argument) -> Argument:
    if isinstance(address, int) and not ARENA <= address < ARENA + ARENA_PAGES * PAGE:
        return ARENA + address % PAGE
    return address


def _short(length: Argument) -> Argument:
    """No more than the arena, or so much that every kernel refuses it."""
    if isinstance(length, int) and ARENA_PAGES * PAGE < length % (1 << 64) < 1 << 63:
        return ARENA_PAGES * PAGE
    return length
