"""The loopback interface, which is down in every new network namespace and when a machine has booted."""

from __future__ import annotations

SIOCSIFFLAGS = 0x8914
"""netdevice(7)."""
_IFREQ_LO_UP = b"lo".ljust(16, b"\0") + b"\1\0" + bytes(22)
"""`struct ifreq` with IFF_UP."""


def bring_up() -> None:
    """Bring `lo` up. Raises OSError."""
    import fcntl  # noqa: PLC0415 - not every guest has network namespaces, and PID 1 has others waiting for it
    import socket  # noqa: PLC0415 - one of the slower imports

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, _IFREQ_LO_UP)
