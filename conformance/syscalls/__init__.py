"""System calls as typed stubs, a module an area, with the structs and constants that go with them."""

from conformance.syscalls.absence import Missing
from conformance.syscalls.buffers import Buffer
from conformance.syscalls.call import errno_name, missing, untraced

__all__ = ["Buffer", "Missing", "errno_name", "missing", "untraced"]
