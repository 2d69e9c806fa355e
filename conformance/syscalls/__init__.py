"""System calls as typed stubs, in chapters of pages, with the structs and constants that go with them."""

from conformance.syscalls.machinery.absence import Missing
from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.machinery.call import errno_name, missing, untraced

__all__ = ["Buffer", "Missing", "errno_name", "missing", "untraced"]
