"""keyrings(7): keys that the kernel keeps for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from conformance.syscalls.machinery.aliases import InBytes, Int, Out, Path, Size, Zero
from conformance.syscalls.machinery.buffers import Buffer, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    KERNEL_ADDRESS,
    Blob,
    Choices,
    Use,
    often,
    rarely,
    room,
    seldom,
)
from conformance.syscalls.machinery.kinds import MASK, Flags, Kind, Masked, Names, Renamed, Seen, named
from conformance.syscalls.machinery.memory import MemoryOr
from conformance.syscalls.machinery.taming import Instead
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.machinery.world import READ_ONLY, UNMAPPED

KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING = -1, -2, -3, -4
KEY_SPEC_USER_SESSION_KEYRING, KEY_SPEC_GROUP_KEYRING, KEY_SPEC_REQKEY_AUTH_KEY = -5, -6, -7
KEY_SPEC_REQUESTOR_KEYRING = -8

KEY_REQKEY_DEFL_DEFAULT, KEY_REQKEY_DEFL_THREAD_KEYRING, KEY_REQKEY_DEFL_PROCESS_KEYRING = 0, 1, 2
KEY_REQKEY_DEFL_SESSION_KEYRING, KEY_REQKEY_DEFL_USER_KEYRING, KEY_REQKEY_DEFL_USER_SESSION_KEYRING = 3, 4, 5
KEY_REQKEY_DEFL_GROUP_KEYRING, KEY_REQKEY_DEFL_REQUESTOR_KEYRING, KEY_REQKEY_DEFL_NO_CHANGE = 6, 7, -1

KEYCTL_GET_KEYRING_ID, KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_UPDATE, KEYCTL_REVOKE = 0, 1, 2, 3
KEYCTL_CHOWN, KEYCTL_SETPERM, KEYCTL_DESCRIBE, KEYCTL_CLEAR, KEYCTL_LINK, KEYCTL_UNLINK = 4, 5, 6, 7, 8, 9
KEYCTL_SEARCH, KEYCTL_READ, KEYCTL_INSTANTIATE, KEYCTL_NEGATE, KEYCTL_SET_REQKEY_KEYRING = 10, 11, 12, 13, 14
KEYCTL_SET_TIMEOUT, KEYCTL_ASSUME_AUTHORITY, KEYCTL_GET_SECURITY, KEYCTL_SESSION_TO_PARENT = 15, 16, 17, 18
KEYCTL_INVALIDATE, KEYCTL_GET_PERSISTENT, KEYCTL_RESTRICT_KEYRING, KEYCTL_MOVE, KEYCTL_CAPABILITIES = 21, 22, 29, 30, 31

KEYCTL_REJECT, KEYCTL_INSTANTIATE_IOV, KEYCTL_DH_COMPUTE, KEYCTL_PKEY_QUERY, KEYCTL_PKEY_ENCRYPT = 19, 20, 23, 24, 25
KEYCTL_PKEY_DECRYPT, KEYCTL_PKEY_SIGN, KEYCTL_PKEY_VERIFY, KEYCTL_WATCH_KEY = 26, 27, 28, 0x20

KeyctlOperation = Annotated[
    int,
    Flags(named(globals(), "KEYCTL_"), bits=False),
    Choices(99, KEYCTL_INSTANTIATE, KEYCTL_NEGATE, -1),
    Instead({KEYCTL_SESSION_TO_PARENT: 99, KEYCTL_GET_PERSISTENT: 99}),
]
"""Never the two that reach beyond the process: to its parent, and to a keyring that the user keeps."""


KEYCTL_MOVE_EXCL = 1
_KEYRINGS = named(globals(), "KEY_SPEC_")


class KeySerial(Renamed):
    """What keyctl(2) returns: a key's serial number, which is a large random one, or a size or zero."""

    @property
    def words(self) -> Mapping[str, int]:
        return _KEYRINGS

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if isinstance(seen, int) and seen < 1 << 16 else super().normal(seen, names)


class KeyContent(Kind):
    """What a key says: text of a program's own, or serial numbers, which are the kernel's choice."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        if isinstance(seen, str) and not all(" " <= each <= "~" for each in seen.rstrip("\0\xaa")):
            return [MASK, len(seen)]
        return seen


SERIAL = KeySerial("id")
Serial = Annotated[int, SERIAL]

OWN_KEYRINGS = Instead(
    {
        KEY_SPEC_USER_KEYRING: KEY_SPEC_PROCESS_KEYRING,
        KEY_SPEC_USER_SESSION_KEYRING: KEY_SPEC_PROCESS_KEYRING,
        KEY_SPEC_GROUP_KEYRING: KEY_SPEC_PROCESS_KEYRING,
    }
)
"""The keyrings of the user outlive a program (keyctl(2)): in their place, that of the process."""

# A program's own keyrings. The session's and the user's may belong to somebody on the machine, and are not touched.
Keyring = Annotated[
    Serial,
    Choices(KEY_SPEC_PROCESS_KEYRING, rarely(KEY_SPEC_THREAD_KEYRING, KEY_SPEC_REQKEY_AUTH_KEY, -8, -99), ...),
    OWN_KEYRINGS,
]
KeyringOrNone = Annotated[
    Serial,
    Choices(0, KEY_SPEC_PROCESS_KEYRING, seldom(KEY_SPEC_THREAD_KEYRING), ...),
    OWN_KEYRINGS,
]
AnyKey = Annotated[
    Serial,
    Choices(Use("id"), seldom(KEY_SPEC_PROCESS_KEYRING), rarely(KEY_SPEC_THREAD_KEYRING), ...),
    OWN_KEYRINGS,
]
KeyArgument = Annotated[bytes | Buffer | int | None, MemoryOr(SERIAL, out=True), OWN_KEYRINGS]
"""A key, a size, or memory."""

KeyType = Annotated[
    Path,
    Choices(often(b"user"), b"keyring", seldom(b"logon", b"absent", b".hidden", b"", *BAD_POINTERS)),
]
KeyName = Annotated[
    Path,
    Choices(often(b"key"), b"other", b"prefix:name", b"", b"n" * 4096, *BAD_POINTERS),
]
Callout = Annotated[Path, Choices(often(0), b"")]
Payload = Annotated[
    InBytes,
    Choices(Blob(b"payload"), Blob(b"other"), Blob(b""), Blob(b"x" * 4096), KERNEL_ADDRESS, 0),
]
SessionName = Annotated[InBytes, Choices(0, rarely(b".hidden", b"", KERNEL_ADDRESS))]
"""None: a session keyring with a name is shared with all of the user's processes."""

_SOME_ROOM = (often(room(64), 0), rarely(UNMAPPED, READ_ONLY, KERNEL_ADDRESS, 1))
OutContent = Annotated[Out[Struct], KeyContent(), Choices(*_SOME_ROOM)]
OutAbilities = Annotated[Out[Struct], Masked(), Choices(*_SOME_ROOM)]
OutSize = Annotated[int, Choices(64, rarely(4, 0))]

Creating = Annotated[int, Choices(1, seldom(0))]
Owner = Annotated[int, Choices(0, 1000, -1)]
Permissions = Annotated[int, Choices(0x3F3F0000, 0x3F000000, 0x1F1F1F1F, 0, 0x3F3F3F3F, 1 << 31)]
Timeout = Annotated[int, Choices(1000, 0, 1 << 31)]
DefaultKeyring = Annotated[int, Flags(named(globals(), "KEY_REQKEY_"), bits=False), Choices(*range(9), -1)]
RestrictedType = Annotated[InBytes, Choices(0, seldom(b"asymmetric", KERNEL_ADDRESS))]
Restriction = Annotated[InBytes, Choices(0, seldom(b"x"))]
KeyMoveFlags = Annotated[int, Flags({"KEYCTL_MOVE_EXCL": KEYCTL_MOVE_EXCL}), Choices(0, seldom(1, 2))]


@syscall(x86_64=248, aarch64=217, touches=PROCESS)
def add_key(type: KeyType, description: KeyName, payload: Payload, size: Size, keyring: Keyring) -> Serial: ...
@syscall(x86_64=249, aarch64=218, touches=PROCESS, after=("add_key", "keyctl_update", "keyctl_read", "keyctl_search"))
def request_key(type: KeyType, description: KeyName, callout: Callout, keyring: KeyringOrNone) -> Serial: ...
@syscall(x86_64=250, aarch64=219, touches=PROCESS)
def keyctl(
    operation: KeyctlOperation,
    arg2: KeyArgument = 0,
    arg3: KeyArgument = 0,
    arg4: KeyArgument = 0,
    arg5: KeyArgument = 0,
) -> Serial: ...
@operation(keyctl, operation=KEYCTL_GET_KEYRING_ID)
def keyctl_get_keyring_id(operation: KeyctlOperation, arg2: Keyring = 0, arg3: Creating = 0) -> Serial: ...
@operation(keyctl, operation=KEYCTL_JOIN_SESSION_KEYRING)
def keyctl_join(operation: KeyctlOperation, arg2: SessionName = 0) -> Serial: ...
@operation(keyctl, operation=KEYCTL_UPDATE)
def keyctl_update(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Payload = 0, arg4: Size = 0) -> Zero: ...
@operation(
    keyctl,
    operation=(KEYCTL_REVOKE, KEYCTL_CLEAR, KEYCTL_INVALIDATE, KEYCTL_ASSUME_AUTHORITY),
    after=("add_key", "keyctl_link"),
)
def keyctl_do(operation: KeyctlOperation, arg2: AnyKey = 0) -> Zero: ...
@operation(keyctl, operation=KEYCTL_CHOWN)
def keyctl_chown(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Owner = 0, arg4: Owner = 0) -> Zero: ...
@operation(keyctl, operation=KEYCTL_SETPERM)
def keyctl_setperm(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Permissions = 0) -> Zero: ...
@operation(keyctl, operation=(KEYCTL_DESCRIBE, KEYCTL_READ, KEYCTL_GET_SECURITY))
def keyctl_read(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: OutContent = 0, arg4: OutSize = 0) -> Int: ...
@operation(keyctl, operation=(KEYCTL_LINK, KEYCTL_UNLINK))
def keyctl_link(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Keyring = 0) -> Zero: ...
@operation(keyctl, operation=KEYCTL_SEARCH)
def keyctl_search(
    operation: KeyctlOperation, arg2: Keyring = 0, arg3: KeyType = 0, arg4: KeyName = 0, arg5: KeyringOrNone = 0
) -> Serial: ...
@operation(keyctl, operation=KEYCTL_SET_TIMEOUT)
def keyctl_set_timeout(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Timeout = 0) -> Zero: ...
@operation(keyctl, operation=KEYCTL_SET_REQKEY_KEYRING)
def keyctl_set_reqkey_keyring(operation: KeyctlOperation, arg2: DefaultKeyring = 0) -> Int: ...
@operation(keyctl, operation=KEYCTL_RESTRICT_KEYRING)
def keyctl_restrict(
    operation: KeyctlOperation, arg2: AnyKey = 0, arg3: RestrictedType = 0, arg4: Restriction = 0
) -> Zero: ...
@operation(keyctl, operation=KEYCTL_MOVE)
def keyctl_move(
    operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Keyring = 0, arg4: Keyring = 0, arg5: KeyMoveFlags = 0
) -> Zero: ...
@operation(keyctl, operation=KEYCTL_CAPABILITIES)
def keyctl_capabilities(operation: KeyctlOperation, arg2: OutAbilities = 0, arg3: OutSize = 0) -> Int: ...
