from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.model import Json
from conformance.programs.program import (
    FORMAT,
    MOST_CALLS,
    MOST_MEMORY,
    MOST_NESTED,
    MOST_PIECES,
    NO_PROCESS,
    NO_RESOURCE,
    Memory,
    Program,
    ProgramCall,
    ProgramError,
    Ref,
    from_json,
    refs_in,
    to_json,
)
from conformance.programs.wire import encode
from tests.conformance.search.drawn import any_programs, faults, likely

DUPLICATES = Program(
    (
        ProgramCall("dup", (0,)),
        ProgramCall("dup", (Ref(0),)),
        ProgramCall("kill", (Ref(1), 9)),
        ProgramCall("close", (Ref(1),)),
    )
)
PIPED = Program(
    (
        ProgramCall("pipe2", (Memory(bytes(8), room=True), 0)),
        ProgramCall("writev", (Ref(0, 0, 4, 4), Memory(bytes(16), ((0, 8, Memory(b"\xffhi")), (8, 4, 3))), 1)),
        ProgramCall("read", (Ref(0, 0, 0, 4), Memory(bytes(4), room=True, edge=True), 4)),
    )
)


def document(*calls: Json) -> dict[str, Json]:
    """A program as JSON, of calls as JSON."""
    return {"format": FORMAT, "calls": list(calls)}


def closing(*args: Json) -> dict[str, Json]:
    """A program of one call with these arguments, after one that makes a resource and has no arguments."""
    return document({"call": "getpid", "args": []}, {"call": "ppoll", "args": list(args)})


# The form


@settings(deadline=None, max_examples=150)
@given(any_programs() | likely())
def test_a_program_is_the_same_after_a_round_trip_through_text(program: Program) -> None:
    assert from_json(json.loads(json.dumps(to_json(program)))) == program


def test_the_form_is_stable() -> None:
    """What is in folders that somebody keeps."""
    assert to_json(PIPED) == {
        "format": 1,
        "calls": [
            {"call": "pipe2", "args": [{"room": 8}, 0]},
            {
                "call": "writev",
                "args": [
                    {"of": 0, "argument": 0, "offset": 4, "width": 4},
                    {"bytes": "\0" * 16, "parts": [[0, 8, {"bytes": "\xffhi"}], [8, 4, 3]]},
                    1,
                ],
            },
            {"call": "read", "args": [{"of": 0, "argument": 0, "offset": 0, "width": 4}, {"room": 4, "edge": True}, 4]},
        ],
    }


def test_what_else_a_document_has_is_left_alone() -> None:
    """`found`, `promise` and `agreed` stand beside the calls."""
    assert from_json({**document({"call": "getpid", "args": []}), "promise": ["0"], "found": {}}) == Program(
        (ProgramCall("getpid", ()),)
    )


def test_a_call_may_have_fewer_arguments_than_it_takes() -> None:
    assert from_json(document({"call": "openat", "args": [-100]})).steps == (ProgramCall("openat", (-100,)),)


# What is none

GETPID: Json = {"call": "getpid", "args": []}
DEEP: Any = {"bytes": "x" * 8}
for _ in range(MOST_NESTED + 1):
    DEEP = {"bytes": "x" * 8, "parts": [[0, 8, DEEP]]}

MALFORMED: dict[str, tuple[Json, str]] = {
    "nothing": (None, "this is no program: a JSON object with `format` and `calls`"),
    "a number": (3, "this is no program"),
    "a list": ([], "this is no program"),
    "an object of something else": ({"name": "x"}, "this is no program"),
    "no format": ({"calls": []}, "the format None is no version"),
    "a format that is text": ({"format": "1", "calls": []}, "the format '1' is no version"),
    "a format that is a truth": ({"format": True, "calls": []}, "the format True is no version"),
    "a format that is a list": ({"format": [1], "calls": []}, "the format a list is no version"),
    "a format before the first": ({"format": 0, "calls": []}, "the format 0 is no version"),
    "a newer format": ({"format": FORMAT + 1, "calls": []}, f"has format {FORMAT + 1}, and .* update the suite"),
    "no list of calls": ({"format": 1, "calls": {}}, "`calls` is no list"),
    "no calls": (document(), "`calls` is no list with at least one call"),
    "too many calls": (document(*[GETPID] * (MOST_CALLS + 1)), f"at most {MOST_CALLS} can"),
    "a call that is text": (document("getpid"), "call 0: no object with `call` and `args`"),
    "a call without a name": (document({"args": []}), "call 0: no object"),
    "a call without arguments": (document({"call": "getpid"}), "call 0: no object"),
    "arguments that are no list": (document({"call": "getpid", "args": 1}), "call 0: no object"),
    "an unknown call": (document({"call": "frobnicate", "args": []}), "'frobnicate' is not described .* newer version"),
    "a long name": (document({"call": "x" * 10_000, "args": []}), r"xxx\.\.\. is not described"),
    "too many arguments": (document({"call": "getpid", "args": [1]}), "call 0: getpid takes 0 arguments, not 1"),
    "a number beyond 64 bits": (closing(1 << 64), "call 1: 18446744073709551616 is neither a number of 64 bits"),
    "a number below 64 bits": (closing(-(1 << 63) - 1), "is neither a number of 64 bits"),
    "a fraction": (closing(0.5), "call 1: 0.5 is neither"),
    "a truth": (closing(True), "call 1: True is neither"),
    "text": (closing("x\ny" * 1000), r"call 1: 'x\\ny.*\.\.\. is neither"),
    "a list for an argument": (closing([1]), "call 1: a list is neither"),
    "an empty object": (closing({}), "memory has `bytes`"),
    "a resource of the call itself": (closing({"of": 1}), "must come `of` an earlier call"),
    "a resource of a later call": (closing({"of": 7}), "must come `of` an earlier call"),
    "a resource of no call": (closing({"of": -1}), "must come `of` an earlier call"),
    "a resource of a truth": (closing({"of": False}), "must come `of` an earlier call"),
    "a resource of text": (closing({"of": "0"}), "must come `of` an earlier call"),
    "a resource in no argument": (closing({"of": 0, "argument": 0}), "call 0 has no argument 0"),
    "a resource in an argument below": (closing({"of": 0, "argument": -2}), "no number of one"),
    "a resource in a truth": (closing({"of": 0, "argument": False}), "no number of one"),
    "a resource of 3 bytes": (closing({"of": 0, "width": 3}), "1, 2, 4 or 8 bytes wide"),
    "a resource of a true byte": (closing({"of": 0, "width": True}), "1, 2, 4 or 8 bytes wide"),
    "a resource before memory": (closing({"of": 0, "offset": -1}), "inside the memory of an argument"),
    "a resource beyond memory": (closing({"of": 0, "offset": MOST_MEMORY}), "inside the memory of an argument"),
    "a resource at no offset": (closing({"of": 0, "offset": None}), "inside the memory of an argument"),
    "a resource in memory, of itself": (closing({"bytes": "x" * 8, "parts": [[0, 8, {"of": 1}]]}), "an earlier call"),
    "memory of characters that are no bytes": (closing({"bytes": "\u0100"}), "characters below 256"),
    "memory of numbers": (closing({"bytes": [1, 2]}), "memory has `bytes`, as text"),
    "room of no size": (closing({"room": None}), "`room`, a number of bytes"),
    "room of less than nothing": (closing({"room": -1}), "`room`, a number of bytes"),
    "room for too much": (closing({"room": MOST_MEMORY + 1}), "`room`, a number of bytes"),
    "room that is a truth": (closing({"room": True}), "`room`, a number of bytes"),
    "room that is text beside bytes": (closing({"room": "x", "bytes": "x"}), "`room`, a number of bytes"),
    "too much memory": (closing({"bytes": "x" * (MOST_MEMORY + 1)}), f"has {MOST_MEMORY + 1} bytes of memory"),
    "too much memory in all": (closing({"room": MOST_MEMORY}, {"bytes": "x"}), f"there is room for {MOST_MEMORY}"),
    "parts that are no list": (closing({"bytes": "x", "parts": 3}), "`parts` is no list"),
    "a part that is none": (closing({"bytes": "x" * 8, "parts": [[0, 8]]}), "a part is .offset, width, value."),
    "a part beyond its memory": (closing({"bytes": "x" * 8, "parts": [[1, 8, 0]]}), "inside its memory"),
    "a part before its memory": (closing({"bytes": "x" * 8, "parts": [[-1, 8, 0]]}), "inside its memory"),
    "a part of 3 bytes": (closing({"bytes": "x" * 8, "parts": [[0, 3, 0]]}), "inside its memory"),
    "a part at a truth": (closing({"bytes": "x" * 8, "parts": [[True, 4, 0]]}), "inside its memory"),
    "a part of something else": (closing({"bytes": "x" * 8, "parts": [[0, 8, None]]}), "None is neither"),
    "memory that is nested too deeply": (closing(DEEP), f"more than {MOST_NESTED} times in a row"),
    "memory in too many parts": (closing({"room": 8, "parts": [[0, 8, 0]] * MOST_PIECES}), f"more than {MOST_PIECES}"),
}


def sentence(error: ProgramError) -> bool:
    """Whether it reads well where a user meets it: one line, not long."""
    said = str(error)
    return "\n" not in said and 15 < len(said) < 200


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_program_is_refused_in_a_sentence(name: str) -> None:
    value, said = MALFORMED[name]
    with pytest.raises(ProgramError, match=said) as caught:
        from_json(value)
    assert sentence(caught.value)


def test_memory_may_be_nested_and_as_much_as_there_is() -> None:
    deepest = DEEP["parts"][0][2]
    assert not faults(from_json(closing(deepest)))
    assert not faults(from_json(closing({"room": MOST_MEMORY})))
    assert not faults(from_json(document(*[GETPID] * MOST_CALLS)))


KEYS = st.sampled_from(
    ("format", "calls", "call", "args", "of", "argument", "offset", "width", "room", "bytes", "parts")
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a document with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


@st.composite
def mutated(draw: st.DrawFn) -> Json:
    """A document of which a few things have been replaced, taken away, or put in another place."""
    found: Any = copy.deepcopy(to_json(draw(st.sampled_from((PIPED, DUPLICATES)) | any_programs())))
    for _ in range(draw(st.integers(1, 3))):
        where = places(found)
        if not where:
            break
        within, key = draw(st.sampled_from(where))
        match draw(st.sampled_from(("replace", "replace", "delete", "swap", "add"))):
            case "replace":
                within[key] = draw(JSON | st.sampled_from((-1, 0, 1, 3, 8, 255, MOST_MEMORY, 1 << 40)))
            case "delete":
                del within[key]
            case "swap":
                other, there = draw(st.sampled_from(where))
                within[key] = copy.deepcopy(other[there])
            case "add" if isinstance(within, dict):
                within[draw(KEYS)] = draw(JSON)
            case _:
                within[key] = draw(JSON)
    return found  # type: ignore[no-any-return] # it is made of nothing else


@settings(deadline=None, max_examples=400)
@given(mutated() | JSON)
def test_a_mutated_document_is_a_program_or_is_refused_in_a_sentence(value: Json) -> None:
    program = refused = None
    try:
        program = from_json(value)
    except ProgramError as error:
        refused = error
    if program is None:
        assert refused is not None
        assert sentence(refused)
        return
    assert from_json(to_json(program)) == program
    assert encode(program).data, "whatever is read can be handed to an executor"


# Taking steps out, and putting arguments in


def test_a_step_that_is_taken_out_moves_the_resources_of_later_ones() -> None:
    less = PIPED.without({1})
    assert [step.label for step in less.steps] == ["pipe2", "read"]
    assert less.steps[1] == PIPED.steps[2]
    assert DUPLICATES.without({0}) == Program(
        (ProgramCall("dup", (NO_RESOURCE,)), ProgramCall("kill", (Ref(0), 9)), ProgramCall("close", (Ref(0),)))
    )


def test_a_resource_whose_maker_is_gone_is_none_and_no_process_is_everybody() -> None:
    assert DUPLICATES.without({1}).steps[1:] == (
        ProgramCall("kill", (NO_PROCESS, 9)),
        ProgramCall("close", (NO_RESOURCE,)),
    )


def test_a_resource_in_memory_moves_too() -> None:
    pointing = Memory(bytes(16), ((0, 8, Memory(bytes(8), ((0, 4, Ref(1)), (4, 4, Ref(0))))),), edge=True)
    program = Program((ProgramCall("getpid", ()), ProgramCall("dup", (0,)), ProgramCall("writev", (0, pointing, 1))))
    (moved,) = program.without({0}).steps[1].args[1:2]
    assert moved == Memory(bytes(16), ((0, 8, Memory(bytes(8), ((0, 4, Ref(0)), (4, 4, NO_RESOURCE)))),), edge=True)


@settings(deadline=None, max_examples=150)
@given(any_programs() | likely(), st.data())
def test_a_program_less_some_steps_is_a_program(program: Program, data: st.DataObject) -> None:
    dropped = data.draw(st.sets(st.integers(0, len(program.steps))))
    less = program.without(dropped)
    kept = [step.label for at, step in enumerate(program.steps) if at not in dropped]
    assert [step.label for step in less.steps] == kept
    assert faults(less) == []
    assert program.without(set()) == program


def test_another_argument_changes_nothing_else() -> None:
    other = DUPLICATES.with_argument(2, 1, 15)
    assert other.steps[2] == ProgramCall("kill", (Ref(1), 15))
    assert other.with_argument(2, 1, 9) == DUPLICATES


def test_every_use_of_a_resource_is_found_in_memory_too() -> None:
    assert list(DUPLICATES.refs()) == [Ref(0), Ref(1), Ref(1)]
    assert list(refs_in(Memory(bytes(8), ((0, 8, Memory(bytes(8), ((0, 8, Ref(3)),))),)))) == [Ref(3)]
    assert list(refs_in(7)) == []
