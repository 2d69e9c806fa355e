"""System calls as typed stubs, a module an area, with the structs and constants that go with them."""

from conformance.syscalls.buffers import Buffer
from conformance.syscalls.call import Missing, errno_name, missing, untraced

__all__ = ["Buffer", "Missing", "errno_name", "missing", "untraced"]
