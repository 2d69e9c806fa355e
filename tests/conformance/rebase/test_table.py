from __future__ import annotations

import re

import msgspec
import pytest

from conformance.rebase.table import OptionSigns, read, table
from conformance.syscalls.machinery.table import stubs

SIGNS = re.compile(
    r"(call|number (syscall|int80|x32)|entry /|file system|family|protocol|netlink|link|expression|controller|"
    r"security module|says) ?"
)


def row(*shows: str) -> OptionSigns:
    return OptionSigns("X", "something", list(shows), "Kconfig")


def test_the_more_a_glob_says_the_closer_it_is() -> None:
    found = row("call mq_*", "call mq_open(*")
    assert found.closeness(["call mq_open() = 3"]) == len("call mq_open(")
    assert found.closeness(["call mq_unlink() = 0"]) == len("call mq_")
    assert found.closeness(["call open() = 3"]) == 0


def test_a_glob_fits_a_whole_sign() -> None:
    assert not row("file system fuse").closeness(["file system fusectl"])
    assert not row("link veth").closeness(["says link veth"])


def test_an_option_is_found_by_what_is_tied_to_it() -> None:
    found = read('[[option]]\nname = "A"\nmeans = "a"\nshows = []\nsource = "s"\ntied = ["B"]\n')
    assert found.row("A") == found.row("B") == found.option[0]
    assert found.row("C") is None


def test_a_row_without_a_source_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        read('[[option]]\nname = "A"\nmeans = "a"\nshows = []\n')


def test_every_row_that_ships_says_what_it_means_and_where_that_is_known_from() -> None:
    rows = table().option
    assert len(rows) > 100
    names = [name for each in rows for name in (each.name, *each.tied)]
    assert len(names) == len(set(names))
    for each in rows:
        assert not each.name.startswith("CONFIG_")
        assert each.shows, each.name
        assert re.search(r"Kconfig|Makefile|\(\d\)|\.rst", each.source), each.name
        for glob in each.shows:
            assert SIGNS.match(glob), (each.name, glob)


def test_every_change_that_ships_says_where_that_is_known_from() -> None:
    for each in table().change:
        assert re.fullmatch(r"\d+\.\d+", each.since)
        assert re.search(r"Kconfig|\(\d\)|\.rst", each.source), each.means
        assert all(SIGNS.match(glob) for glob in each.shows)


def test_every_call_that_a_row_names_is_described() -> None:
    known = set(stubs())
    for each in table().option:
        for glob in each.shows:
            if (found := re.match(r"call (\w+)\(", glob)) is not None:
                assert found[1] in known, (each.name, glob)
