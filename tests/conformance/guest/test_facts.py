from __future__ import annotations

import os
import platform
import subprocess

import pytest

from conformance import __version__
from conformance.guest.facts import effective_capabilities, facts, scratch_file_system
from conformance.guest.isolation import Isolation


@pytest.fixture(scope="module")
def isolation() -> Isolation:
    return Isolation()


def test_the_machine_is_what_other_programs_say_it_is(isolation: Isolation) -> None:
    found = facts(isolation)
    said = subprocess.run(["uname", "-rm"], capture_output=True, text=True, check=True).stdout.split()
    assert [found.release, found.machine] == said
    assert (found.uid, found.python, found.suite) == (os.geteuid(), platform.python_version(), __version__)
    assert found.isolation == sorted(isolation.namespaces)
    assert found.cpus >= 1


def test_capabilities_are_those_of_this_process() -> None:
    status = subprocess.run(["grep", "CapEff", "/proc/self/status"], capture_output=True, text=True, check=True).stdout
    assert effective_capabilities() == int(status.split()[1], 16)


@pytest.mark.skipif(os.geteuid() != 0, reason="without root, cases run where temporary files lie")
def test_the_scratch_file_system_is_the_one_that_cases_see(isolation: Isolation) -> None:
    assert scratch_file_system(isolation) == "tmpfs"
