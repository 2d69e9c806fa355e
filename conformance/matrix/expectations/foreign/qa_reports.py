"""Known issues of qa-reports (SQUAD): the YAML that Linaro's qa-reports-known-issues uploads.

`projects:` is a list, each with its `name`, `url` (of the server), `projects`, `environments` and `known_issues`. An
issue has `test_name` or `test_names`, `notes`, `url`, `active`, `intermittent`, and where it applies: `environments`
and `projects`, or `matrix_apply`, a list of both. An environment is a target here. See sync_known_issues.py there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.matrix.expectations.foreign.notes import ForeignError, Item, Unread, lines_of
from conformance.model import Expectation, Verdict

LINE = "\0line"
"""The key under which a mapping tells where it stands."""
HEAD = """\
# Written by `conformance expect --to`; what is known of {target}. Name the server in `url`, and its projects in
# `projects`; an environment is a target.
"""


def read(text: str, environment: str) -> tuple[list[Item], list[Unread]]:
    """The issues that are known in an environment, and what is said of others. Raises ForeignError."""
    items: list[Item] = []
    unread: list[Unread] = []
    file = _loaded(text)
    for project in _list(file, "projects"):
        for issue in _list(project, "known_issues"):
            line = _line(issue)
            names = [*_texts(issue, "test_names"), *_texts(issue, "test_name")]
            if not names:
                raise ForeignError(line, "an issue names no test: give it `test_names`, a list")
            why = _why_not(issue, environment)
            said = {"link": _text(issue, "url")} if issue.get("url") else {}
            said |= {"verdict": Verdict.FLAKY} if issue.get("intermittent") else {}
            notes = [note.strip() for note in _text(issue, "notes").splitlines()]
            items += [Item(name, line, notes, dict(said)) for name in names if not why]
            unread += [Unread(line, name, why) for name in names if why]
    return items, unread


def _why_not(issue: Mapping[str, Any], environment: str) -> str:
    if not issue.get("active", True):
        return "the issue is not active"
    places = _list(issue, "matrix_apply") if issue.get("matrix_apply") else [issue]
    named = list(dict.fromkeys(each for place in places for each in _texts(place, "environments")))
    if environment not in named:
        return f"the issue is one of {', '.join(named) or 'no environment'}, not of {environment}"
    return ""


def _loaded(text: str) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415 - of use for this format alone

    fastest: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where there is libyaml

    class Loader(fastest):  # type: ignore[valid-type,misc] # which of the two is not known beforehand
        """Tells of each mapping where it begins."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            return {**super().construct_mapping(node, deep=deep), LINE: node.start_mark.line + 1}

    try:
        file = yaml.load(text, Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        last = text.rstrip("\n").count("\n") + 1  # libyaml counts a line more, where something is missing at the end
        raise ForeignError(min(mark.line + 1, last) if mark else 1, f"it is no YAML: {what}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise ForeignError(1, f"it is no YAML of known issues: {error}") from error
    if not isinstance(file, dict):
        raise ForeignError(1, "it has no `projects`: known issues are a list of them")
    return file


def _line(table: Mapping[str, Any]) -> int:
    return int(table.get(LINE, 1))


def _list(table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = table.get(key)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ForeignError(_line(table), f"`{key}` is no list of mappings")
    return found


def _texts(table: Mapping[str, Any], key: str) -> Iterator[str]:
    found = table.get(key)
    for each in found if isinstance(found, list) else [] if found is None else [found]:
        if not isinstance(each, str):
            raise ForeignError(_line(table), f"`{key}`: {each!r} is no text")
        yield each


def _text(table: Mapping[str, Any], key: str) -> str:
    return "\n".join(_texts(table, key))


def write(entries: Sequence[Expectation]) -> tuple[str, list[Expectation]]:
    """Known issues, and what cannot be written among them: a test is there once."""
    import yaml  # noqa: PLC0415

    known: dict[str, Expectation] = {}
    for each in entries:
        known.setdefault(each.case, each)
    target = entries[0].target if entries else ""
    projects = [f"conformance/{target}"]
    issues = [_issue(each, projects) for each in known.values()]
    place = {"name": "conformance", "url": "https://qa-reports.example.org", "projects": projects}
    file = {"projects": [{**place, "environments": [target], "known_issues": issues}]}
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(file, Dumper=dumper, sort_keys=False, allow_unicode=True, width=1 << 20)
    return HEAD.format(target=target) + text, [each for each in entries if known[each.case] is not each]


def _issue(each: Expectation, projects: list[str]) -> dict[str, Any]:
    notes = "\n".join(lines_of(each, ("link",)))
    issue = {"test_names": [each.case], "environments": [each.target], "projects": list(projects)}
    return issue | {
        "notes": notes,
        "url": each.link,
        "active": True,
        "intermittent": each.verdict is Verdict.FLAKY,
    }
