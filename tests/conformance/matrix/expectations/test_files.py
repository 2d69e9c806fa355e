from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.matrix.expectations.entries import check
from conformance.matrix.expectations.files import ExpectationError, TargetFile, dump, parse, with_common
from conformance.model import Cause, Expectation, ExpectationKind, Verdict
from tests.conformance.matrix.expectations.strategies import EXPIRES, TEXT, WHEN, lists

SHARED = st.fixed_dictionaries(
    {},
    optional={
        "verdict": st.sampled_from(Verdict).map(str),
        "cause": st.sampled_from(Cause).map(str),
        "link": TEXT,
        "when": WHEN,
        "since": TEXT,
        "expires": EXPIRES,
    },
)


def read(text: str) -> TargetFile:
    """The file `known/wsl1.toml`."""
    return parse(text, "wsl1", "known/wsl1.toml")


@settings(deadline=None)
@given(lists("wsl1"), st.dictionaries(st.sampled_from(["", *ExpectationKind]), SHARED.filter(bool)), st.booleans())
def test_what_was_written_is_read_again(
    entries: list[Expectation], shared: dict[str, dict[str, str]], named: bool
) -> None:
    text = dump(TargetFile("wsl1", entries, shared, "# Known.\n"), named=named)
    again = parse(text, "other" if named else "wsl1", "wsl1.toml")
    assert sorted(map(repr, again.entries)) == sorted(map(repr, entries))
    assert (again.target, again.shared, again.head) == ("wsl1", shared, "# Known.\n")
    assert dump(again, named=named) == text


@settings(deadline=None)
@given(
    st.builds(Expectation, st.text(), st.just("wsl1"), st.sampled_from(Verdict), st.text(), *[st.text()] * 2),
    st.sampled_from(ExpectationKind),
)
def test_what_is_not_refused_when_it_is_made_is_not_refused_when_it_is_read(
    each: Expectation, kind: ExpectationKind
) -> None:
    text = dump(TargetFile("wsl1", [each]))
    try:
        check(each)
    except ValueError:
        with pytest.raises(ExpectationError, match=r"^known/wsl1\.toml:\d"):
            read(text)
    else:
        assert list(read(text).entries) == [each]


ENTRY = '[[explained]]\ncase = "a/*"\nverdict = "missing"\nreason = "so"\n'
BASELINE = '[[baseline]]\ncase = "a/*"\nverdict = "missing"\nmessage = "AssertionError: so"\n'


def test_a_file_without_expectations_has_none() -> None:
    assert read("# nothing yet\n") == TargetFile("wsl1", head="# nothing yet\n")


def test_a_file_is_sorted_by_kind_and_case_and_says_once_what_entries_share() -> None:
    """So that a difference in git is the difference."""
    link = "https://example.org/"
    known = [
        Expectation(
            "b/*", "wsl1", Verdict.FAILS, link=link, when="build == 19041", message="so", kind=ExpectationKind.BASELINE
        ),
        Expectation("c/*", "wsl1", Verdict.FAILS, link=link, message="so", kind=ExpectationKind.BASELINE),
        Expectation("z/*", "wsl1", Verdict.MISSING, "it has none", link, cause=Cause.ABSENT),
        Expectation("a/*", "wsl1", Verdict.MISSING, "it has none", "https://example.org/a"),
    ]
    shared = {"": {"link": link}, "baseline": {"when": "build == 19041"}, "explained": {"cause": "absent"}}
    assert (
        dump(TargetFile("wsl1", known, shared, "# What is known.\n"))
        == """\
# What is known.

[shared]
link = "https://example.org/"

[shared.explained]
cause = "absent"

[shared.baseline]
when = "build == 19041"

[[explained]]
case = "a/*"
verdict = "missing"
cause = ""
reason = "it has none"
link = "https://example.org/a"

[[explained]]
case = "z/*"
verdict = "missing"
reason = "it has none"

[[baseline]]
case = "b/*"
verdict = "fails"
message = "so"

[[baseline]]
case = "c/*"
verdict = "fails"
message = "so"
when = ""
"""
    )


def test_entries_inherit_what_their_kind_or_all_share_unless_they_say_otherwise() -> None:
    text = f"""
[shared]
link = "https://example.org/"
since = 2026-01-01
[shared.baseline]
when = "runsc == 20240729"
since = 2026-02-02
{ENTRY}
{BASELINE}
[[baseline]]
case = "b/*"
verdict = "fails"
when = ""
link = "https://example.org/b"
"""
    explained, baseline, own = read(text).entries
    assert (explained.link, explained.when, explained.since) == ("https://example.org/", "", "2026-01-01")
    assert (baseline.link, baseline.when, baseline.since) == (
        *("https://example.org/", "runsc == 20240729", "2026-02-02"),
    )
    assert (own.link, own.when, own.since) == ("https://example.org/b", "", "2026-02-02")


def test_a_file_may_say_whom_it_is_about() -> None:
    assert parse(f'target = "gvisor"\n{BASELINE}', "wsl1", "wsl1.toml").entries[0].target == "gvisor"


def test_what_all_entries_of_a_kind_say_is_put_on_top() -> None:
    known = [
        Expectation(case, "wsl1", Verdict.FAILS, link="l", when="build == 1", since=case, kind=ExpectationKind.BASELINE)
        for case in ("a/*", "b/*")
    ]
    file = with_common(TargetFile("wsl1", known))
    assert file.shared == {"baseline": {"link": "l", "when": "build == 1"}}
    assert list(read(dump(file)).entries) == known


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[explained]\n", "1: Expected ']]'"),
        ('[[explained]]\ncase = "a', "2: "),
        (ENTRY + '[[explained]]\ncase = "b/*"\n', '5: verdict is missing: an entry has `verdict = "missing"`'),
        (
            ENTRY + '[[explained]]\nverdict = "fails"\n',
            '5: case is missing: an entry has `case = "netlink/test_audit.py',
        ),
        (ENTRY + BASELINE.replace('"missing"', '"wrong"'), "7: verdict: 'wrong' is none of same, new, differs,"),
        (ENTRY + 'cause = "none"\n', "5: cause: 'none' is none of absent, version,"),
        (ENTRY + "link = 5\n", "5: link: 5 is no text; put it in quotes"),
        (ENTRY + BASELINE + 'when = "kernel => 6"\n', "9: when: 'kernel => 6' is not a condition such as"),
        (ENTRY + 'expires = "soon"\n', "5: expires: 'soon' is no date such as 2030-12-31"),
        (ENTRY + 'expires = "2030-02-30"\n', "5: expires: '2030-02-30' is no date"),
        (ENTRY.replace('"so"', '"\\u001b[31m"'), "4: reason: there is a character in it that cannot be shown, U+001B"),
        (ENTRY.replace("a/*", "a\\u0085"), "2: case: there is a character in it that cannot be shown, U+0085"),
        (ENTRY.replace("a/*", " "), "2: case: it is empty"),
        (ENTRY.replace('"so"', '" "'), "4: reason: it is empty; say why it is so, or make it a [[baseline]]"),
        (ENTRY.replace('reason = "so"\n', ""), "1: reason is missing: an explained entry says why"),
        (ENTRY.replace('"so"', '"assert 1 == 2"'), "4: reason: 'assert ' is what a case said and not why it is so"),
        (
            ENTRY + 'message = "x"\n',
            "5: message is no key of [[explained]]: an [[explained]] entry says why, in `reason`",
        ),
        (
            BASELINE + 'reason = "x"\n',
            "5: reason is no key of [[baseline]]: a baseline has none, since nobody has looked",
        ),
        (ENTRY + 'target = "wsl1"\n', "5: target is no key of [[explained]]: the file is about one target"),
        (ENTRY + 'condition = "kernel > 6"\n', "5: condition is no key of [[explained]]: it is called `when`"),
        (
            ENTRY + 'expire = "2026-01-01"\n',
            "5: expire is no key of [[explained]]: explained entries have case, verdict,",
        ),
        (ENTRY.replace("[[explained]]", "[[expectations]]"), "1: expectations is not known here; there are target,"),
        ('# known\nwhen = "kernel > 6"\n', "2: when is not known here; what all entries share stands in [shared],"),
        ('[shared]\nreason = "so"\n', "2: reason cannot be shared; what can is verdict, cause, link, when,"),
        ('[shared]\n[shared.baseline]\nwhen = "6.6"\n', "3: when: '6.6' is not a condition such as"),
        ('[shared.baseline]\nmessage = "so"\n', "2: message cannot be shared"),
        ('shared = "so"\n', "1: shared is no table; begin it with [shared]"),
        ('[shared]\nbaseline = "so"\n', "1: shared.baseline is no table; begin it with [shared.baseline]"),
        ('\nexplained = "so"\n', "2: explained is no table; an entry begins with [[explained]]"),
        ('\nbaseline = ["so"]\n', "2: baseline is no table; an entry begins with [[baseline]]"),
        ('target = "wsl*"\n', "1: 'wsl*' is no target's name: say on top whom it is about"),
        (BASELINE + ENTRY + BASELINE, "9: a/* stands in line 1 already: leave one of the two"),
    ],
)
def test_a_malformed_file_is_told_with_the_line_and_what_would_be_right(text: str, told: str) -> None:
    with pytest.raises(ExpectationError) as found:
        read(text)
    assert str(found.value).startswith(f"known/wsl1.toml:{told}")


def test_a_case_may_be_known_of_two_versions() -> None:
    both = read(BASELINE + 'when = "runsc == 1"\n' + BASELINE + 'when = "runsc == 2"\n' + ENTRY)
    assert [each.when for each in both.entries] == ["", "runsc == 1", "runsc == 2"]


def test_every_key_of_an_expectation_is_written() -> None:
    """One that the model gets and the files do not would be lost without a word."""
    each = Expectation("a", "wsl1", Verdict.FAILS, "r", "l", "kernel > 1", Cause.CONFIG, "2026", "2030-01-01")
    text = dump(TargetFile("wsl1", [each]))
    written = {line.partition(" = ")[0] for line in text.splitlines()} - {"[[explained]]"}
    assert written == {field.name for field in fields(Expectation)} - {"target", "kind", "message"}
