"""What the two ends make of each other's frames is in `tests/conformance/guest/test_init.py`, over a real stream."""

from __future__ import annotations

import re

import pytest

from conformance.protocol import agent
from runners.payload.executor import FOLDER
from runners.qemu.machine import SHIPPED, arguments


def test_the_executor_looks_for_the_port_that_a_machine_has() -> None:
    assert f"virtserialport,chardev=agent,name={agent.PORT}" in arguments((0, 1), (2, 3, 4), "tcg", SHIPPED)
    text = "\n".join(path.read_text() for path in sorted(FOLDER.glob("*.[ch]")))
    assert re.findall(r'"(org\.[a-z.]+)"', text) == [agent.PORT]


def test_what_one_end_says_is_what_the_other_reads() -> None:
    assert agent.read_spawn(agent.spawn(["a", "b c"], {"X": "é"})) == (["a", "b c"], {"X": "é"})
    assert agent.read_awake(agent.awake(1e9 + 0.5, b"random")) == (1e9 + 0.5, b"random")
    assert agent.read_hello(agent.hello("6.1.0", "vport0p1", ["tun", "loop"])) == {
        "release": "6.1.0",
        "stream": "vport0p1",
        agent.UNLOADED: "tun, loop",
    }
    for status in (0, 127, 255, -9):
        assert agent.read_ended(agent.ended(status)) == status


def test_a_frame_is_its_head_and_what_it_carries() -> None:
    said = agent.frame(7, agent.DATA, b"text")
    assert agent.HEADER.unpack(said[: agent.HEADER.size]) == (7, agent.DATA, 4)
    assert said[agent.HEADER.size :] == b"text"


@pytest.mark.parametrize("said", [b"", b"{", b"\xff", b"[" * 100_000], ids=["nothing", "half", "no text", "too deep"])
def test_a_greeting_that_cannot_be_read_is_an_error_of_one_sentence(said: bytes) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        agent.read_hello(said)


@pytest.mark.parametrize(
    ("said", "read"),
    [(b"[]", {}), (b"5", {}), (b'{"stream": ["a"]}', {"stream": "['a']"}), (b'{"\\ud800": null}', {"\ud800": "None"})],
)
def test_a_greeting_may_say_anything(said: bytes, read: dict[str, str]) -> None:
    assert agent.read_hello(said) == read


@pytest.mark.parametrize(("said", "status"), [(b"", 0), (b"\1", 1), (b"\7\0\0\0more", 7)])
def test_an_end_of_any_length_is_an_end(said: bytes, status: int) -> None:
    assert agent.read_ended(said) == status
