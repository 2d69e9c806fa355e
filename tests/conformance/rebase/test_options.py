from __future__ import annotations

import pytest

from conformance.rebase.options import OptionMove, Shift, shifts


@pytest.mark.parametrize(
    ("before", "after", "move", "said"),
    [
        ("y", "n", OptionMove.LOST, "CONFIG_X=y → n"),
        ("m", "n", OptionMove.LOST, "CONFIG_X=m → n"),
        ("y", "", OptionMove.LOST, "CONFIG_X=y → n"),
        ("y", "m", OptionMove.MODULE, "CONFIG_X=y → m"),
        ("m", "y", OptionMove.BUILT_IN, "CONFIG_X=m → y"),
        ("n", "y", OptionMove.GAINED, "CONFIG_X=n → y"),
        ("", "m", OptionMove.GAINED, "CONFIG_X=n → m"),
        ("8192", "512", OptionMove.VALUE, "CONFIG_X=8192 → 512"),
        ("landlock,yama", "", OptionMove.VALUE, "CONFIG_X=landlock,yama → n"),
    ],
)
def test_an_option_moves(before: str, after: str, move: OptionMove, said: str) -> None:
    found = Shift("X", before, after)
    assert (found.move, str(found)) == (move, said)


def test_only_what_differs_and_says_something_has_moved() -> None:
    before = {"A": "y", "B": "y", "C": "n", "GCC_VERSION": "120200", "CC_VERSION_TEXT": "gcc 12", "LOCALVERSION": "-x"}
    after = {"A": "y", "B": "n", "D": "n", "GCC_VERSION": "140200", "CC_VERSION_TEXT": "gcc 14", "LOCALVERSION": "-y"}
    assert shifts(before, after) == {"B": Shift("B", "y", "n")}


def test_what_is_off_and_what_is_not_mentioned_are_the_same() -> None:
    assert shifts({"A": "n"}, {}) == shifts({}, {"A": "n"}) == {}


def test_an_option_that_was_on_and_is_not_mentioned_any_more_is_told_from_one_that_is_off() -> None:
    found = shifts({"X86_X32": "y", "SECRETMEM": "y"}, {"X86_X32_ABI": "y", "SECRETMEM": "n"})
    assert [name for name, each in found.items() if each.unmentioned] == ["X86_X32"]
