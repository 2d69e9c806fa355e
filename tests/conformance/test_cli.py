"""The command as a whole: how fast it answers, what it lists, how it ends."""

from __future__ import annotations

import errno
import signal

import pytest

import conformance.cli
from conformance.cli import COMMANDS
from conformance.run.errors import Exit, Signalled, UsageError, UserError
from tests.conformance.cli.command import told
from tests.conformance.cli.started import script

SLOW = ("hypothesis", "pytest", "_pytest", "rich", "jinja2", "runners.registry", "runners.qemu.runner")
LIGHT = [
    ("--help", ("msgspec", "tabulate", "conformance.model", *SLOW)),
    ("schema --help", ("msgspec", *SLOW)),
    ("report --help", SLOW),
    ("diff --help", SLOW),
    ("coverage --help", ("tabulate", *SLOW)),
]


@pytest.mark.parametrize(("line", "slow"), LIGHT, ids=[each[0] for each in LIGHT])
def test_what_answers_at_once_imports_nothing_slow(line: str, slow: tuple[str, ...]) -> None:
    text = f"""
import sys
from conformance.cli import main
sys.argv[1:] = {line.split()!r}
assert main() == 0
print("imported:", *(name for name in {slow!r} if name in sys.modules))
"""
    assert script(text).stdout.splitlines()[-1] == "imported:"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_commands_say_of_themselves(name: str) -> None:
    text = f"import conformance.cli.{name} as module; print(module.command.get_short_help_str(1000))"
    assert script(text).stdout.strip().removesuffix(".") == COMMANDS[name]


# -- how it ends


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (UsageError("--x: no"), Exit.USAGE, "conformance: --x: no"),
        (UserError("the disk is full"), Exit.FAILED, "conformance: the disk is full"),
        (KeyboardInterrupt(), Exit.INTERRUPTED, "conformance: interrupted"),
        (Signalled(signal.SIGTERM), Exit.TERMINATED, "conformance: interrupted"),
        (Signalled(signal.SIGHUP), 129, "conformance: interrupted"),
        (
            OSError(errno.ENAMETOOLONG, "too long", "x" * 400),
            Exit.USAGE,
            f"conformance: {'x' * 40}… is too long for the name of a file; give another",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_what_stops_a_command_is_a_sentence_and_a_status(
    error: BaseException, status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(conformance.cli.cli, "main", stops)
    answered = told("targets")
    assert (answered.status, answered.out, answered.err.strip()) == (status, "", said)


def test_a_command_that_there_is_not_is_a_wrong_command_line() -> None:
    answered = told("rum")
    assert answered.status == Exit.USAGE
    assert "No such command 'rum'" in answered.err
