from __future__ import annotations

import pytest

from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.kinds import MASK, Names
from conformance.syscalls.security.keys import SERIAL, KeyArgument, KeyContent


def test_a_serial_number_has_a_name() -> None:
    names = Names()
    assert SERIAL.normal(0x2A0B1C2D, names) == SERIAL.normal(0x2A0B1C2D, names) != SERIAL.normal(0x3A0B1C2D, names)


@pytest.mark.parametrize("seen", [-2, 0, 7, 4096])
def test_a_special_keyring_or_a_size_is_compared_as_it_is(seen: int) -> None:
    assert SERIAL.normal(seen, Names()) == seen


@pytest.mark.parametrize(
    ("seen", "normal"),
    [
        ("payload", "payload"),
        ("payload\xaa\xaa", "payload\xaa\xaa"),
        ("\x2d\x1c\x0b\x2a", [MASK, 4]),
        ("", ""),
        (None, None),
    ],
)
def test_of_a_keyrings_content_only_the_length_is_compared(seen: str | None, normal: object) -> None:
    assert KeyContent().normal(seen, Names()) == normal


def test_an_argument_may_be_a_key_or_memory() -> None:
    kind, names = Parameter("arg2", KeyArgument).kind, Names()
    assert kind.normal(0x2A0B1C2D, names) == SERIAL.normal(0x2A0B1C2D, names)
    assert kind.normal("payload", names) == "payload"
