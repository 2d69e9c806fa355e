from __future__ import annotations

import pytest

from conformance.run.selection import Selection

CASE = "netlink/test_uevents.py::test_listener[multicast-1]"


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "netlink",
        "netlink/test_uevents.py",
        "netlink/test_uevents.py::test_listener",
        "netlink/test_uevents.py::test_listener[multicast-1]",
    ],
)
def test_a_path_takes_what_lies_below_it(path: str) -> None:
    assert Selection((path,)).takes(CASE)


@pytest.mark.parametrize(
    "path",
    [
        "net",
        "netlink/test_uevents",
        "netlink/test_uevents.py::test_listen",
        "netlink/test_uevents.py::test_listener[multicast]",
        "netlink/test_route.py",
        "uevents",
    ],
)
def test_a_path_takes_nothing_else(path: str) -> None:
    assert not Selection((path,)).takes(CASE)


def test_no_path_takes_everything_and_several_take_what_any_of_them_takes() -> None:
    assert Selection().takes(CASE)
    assert Selection(("files", "netlink")).takes(CASE)
    assert not Selection(("files", "memory")).takes(CASE)


@pytest.mark.parametrize(
    ("expression", "takes"),
    [
        ("listener", True),
        ("LISTENER", True),
        ("netlink", True),
        ("multicast", True),
        ("uevents and listener", True),
        ("uevents and not listener", False),
        ("route or uevents", True),
        ("not (route or audit)", True),
        ("route", False),
        ("  ", True),
    ],
)
def test_an_expression_takes_cases_by_words_in_their_ids(expression: str, takes: bool) -> None:
    assert Selection(expression=expression).takes(CASE) is takes


def test_a_case_must_be_taken_by_both_path_and_expression() -> None:
    assert not Selection(("files",), "listener").takes(CASE)
    assert not Selection(("netlink",), "route").takes(CASE)


@pytest.mark.parametrize("expression", ["(", "a b", "and", "a or"])
def test_a_malformed_expression_is_a_syntax_error(expression: str) -> None:
    with pytest.raises(SyntaxError):
        Selection(expression=expression).takes(CASE)


@pytest.mark.parametrize(
    ("selection", "module", "expected"),
    [
        (Selection(), "netlink/test_audit.py", True),
        (Selection(), "*", True),
        (Selection(("netlink",)), "netlink/test_audit.py", True),
        (Selection(("netlink",)), "netlink/*", True),
        (Selection(("netlink",)), "files/test_open.py", False),
        (Selection(("netlink",)), "*", False),
        (Selection(("netlink/test_audit.py",)), "netlink/test_audit.py", True),
        (Selection(("netlink/test_audit.py::test_status",)), "netlink/test_audit.py", False),
        (Selection(expression="audit"), "netlink/test_audit.py", False),
        (Selection(cases=("netlink/test_audit.py",)), "netlink/test_audit.py", False),
    ],
)
def test_a_selection_has_all_of_a_module_if_nothing_could_be_left_out(
    selection: Selection, module: str, expected: bool
) -> None:
    assert selection.has_all(module) is expected


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), []),
        (Selection(("",)), []),
        (Selection((".", "netlink")), []),
        (Selection(expression="open"), []),
        (Selection(("netlink/", "files/test_open.py::test_absent")), ["files/test_open.py", "netlink"]),
        (Selection(("netlink/test_route.py", "netlink", "net")), ["net", "netlink"]),
        (
            Selection(cases=("a/test_b.py::test_c[x]", "a/test_b.py::test_d", "e/test_f.py")),
            ["a/test_b.py", "e/test_f.py"],
        ),
        (Selection(("a",), cases=("a/test_b.py::test_c", "z/test_z.py::test_z")), ["a"]),
    ],
)
def test_the_places_of_a_selection_have_all_of_its_cases(selection: Selection, expected: list[str]) -> None:
    assert selection.places() == expected
