"""/proc/sys: settings that belong to a namespace are read, written and refused there alone (sysctl(8))."""

from __future__ import annotations

from errno import EINVAL

import pytest

from conformance.syscalls.files.opening import O_WRONLY
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.paths import contents, open_present
from conformance.syscalls.namespaces import CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWUTS, unshare

pytestmark = pytest.mark.needs("root")


@pytest.mark.parametrize(
    ("name", "namespace", "value", "default"),
    [
        (b"net/ipv4/ip_default_ttl", CLONE_NEWNET, b"42", b"64"),
        (b"net/ipv4/ip_unprivileged_port_start", CLONE_NEWNET, b"42", b"1024"),
        (b"kernel/msgmni", CLONE_NEWIPC, b"42", b"32000"),
        (b"fs/mqueue/msg_max", CLONE_NEWIPC, b"42", b"10"),
        (b"kernel/domainname", CLONE_NEWUTS, b"example", None),
    ],
    ids=["ttl", "port", "msgmni", "mqueue", "domainname"],
)
def test_setting_holds_in_its_namespace(name: bytes, namespace: int, value: bytes, default: bytes | None) -> None:
    """A new namespace has the default; a new UTS namespace, a copy."""
    path = b"/proc/sys/" + name
    write(open_present(path, O_WRONLY), value, len(value))
    assert contents(path) == value + b"\n"
    unshare(namespace)
    assert contents(path).strip() == (default or value)


def test_text_and_numbers_out_of_range_are_einval() -> None:
    fd = open_present(b"/proc/sys/net/ipv4/ip_default_ttl", O_WRONLY)
    write.fails_with(EINVAL, fd, b"many", 4)
    write.fails_with(EINVAL, fd, b"256", 3)
    assert contents(b"/proc/sys/net/ipv4/ip_default_ttl") == b"64\n"
