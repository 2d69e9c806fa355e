"""TreeNames in a program's tree for paths of a log."""

from __future__ import annotations

import pytest

from conformance.search.strace.left import Unsaid
from conformance.search.strace.lines import Traced, read_log
from conformance.search.strace.paths import DIRECTORY, FILE, LINK, OTHER, Need, Survey, TreeNames, relative, survey
from conformance.search.strace.values import arguments

FOUND = Traced(1, "openat", "", 3)
MISSED = Traced(1, "openat", "", -1, "ENOENT")


def kinds_of(log: str) -> dict[str, str]:
    """What a log says of its paths."""
    return dict(survey([(call, arguments(call.args).values) for call in read_log(log).calls]).kinds)


@pytest.mark.parametrize(
    ("log", "kinds"),
    [
        ('newfstatat(AT_FDCWD, "/a", {st_mode=S_IFDIR|0755, ...}, 0) = 0', {"/a": DIRECTORY}),
        ('newfstatat(AT_FDCWD, "/a", {st_mode=S_IFCHR|0666, ...}, 0) = 0', {"/a": OTHER}),
        ('newfstatat(AT_FDCWD, "/a", 0x7f, 0) = -1 ENOENT (No)', {}),
        ('openat(AT_FDCWD, "/a", O_RDONLY|O_DIRECTORY) = 3', {"/a": DIRECTORY}),
        ('open("a", O_RDONLY) = 0\nread(0, "", 10) = 0', {"a": FILE}),
        ('open("a", O_RDONLY) = 0\nfstat(0, {st_mode=S_IFDIR|0755, ...}) = 0', {"a": DIRECTORY}),
        ('open("a", O_WRONLY|O_CREAT, 0666) = 3', {"a": FILE}),
        ('openat(AT_FDCWD, "/a", O_DIRECTORY) = 3\nopenat(3, "b", O_CREAT) = 4', {"/a": DIRECTORY, "/a/b": FILE}),
        ('chdir("/a") = 0\nmkdir("b/../c", 0777) = 0', {"/a": DIRECTORY, "/a/c": DIRECTORY}),
        ('readlink("/a", "b", 10) = 1', {"/a": LINK}),
        ('creat("a", 0666) = 3\nrename("a", "b") = 0', {"a": FILE, "b": FILE}),
        ('open("a", O_RDONLY) = 3\ndup(3) = 4\nclose(3) = 0\nread(4, "", 1) = 0', {"a": FILE}),
        ('open("a", O_RDONLY) = 3\nclose(3) = 0\nread(3, "", 1) = 0', {}),
    ],
)
def test_a_log_says_what_is_at_its_paths(log: str, kinds: dict[str, str]) -> None:
    assert kinds_of(log) == kinds


def test_names_are_those_that_are_there_then_others() -> None:
    names = TreeNames(Survey({"/a": FILE, "/b": FILE, "/c": DIRECTORY, "/l": LINK}, frozenset()))
    assert names.need(FOUND, "/a") == Need("f0", FILE)
    assert names.need(FOUND, "/b") == Need("f1", FILE)
    assert names.need(FOUND, "/a") == Need("f0", FILE)
    assert names.need(FOUND, "/c") == Need("d0", DIRECTORY)
    assert names.need(FOUND, "/l") == Need("l0", LINK)
    assert names.need(MISSED, "/n") == Need("n0", "")
    assert names.need(FOUND, "/new", creates=True) == Need("n1", "")


def test_what_lies_in_a_directory_that_paths_start_from_lies_in_one() -> None:
    names = TreeNames(Survey({"/etc": DIRECTORY, "/etc/a": FILE, "/etc/b": FILE}, frozenset({"/etc"})))
    assert names.need(FOUND, "/etc/a").name == "d0/f1"
    assert names.need(FOUND, "/etc/b").name == "d0/f0"
    assert relative("d0/f1", "d0") == "f1"
    assert relative("d0", "d0") == "."
    assert relative("f0", "") == "f0"
    with pytest.raises(Unsaid, match="leads out"):
        relative("f0", "d0")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("/proc/self/maps", "is not of the tree"),
        ("/a", "no file, directory or link"),
        ("/b", "what is at /b is not"),
        ("/c" * 40, "has more than"),
    ],
)
def test_what_a_program_has_not_is_not_named(key: str, words: str) -> None:
    with pytest.raises(Unsaid, match=words):
        TreeNames(Survey({"/a": OTHER}, frozenset())).need(FOUND, key)
