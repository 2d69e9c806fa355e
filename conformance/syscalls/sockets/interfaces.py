"""netdevice(7): what a socket can be asked of network interfaces: of `lo`, which every network namespace has."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files import requests
from conformance.syscalls.files.ioctls import IoctlRequest, ioctl
from conformance.syscalls.machinery.aliases import Zero
from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.machinery.call import operation
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, Choices, often, rarely
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.touches import NETWORK
from conformance.syscalls.sockets.socket import AnySocket

NAME, SIZE = 16, 40
"""Bytes of an interface's name, and of a `struct ifreq`."""


def ifreq(name: bytes, value: int = 0) -> Blob:
    """A `struct ifreq`: an interface, and a number about it."""
    return Blob(name[:NAME].ljust(NAME, b"\0") + value.to_bytes(4, "little") + bytes(SIZE - NAME - 4))


InterfaceRequest = Annotated[
    Buffer | bytes | int | None,
    Pointer(out=True),
    Choices(
        often(ifreq(b"lo")),
        *(ifreq(b"lo", 1), ifreq(b"absent0"), ifreq(b""), ifreq(b"n" * NAME), ifreq(b"lo:1")),
        rarely(*BAD_POINTERS),
    ),
]
NewInterfaceValue = Annotated[
    Buffer | bytes | int | None,
    Pointer(out=True),
    Choices(
        often(ifreq(b"lo", 1500)),
        *(ifreq(b"lo", value) for value in (0, 1, 0x49, 67, 65536, 0x7FFFFFFF, 0xFFFFFFFF)),
        *(ifreq(b"absent0", 1500), ifreq(b"", 1)),
        rarely(*BAD_POINTERS),
    ),
]


@operation(
    ioctl,
    request=(
        *(requests.SIOCGIFFLAGS, requests.SIOCGIFINDEX, requests.SIOCGIFNAME, requests.SIOCGIFMTU),
        *(requests.SIOCGIFADDR, requests.SIOCGIFNETMASK, requests.SIOCGIFBRDADDR, requests.SIOCGIFDSTADDR),
        *(requests.SIOCGIFHWADDR, requests.SIOCGIFTXQLEN, requests.SIOCGIFMETRIC, requests.SIOCGIFMAP),
    ),
    touches=NETWORK,
)
def ioctl_interface(fd: AnySocket, request: IoctlRequest, arg: InterfaceRequest = 0) -> Zero: ...
@operation(
    ioctl,
    request=(requests.SIOCSIFMTU, requests.SIOCSIFFLAGS, requests.SIOCSIFTXQLEN, requests.SIOCSIFMETRIC),
    touches=NETWORK,
)
def ioctl_set_interface(fd: AnySocket, request: IoctlRequest, arg: NewInterfaceValue = 0) -> Zero: ...
