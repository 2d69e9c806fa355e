from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conformance.programs.notation.layout import WIDTH, Doc, Fill, Group, flat, join, laid

WORDS = st.text("abc", min_size=1, max_size=30)


def docs() -> st.SearchStrategy[Doc]:
    """Things that can be put on lines; none that cannot be broken is longer than a few words."""
    return st.recursive(
        WORDS,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=6).map(lambda items: Group("call(", tuple(items), ")")),
            st.lists(WORDS, min_size=1, max_size=12).map(lambda items: Fill(tuple(items), " ")),
            inner.map(lambda item: join("name=", item)),
        ),
        max_leaves=25,
    )


def squeezed(text: str) -> str:
    """Text without its white space."""
    return "".join(text.split())


@given(docs())
def test_what_is_broken_says_the_same(doc: Doc) -> None:
    assert squeezed(laid(doc, 4)) == squeezed(flat(doc))


def test_what_fits_stays_on_one_line() -> None:
    doc = Group("f(", ("a", "b"), ")")
    assert laid(doc, 0) == "f(a, b)"


def test_what_does_not_fit_has_each_thing_on_a_line_of_its_own() -> None:
    doc = Group("f(", ("a" * 70, "b" * 70), ")")
    assert laid(doc, 0) == f"f(\n    {'a' * 70},\n    {'b' * 70}\n)"


def test_what_stands_behind_counts() -> None:
    doc = Group("f(", ("a" * 100,), ")")
    assert "\n" not in laid(doc, 0)
    assert "\n" in laid(doc, 0, behind=WIDTH - 100)


def test_a_row_fills_its_lines() -> None:
    lines = laid(Fill(("a" * 50,) * 5, " "), 0).split("\n")
    assert [len(line) for line in lines] == [101, 105, 54]
