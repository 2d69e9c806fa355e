"""The suite in a guest, at the host's command: collect once, then run what is asked for, as often as it is asked for.

    python -m conformance.guest.serve PATH… [pytest arguments]

The record goes to standard output, requests come from standard input (see `conformance.protocol.lines`); pytest's own
output goes to standard error. The interpreter's and pytest's start is what costs most in an emulated guest, so a case
is run again in the process that is already there.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator

os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"

import pytest

from conformance.guest import plugin
from conformance.guest.definitions import below_cases, case_id, is_case
from conformance.guest.record import RecordWriter
from conformance.protocol.lines import Collecting, End, requested
from conformance.syscalls.help import waiting

UNUSED = (
    *("cacheprovider", "debugging", "doctest", "faulthandler", "junitxml", "legacypath", "logging", "monkeypatch"),
    *("pastebin", "recwarn", "setuponly", "setupplan", "stepwise", "threadexception", "tmpdir", "unittest"),
    *("unraisableexception", "warnings"),
)
"""Plugins of pytest that cases do not need; in an emulated guest each costs time at every case."""


class Server:
    """Replaces pytest's loop over all items."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.requests = requests

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Say what is imported next, so that the host can name it if that is the end."""
        if (module := below_cases(collector.path)) and plugin.below_a_folder_of_cases(collector.path):
            record_of(collector.config).write(Collecting(module))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Nobody is at a keyboard here: a module that interrupts pytest is one that cannot be imported."""
        try:
            return (yield)
        except KeyboardInterrupt:
            return pytest.CollectReport(collector.nodeid, "failed", longrepr="KeyboardInterrupt", result=[])

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the cases of each request until there are no more requests."""
        items = {case_id(item.path, item.name): item for item in session.items if is_case(item.path)}
        record = record_of(session.config)
        for line in self.requests:
            cases, fresh = requested(line)
            if fresh:
                waiting.absent.clear()  # a case that is run again is owed full patience
            for wanted in cases:
                if item := items.get(wanted):
                    if plugin.RESULT in item.stash:
                        del item.stash[plugin.RESULT]
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            record.write(End())
        return True


def record_of(config: pytest.Config) -> RecordWriter:
    """Where the plugin writes to."""
    cases = config.pluginmanager.get_plugin("conformance-cases")
    assert isinstance(cases, plugin.Cases)
    assert cases.record is not None
    return cases.record


def main(arguments: list[str]) -> int:
    """Move the streams out of the way, then let pytest work.

    Of what is imported and collected nearly all stays: to look for garbage takes time, and finds little.
    """
    gc.disable()
    record, requests = os.dup(1), os.dup(0)
    os.dup2(2, 1)
    with open(os.devnull, encoding="utf-8") as null:
        os.dup2(null.fileno(), 0)
    with os.fdopen(requests, "rb") as lines:
        options = ["-q", "-c", os.devnull, "--capture=no", "-p", "conformance.guest.plugin"]
        options += [word for name in UNUSED for word in ("-p", f"no:{name}")]
        options += ["--import-mode=importlib", "--strict-markers", f"--conformance-record=fd:{record}"]
        return int(pytest.main([*options, *arguments], plugins=[Server(iter(lines.readline, b""))]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
