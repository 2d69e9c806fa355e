"""Expectations at random."""

from __future__ import annotations

from hypothesis import strategies as st

from conformance.matrix.expectations.entries import RAW
from conformance.model import Cause, Expectation, ExpectationKind, Verdict

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t"))
SAID = TEXT.filter(lambda text: bool(text.strip()))
CASES = st.from_regex(r"[a-z]{1,3}/test_[a-z]{1,3}\.py::(\*|test_[a-z]{1,3}(\[[a-z0-9-]{0,4}\*?\]?)?)", fullmatch=True)
EXPIRES = st.dates().map(str) | st.just("")
WHEN = st.sampled_from(["", "kernel >= 6.6", "kernel > 5.10 and runsc < 20250101"])


def expectations(target: str, cases: st.SearchStrategy[str] = SAID) -> st.SearchStrategy[Expectation]:
    """Of both kinds, of one target."""
    common = {
        "case": cases,
        "target": st.just(target),
        "verdict": st.sampled_from(Verdict),
        "link": TEXT,
        "when": WHEN,
        "cause": st.none() | st.sampled_from(Cause),
        "since": TEXT,
        "expires": EXPIRES,
    }
    reasons = SAID.filter(lambda text: not RAW.search(text))
    explained = st.builds(Expectation, reason=reasons, kind=st.just(ExpectationKind.EXPLAINED), **common)
    return explained | st.builds(Expectation, message=TEXT, kind=st.just(ExpectationKind.BASELINE), **common)


def lists(target: str, cases: st.SearchStrategy[str] = SAID) -> st.SearchStrategy[list[Expectation]]:
    """Of which none says what another says already."""
    return st.lists(expectations(target, cases), unique_by=lambda each: (each.case, each.kind, each.when))
