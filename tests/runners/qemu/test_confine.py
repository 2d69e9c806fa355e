from __future__ import annotations

import os
from pathlib import Path

import pytest

from runners.qemu import confine
from runners.qemu.confine import unprivileged
from tests.mounts import needs_root


@needs_root
@pytest.mark.parametrize(
    ("mode", "group"), [(0o666, "--clear-groups"), (0o660, "--groups=4711"), (0o600, "--clear-groups")]
)
def test_the_group_of_kvms_device_is_kept_where_that_is_what_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, group: str
) -> None:
    device = tmp_path / "kvm"
    device.touch()
    os.chown(device, 0, 4711)
    device.chmod(mode)
    monkeypatch.setattr(confine, "KVM", device)
    assert group in unprivileged("setpriv")
