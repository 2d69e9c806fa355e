"""Modules of cases that cannot be collected are lost evidence, on every runner, and the others are run."""

from __future__ import annotations

import pytest

from tests.faults.driver import TARGETS, Faults, faults

LOST = {
    "syntax": "def (:\n",
    "absent": "import nonsense\n",
    "exits": "raise SystemExit\n",
    "skips": "import pytest\npytest.skip('not today', allow_module_level=True)\n",
}
ENDS = {
    "ends": "import os\nos._exit(0)\n",
    "dies": "import os\nos.kill(os.getpid(), 9)\n",
    "goes_on_as_child": "import os\nif os.fork(): os._exit(0)\n",
}
"""Each takes a guest along, so that there has to be another one."""
KEPT = {
    "forks": "import os\nos.fork()\ndef test_forks(): pass\n",
    "prints": "import os\nos.write(1, b'x' * (8 << 20))\ndef test_prints(): pass\n",
    "good": "def test_good(): pass\n",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Faults:
    return faults(tmp_path_factory.mktemp("losing"), TARGETS[:3], **LOST, **ENDS, **KEPT)


@pytest.mark.parametrize("name", TARGETS[:3])
def test_every_module_that_cannot_be_collected_is_named(run: Faults, name: str) -> None:
    run.result(name, "test_good")
    assert sorted(run.records[name].lost) == sorted(f"modules/test_{each}.py" for each in (*LOST, *ENDS))


@pytest.mark.parametrize("name", TARGETS[:3])
def test_the_others_are_run(run: Faults, name: str) -> None:
    run.result(name, "test_good")
    assert {case.partition("::")[2] for case in run.records[name].results} == {"test_forks", "test_prints", "test_good"}
    assert run.records[name].complete


def test_nothing_is_left_of_them(run: Faults) -> None:
    assert run.left == []
