"""Keyrings: keys that the kernel keeps for processes, found by type and description (keyrings(7))."""

from __future__ import annotations

from errno import EACCES

from conformance.syscalls import Buffer
from conformance.syscalls.security.keys import (
    KEY_SPEC_SESSION_KEYRING,
    KEYCTL_JOIN_SESSION_KEYRING,
    KEYCTL_READ,
    KEYCTL_REVOKE,
    KEYCTL_SEARCH,
    KEYCTL_UPDATE,
    add_key,
    keyctl,
    request_key,
)

KEYCTL_SETPERM = 5
ENOKEY, EKEYREVOKED = 126, 128
POSSESSOR_SEARCH = 0x08000000


def session() -> None:
    """A new session keyring, so that nothing of the machine's own is found."""
    keyctl(KEYCTL_JOIN_SESSION_KEYRING, None)


def key(payload: bytes = b"secret") -> int:
    """A key of type `user` in the session keyring."""
    return add_key(b"user", b"conformance", payload, len(payload), KEY_SPEC_SESSION_KEYRING)


def payload_of(serial: int) -> bytes:
    """What a key holds."""
    data = Buffer(32)
    return data.take(keyctl(KEYCTL_READ, serial, data, 32))


def test_key_is_found_by_its_description_and_read() -> None:
    session()
    made = key()
    assert keyctl(KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, b"user", b"conformance", 0) == made
    assert request_key(b"user", b"conformance", None, 0) == made
    assert payload_of(made) == b"secret"
    assert key(b"changed") == made
    assert payload_of(made) == b"changed"
    keyctl.fails_with(ENOKEY, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, b"user", b"absent", 0)


def test_revoked_key_is_of_no_use() -> None:
    session()
    made = key()
    keyctl(KEYCTL_REVOKE, made)
    keyctl.fails_with(EKEYREVOKED, KEYCTL_READ, made, Buffer(32), 32)
    keyctl.fails_with(EKEYREVOKED, KEYCTL_UPDATE, made, b"x", 1)


def test_permissions_bind_the_owner_too() -> None:
    """Without the right to write, even the possessor may not update; to be found is to be read (keyctl(2))."""
    session()
    made = key()
    keyctl(KEYCTL_SETPERM, made, POSSESSOR_SEARCH)
    assert keyctl(KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, b"user", b"conformance", 0) == made
    assert payload_of(made) == b"secret"
    keyctl.fails_with(EACCES, KEYCTL_UPDATE, made, b"x", 1)
