from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jsonschema
import msgspec
import pytest
from jsonschema.exceptions import best_match

from conformance.cli.schema import command
from conformance.model import MATRIX_SCHEMA, Absent, Cell, Expectation, Level, Matrix, Target, Verdict
from reports.json_report import SCHEMA_ID, render, schema
from tests.reports.matrices import matrix, with_deep_observations
from tests.reports.test_markdown import ATTACKS, PLACES, planted

KNOWN = Expectation("*", "other", Verdict.FAILS, "known")


def everything() -> Matrix:
    """A matrix with an object of every type."""
    found = matrix()
    first, second, third = found.comparisons
    gain = {**third.cells, "other": Cell(Verdict.SAME, unmet=KNOWN, seconds=1.5)}
    return replace(
        found,
        comparisons=[first, second, replace(third, cells=gain)],
        absent=[Absent(Target("lts", "qemu"), "QEMU is not installed")],
    )


def data(found: Matrix | None = None) -> dict[str, Any]:
    """What a program reads."""
    read: dict[str, Any] = json.loads(render(found or everything()))
    return read


OBJECTS: dict[str, list[Any]] = {
    "Matrix": ["$"],
    "Column": ["columns", 1],
    "Target": ["columns", 1, "target"],
    "Facts": ["columns", 1, "facts"],
    "Comparison": ["comparisons", 0],
    "Cell": ["comparisons", 0, "cells", "other"],
    "Trace": ["comparisons", 0, "traces", "other"],
    "Expectation": ["comparisons", 2, "cells", "other", "unmet"],
    "Absent": ["absent", 0],
}
"""Where an object of each type is in `everything`."""


def at(value: Any, path: list[Any]) -> dict[str, Any]:
    """An object in JSON."""
    for step in path if path != ["$"] else []:
        value = value[step]
    assert isinstance(value, dict)
    return value


VALIDATOR = jsonschema.Draft202012Validator(schema())


def validate(said: dict[str, Any]) -> None:
    """As `jsonschema.validate` does, which looks at the schema itself every time."""
    if (error := best_match(VALIDATOR.iter_errors(said))) is not None:
        raise error


def test_rendering_satisfies_its_schema() -> None:
    VALIDATOR.check_schema(schema())
    validate(data())


def test_schema_that_is_published_is_that_of_the_rendering(capsys: pytest.CaptureFixture[str]) -> None:
    command.main([], standalone_mode=False)
    assert json.loads(capsys.readouterr().out) == schema()
    assert schema()["$id"] == SCHEMA_ID
    assert SCHEMA_ID.endswith(f":{data()['schema']}")


def _spoilt() -> Iterator[tuple[str, str]]:
    whole = data()
    for kind, path in OBJECTS.items():
        for key in at(whole, path):
            yield kind, key


@pytest.mark.parametrize(("kind", "key"), list(_spoilt()))
def test_schema_misses_every_key_that_is_not_there(kind: str, key: str) -> None:
    spoilt = copy.deepcopy(data())
    del at(spoilt, OBJECTS[kind])[key]
    with pytest.raises(jsonschema.ValidationError, match=key):
        validate(spoilt)


@pytest.mark.parametrize("kind", OBJECTS)
def test_schema_refuses_a_key_that_nobody_knows(kind: str) -> None:
    spoilt = copy.deepcopy(data())
    at(spoilt, OBJECTS[kind])["status"] = "same"
    with pytest.raises(jsonschema.ValidationError, match="status"):
        validate(spoilt)


def test_every_type_of_the_schema_is_looked_at() -> None:
    assert {name for name, each in schema()["$defs"].items() if "properties" in each} == set(OBJECTS)


@pytest.mark.parametrize(
    ("cell", "unexpected", "outdated"),
    [
        (Cell(Verdict.FAILS, level=Level.OUTCOME), True, False),
        (Cell(Verdict.FAILS, level=Level.OUTCOME, expected=KNOWN), False, False),
        (Cell(Verdict.SAME, unmet=KNOWN), False, True),
        (Cell(Verdict.SAME), False, False),
    ],
)
def test_cell_says_whether_it_is_unexpected_or_its_expectation_out_of_date(
    cell: Cell, unexpected: bool, outdated: bool
) -> None:
    first, *others = matrix().comparisons
    found = data(replace(matrix(), comparisons=[replace(first, cells={**first.cells, "other": cell}), *others]))
    its = found["comparisons"][0]["cells"]["other"]
    assert (its["verdict"], its["unexpected"], its["outdated"]) == (cell.verdict, unexpected, outdated)


def test_column_has_its_totals_and_its_time() -> None:
    columns = {column["target"]["name"]: column for column in data()["columns"]}
    assert columns["native"]["totals"] == {"same": 3}
    assert columns["other"]["totals"] == {"fails": 1, "missing": 1, "same": 1}
    assert columns["absent"]["totals"] == {"error": 3}
    assert columns["other"]["seconds"] == 1.5


def test_what_is_read_again_is_the_matrix() -> None:
    assert msgspec.json.decode(render(everything()), type=Matrix) == everything()
    assert data()["schema"] == MATRIX_SCHEMA


@pytest.mark.parametrize("said", ATTACKS, ids=range(len(ATTACKS)))
@pytest.mark.parametrize("place", PLACES)
def test_text_of_a_guest_stays_as_it_is(place: str, said: str) -> None:
    found = planted(place, said)
    validate(data(found))
    assert msgspec.json.decode(render(found), type=Matrix) == found


def test_observation_without_end_can_be_written_and_read() -> None:
    observations = data(with_deep_observations())["comparisons"][0]["traces"]["other"]["observations"]
    assert "…" in json.dumps(observations, ensure_ascii=False)
