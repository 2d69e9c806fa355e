from __future__ import annotations

from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.security.bpf import BPF_ENABLE_STATS, BPF_MAP_CREATE


def test_nothing_is_said_to_every_command_but_to_the_one_that_counts_for_the_whole_machine() -> None:
    command, attr, size = grammar()["bpf_nothing"].parameters
    assert BPF_MAP_CREATE in command.choices
    assert len(command.choices) > 35
    assert BPF_ENABLE_STATS not in command.choices
    assert (set(attr.choices), set(size.choices)) == ({0}, {0})
