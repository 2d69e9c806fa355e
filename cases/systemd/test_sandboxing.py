"""Sandboxing as systemd does it: namespaces, filters of system calls, rules for files, devices and networks."""

from __future__ import annotations

import struct
from errno import EACCES, EINVAL, ENOSYS, EPERM

import pytest

from cases.cgroups._groups import group
from cases.namespaces._namespaces import ask, enter, identity
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.files.opening import O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY, O_WRONLY, open, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.child import fork_child, in_child
from conformance.syscalls.help.paths import contents, make_file, open_present, write_to
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.namespaces import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWTIME,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    NS_GET_NSTYPE,
    setns,
    unshare,
)
from conformance.syscalls.processes.credentials import getuid
from conformance.syscalls.processes.pidfds import pidfd_open
from conformance.syscalls.processes.prctl import PR_SET_NO_NEW_PRIVS, prctl
from conformance.syscalls.security.bpf import (
    BPF_CGROUP_DEVICE,
    BPF_CGROUP_INET_EGRESS,
    BPF_PROG_ATTACH,
    BPF_PROG_LOAD,
    BPF_PROG_TYPE_CGROUP_DEVICE,
    BPF_PROG_TYPE_CGROUP_SKB,
    BpfAttach,
    BpfProgram,
    bpf,
)
from conformance.syscalls.security.landlock import (
    LANDLOCK_ACCESS_FS_READ_FILE,
    LANDLOCK_RULE_PATH_BENEATH,
    PathBeneath,
    landlock_add_rule,
    landlock_create_ruleset,
    landlock_restrict_self,
)
from conformance.syscalls.security.seccomp import SECCOMP_RET_ERRNO, SECCOMP_SET_MODE_FILTER, deny, seccomp
from conformance.syscalls.signals import pause
from conformance.syscalls.sockets.addresses import sockaddr_in
from conformance.syscalls.sockets.messages import sendto
from conformance.syscalls.sockets.socket import AF_INET, SOCK_DGRAM, socket
from conformance.syscalls.system import sethostname

DENY = struct.pack("=BBhi", 0xB7, 0, 0, 0) + struct.pack("=BBhi", 0x95, 0, 0, 0)
"""A BPF program: r0 = 0; exit."""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"mnt", CLONE_NEWNS),
        (b"pid", CLONE_NEWPID),
        (b"net", CLONE_NEWNET),
        (b"ipc", CLONE_NEWIPC),
        (b"uts", CLONE_NEWUTS),
        (b"user", CLONE_NEWUSER),
        (b"cgroup", CLONE_NEWCGROUP),
        (b"time", CLONE_NEWTIME),
    ],
    ids=["mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time"],
)
def test_namespace_tells_its_kind(name: bytes, kind: int) -> None:
    """RestrictNamespaces= and what else is namespaced; NS_GET_NSTYPE (Linux 4.11), time namespaces (5.6)."""
    assert ask(open_present(b"/proc/self/ns/" + name), NS_GET_NSTYPE) == kind


@pytest.mark.needs("root")
def test_root_of_a_user_namespace_has_no_power_over_the_machine() -> None:
    """PrivateUsers=."""
    enter(CLONE_NEWUSER)
    write_to(b"/proc/self/uid_map", b"0 0 1\n")
    assert getuid() == 0
    sethostname.fails_with(EPERM, b"other", 5)


@pytest.mark.needs("root")
def test_service_can_join_the_namespaces_of_another() -> None:
    """JoinsNamespaceOf=: setns(2) takes a process's descriptor and several kinds (Linux 5.8)."""
    reader, writer = new_pipe(O_CLOEXEC)

    def first() -> None:
        unshare(CLONE_NEWNET | CLONE_NEWUTS)
        sethostname(b"shared", 6)
        with untraced():  # the record of it would come too late
            write(writer, b"x", 1)
        pause()

    pid = fork_child(first)
    read(reader, Buffer(1), 1)
    fd = pidfd_open(pid, 0)
    error = setns.result_of(fd, CLONE_NEWNET | CLONE_NEWUTS)[1]
    if error == EINVAL:
        missing("setns with a pidfd")
    assert error == 0
    assert contents(b"/proc/sys/kernel/hostname") == b"shared\n"
    assert identity(b"/proc/self/ns/net") == identity(b"/proc/%d/ns/net" % pid)


@pytest.mark.needs("x86_64")
def test_filter_answers_a_forbidden_call_with_the_errno_of_the_unit() -> None:
    """SystemCallFilter= and SystemCallErrorNumber=: the filter passes on to children."""
    forbidden = deny(mkdir.number, SECCOMP_RET_ERRNO | 88)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if seccomp.result_of(SECCOMP_SET_MODE_FILTER, 0, forbidden.program)[1] in (EINVAL, ENOSYS):
        missing("filters of system calls")
    mkdir.fails_with(88, b"a", 0o755)
    assert in_child(lambda: mkdir.fails_with(88, b"a", 0o755)) == 0


def test_landlock_restricts_what_may_be_read() -> None:
    """Linux 5.13: everything that the ruleset handles is forbidden but below the directories that it names."""
    ruleset = landlock_create_ruleset(struct.pack("=Q", LANDLOCK_ACCESS_FS_READ_FILE), 8, 0)
    mkdir(b"allowed", 0o755)
    make_file(b"allowed/file")
    make_file(b"other")
    directory = open(b"allowed", O_PATH | O_DIRECTORY)
    rule = PathBeneath(allowed_access=LANDLOCK_ACCESS_FS_READ_FILE, parent_fd=directory)
    landlock_add_rule(ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    landlock_restrict_self(ruleset, 0)
    open(b"allowed/file", O_RDONLY)
    open(b"other", O_WRONLY)
    openat.fails_with(EACCES, AT_FDCWD, b"other", O_RDONLY)


def deny_in(path: bytes, program_type: int, attach_type: int) -> None:
    """Attach a BPF program that forbids all to a group."""
    program = Buffer(DENY)
    licence = Buffer(b"GPL\0")
    attributes = BpfProgram(prog_type=program_type, insn_cnt=2, insns=program.address, license=licence.address)
    fd, error = bpf.result_of(BPF_PROG_LOAD, attributes, BpfProgram.size())
    if error in (EINVAL, ENOSYS):
        missing("BPF programs for control groups")
    assert error == 0
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    attach = BpfAttach(target_fd=directory, attach_bpf_fd=fd, attach_type=attach_type)
    bpf(BPF_PROG_ATTACH, attach, BpfAttach.size())


@pytest.mark.needs("root")
def test_group_can_be_denied_devices() -> None:
    """DevicePolicy=strict: BPF_PROG_TYPE_CGROUP_DEVICE (Linux 4.15)."""
    with group() as path:
        deny_in(path, BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE)
        open(b"/dev/null", O_RDONLY)

        def service() -> None:
            write_to(path + b"/cgroup.procs", b"0")
            openat.fails_with(EPERM, AT_FDCWD, b"/dev/null", O_RDONLY)

        assert in_child(service) == 0


@pytest.mark.needs("root")
def test_group_can_be_denied_the_network() -> None:
    """IPAddressDeny=any: BPF_PROG_TYPE_CGROUP_SKB (Linux 4.10)."""
    with group() as path:
        deny_in(path, BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS)

        def service() -> None:
            write_to(path + b"/cgroup.procs", b"0")
            fd = socket(AF_INET, SOCK_DGRAM, 0)
            sendto.fails_with(EPERM, fd, b"x", 1, 0, sockaddr_in(9), 16)

        assert in_child(service) == 0
