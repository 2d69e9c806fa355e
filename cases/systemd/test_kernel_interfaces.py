"""Files of the kernel that systemd relies on: identities, sysctls, pressure, the log, terminals, names."""

from __future__ import annotations

import re
from errno import EINVAL, ENOENT, EOPNOTSUPP

import pytest

from cases.netlink._uevents import listener, next_event, trigger
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.opening import O_CLOEXEC, O_NONBLOCK, O_RDONLY, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import SEEK_END, lseek, read, write
from conformance.syscalls.help.mounts import mount_new
from conformance.syscalls.help.paths import contents, open_present, rest_of, write_to
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLERR, POLLPRI
from conformance.syscalls.system import (
    LINUX_REBOOT_CMD_CAD_OFF,
    LINUX_REBOOT_MAGIC1,
    LINUX_REBOOT_MAGIC2,
    reboot,
    sethostname,
)

PATTERN = b"/proc/sys/kernel/core_pattern"
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n")


def test_boot_has_an_identity_and_everything_else_a_new_one() -> None:
    """boot_id is the same at each read, uuid never (random(4)); both are UUIDs of version 4."""
    open_present(b"/proc/sys/kernel/random/boot_id")
    open_present(b"/proc/sys/kernel/random/uuid")
    boots = [contents(b"/proc/sys/kernel/random/boot_id") for _ in range(2)]
    others = [contents(b"/proc/sys/kernel/random/uuid") for _ in range(2)]
    for each in boots + others:
        assert UUID.fullmatch(each)
    assert boots[0] == boots[1]
    assert others[0] != others[1]


@pytest.mark.needs("root")
def test_list_of_mounts_tells_by_poll_when_it_has_changed() -> None:
    """How systemd learns of mounts that others make (proc_pid_mounts(5))."""
    fd = openat(AT_FDCWD, b"/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
    rest_of(fd)
    assert not ready(fd, POLLPRI, 0)
    mount_new(b"tmpfs", b"mounted")
    assert ready(fd, POLLPRI, 0) == POLLPRI | POLLERR
    assert not ready(fd, POLLPRI, 0)


@pytest.mark.parametrize("resource", ["cpu", "io", "memory"])
def test_pressure_is_told_for_some_and_for_all_processes(resource: str) -> None:
    """systemd-oomd and MemoryPressureWatch= (Linux 4.20); for cpu there is no line `full` before 5.13."""
    path = b"/proc/pressure/" + resource.encode()
    fd, error = openat.result_of(AT_FDCWD, path, O_RDONLY | O_CLOEXEC)
    if error in (ENOENT, EOPNOTSUPP):
        missing("pressure stall information")
    first, *others = rest_of(fd).splitlines()
    some = re.compile(rb"some avg10=\d+\.\d\d avg60=\d+\.\d\d avg300=\d+\.\d\d total=\d+")
    assert some.fullmatch(first)
    for line in others:
        assert some.fullmatch(line.replace(b"full", b"some"))


@pytest.mark.needs("root", "disposable")
def test_pattern_for_core_files_can_be_set() -> None:
    """systemd-coredump: a pipe to a program; PID 1 switches core files off at boot."""
    open_present(PATTERN)
    before = contents(PATTERN)
    write_to(PATTERN, b"|/bin/false %P %u")
    assert contents(PATTERN) == b"|/bin/false %P %u\n"
    with untraced():
        write_to(PATTERN, before.strip() or b"core")


@pytest.mark.needs("root")
def test_sequence_number_in_sysfs_counts_events() -> None:
    """How `udevadm settle` knows what is still to come."""
    fd = listener()
    trigger(b"change 1b2a9c54-0000-4000-8000-00000000005e")
    event = next_event(fd, SYNTH_UUID="1b2a9c54-0000-4000-8000-00000000005e")
    assert int(contents(b"/sys/kernel/uevent_seqnum")) >= int(event.variables[b"SEQNUM"])


@pytest.mark.needs("root", "disposable")
def test_what_is_written_to_the_log_can_be_read_as_a_record() -> None:
    """journald: /dev/kmsg gives `priority,sequence,microseconds,flags;text`, a record a read, from where one seeks."""
    fd = open_present(b"/dev/kmsg", O_RDWR | O_NONBLOCK)
    lseek(fd, 0, SEEK_END)
    write(fd, b"<30>conformance: a record\n", 26)
    record = Buffer(8192)
    with untraced():
        text = b""
        while b"conformance: a record" not in text:
            text = record.take(read(fd, record, 8192))
    assert re.match(rb"30,\d+,\d+,[-c+](,[^;]*)?;conformance: a record\n", text)


@pytest.mark.needs("root", "disposable")
@pytest.mark.shares("pid")
def test_ctrl_alt_del_can_be_left_to_the_manager() -> None:
    """reboot(2): the first that PID 1 does, so that the keys are a signal to it. Only in the first PID namespace."""
    reboot.fails_with(EINVAL, LINUX_REBOOT_MAGIC1, 1, LINUX_REBOOT_CMD_CAD_OFF, None)
    reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF, None)


@pytest.mark.needs("root")
def test_host_name_tells_by_poll_when_it_has_changed() -> None:
    """How journald and resolved learn of a new name."""
    fd = openat(AT_FDCWD, b"/proc/sys/kernel/hostname", O_RDONLY | O_CLOEXEC)
    assert not ready(fd, POLLPRI, 0)
    sethostname(b"conformance", 11)
    assert ready(fd, POLLPRI, 0) == POLLPRI | POLLERR
    assert contents(b"/proc/sys/kernel/hostname") == b"conformance\n"
