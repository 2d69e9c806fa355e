"""Processes as systemd needs them: orphans come back to the manager, services get just the privileges of their unit."""

from __future__ import annotations

import signal
from errno import EACCES, EINVAL, ENOKEY

import pytest

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.attributes import chown
from conformance.syscalls.files.opening import O_CLOEXEC, O_WRONLY, close, open, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.code import DATA, EXIT_WITH_ERRNO, EXIT_WITH_RESULT, call, elf
from conformance.syscalls.help.paths import contents, make_file, write_to
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.processes.credentials import geteuid, setresuid, setuid
from conformance.syscalls.processes.executing import execve
from conformance.syscalls.processes.identity import getpid, getppid
from conformance.syscalls.processes.prctl import (
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_RAISE,
    PR_GET_NO_NEW_PRIVS,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_KEEPCAPS,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    PR_SET_SECUREBITS,
    prctl,
)
from conformance.syscalls.processes.waiting import WALL, wait4
from conformance.syscalls.security.capabilities import (
    CAP_SETUID,
    LINUX_CAPABILITY_VERSION_3,
    SECBIT_NOROOT,
    CapData,
    CapHeader,
    capset,
)
from conformance.syscalls.security.keys import (
    KEY_SPEC_SESSION_KEYRING,
    KEYCTL_JOIN_SESSION_KEYRING,
    KEYCTL_SEARCH,
    add_key,
    keyctl,
)
from conformance.syscalls.signals import pause


def wait_for_any() -> tuple[int, int]:
    """Wait for the next child to end: its pid and its wait status."""
    status = Buffer(4)
    pid = wait4(-1, status, WALL, None)
    return pid, status.int_at(0)


def test_orphans_become_children_of_the_nearest_subreaper() -> None:
    """PR_SET_CHILD_SUBREAPER: how a user's manager, which is not PID 1, keeps its services."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    manager = getpid()
    reader, writer = new_pipe(O_CLOEXEC)

    def service() -> int:
        close(writer)
        read(reader, Buffer(1), 1)  # until its parent, the last who holds the other end, is gone
        return 7 if getppid() == manager else 8

    def starter() -> None:
        fork_child(service)

    started = fork_child(starter)
    assert exit_status(started) == 0
    close(writer)
    orphan, status = wait_for_any()
    assert orphan != started
    assert status == 7 << 8


def test_child_can_ask_for_a_signal_at_its_parents_death() -> None:
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    reader, writer = new_pipe(O_CLOEXEC)

    def child() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGUSR1)
        with untraced():  # the record of it would come too late
            write(writer, b"x", 1)
        pause()

    def parent() -> None:
        fork_child(child)
        read(reader, Buffer(1), 1)

    assert exit_status(fork_child(parent)) == 0
    assert wait_for_any()[1] == signal.SIGUSR1


@pytest.mark.needs("root", "x86_64")
def test_ambient_capability_survives_execve_of_another_user() -> None:
    """AmbientCapabilities= (Linux 4.3): here CAP_SETUID, with which nobody becomes root."""
    make_file(b"program", elf(call(setuid, 0) + EXIT_WITH_ERRNO), 0o755)
    only = 1 << CAP_SETUID

    def service() -> None:
        capset(CapHeader(version=LINUX_CAPABILITY_VERSION_3), CapData(effective=only, permitted=only, inheritable=only))
        prctl(PR_SET_KEEPCAPS, 1)
        setresuid(65534, 65534, 65534)
        prctl.or_missing("ambient capabilities", EINVAL, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETUID)
        execve(b"program", None, None)

    assert in_child(service) == 0


@pytest.mark.needs("root", "x86_64")
def test_root_can_do_without_its_privileges_for_good() -> None:
    """SecureBits=noroot: execve does not give uid 0 the capabilities that it dropped, here that to open any file."""
    make_file(b"program", elf(call(open, DATA, 0) + EXIT_WITH_ERRNO, b"secret\0"), 0o755)
    make_file(b"secret", mode=0o600)
    chown(b"secret", 1000, 1000)

    def service() -> None:
        prctl.or_missing("securebits", EINVAL, PR_SET_SECUREBITS, SECBIT_NOROOT)
        capset(CapHeader(version=LINUX_CAPABILITY_VERSION_3), CapData())
        execve(b"program", None, None)

    assert in_child(service) == EACCES


@pytest.mark.needs("root", "x86_64")
def test_no_new_privileges_takes_the_effect_from_set_user_id_files() -> None:
    """NoNewPrivileges=; it cannot be taken back."""
    make_file(b"program", elf(call(geteuid) + EXIT_WITH_RESULT), 0o4755)

    def service(limited: bool) -> None:
        if limited:
            prctl(PR_SET_NO_NEW_PRIVS, 1)
            prctl.fails_with(EINVAL, PR_SET_NO_NEW_PRIVS, 0)
            assert prctl(PR_GET_NO_NEW_PRIVS) == 1
        setresuid(65534, 65534, 65534)
        execve(b"program", None, None)

    assert in_child(lambda: service(limited=False)) == 0
    assert in_child(lambda: service(limited=True)) == 65534 & 0xFF


@pytest.mark.needs("root")
def test_oom_score_adjustment_can_be_raised_by_everybody_and_lowered_by_the_privileged() -> None:
    """OOMScoreAdjust=; children inherit it."""
    write_to(b"/proc/self/oom_score_adj", b"500")

    def service() -> None:
        assert contents(b"/proc/self/oom_score_adj") == b"500\n"
        fd = openat(AT_FDCWD, b"/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        write.fails_with(EINVAL, fd, b"1001", 4)
        setresuid(65534, 65534, 65534)
        write(fd, b"600", 3)
        write.fails_with(EACCES, fd, b"-1", 2)

    assert in_child(service) == 0


def test_service_gets_a_session_keyring_of_its_own() -> None:
    """KeyringMode=private: keys of the old session keyring are not found through the new one."""
    keyctl(KEYCTL_JOIN_SESSION_KEYRING, None)
    key = add_key(b"user", b"conformance", b"secret", 6, KEY_SPEC_SESSION_KEYRING)
    assert keyctl(KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, b"user", b"conformance", 0) == key

    def service() -> None:
        assert keyctl(KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, b"user", b"conformance", 0) == key
        keyctl(KEYCTL_JOIN_SESSION_KEYRING, None)
        keyctl.fails_with(ENOKEY, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, b"user", b"conformance", 0)

    assert in_child(service) == 0
