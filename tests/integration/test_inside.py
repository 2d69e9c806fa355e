"""A person's command in real guests."""

from __future__ import annotations

from conformance.run.errors import Exit
from tests.integration.command import conformance, refuses
from tests.integration.targets import runner


def test_a_command_in_a_sandbox_sees_the_sandbox() -> None:
    runner("gvisor")
    done = conformance("exec", "gvisor", "--", "ps")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split()[:2] == ["PID", "TTY"]
    assert any(line.endswith(" ps") for line in done.stdout.splitlines())


def test_a_guest_that_dies_of_a_command_is_told_after_what_the_command_has_said() -> None:
    runner("lts")
    done = conformance("exec", "lts", "--", "sh", "-c", "uname -r; echo c >/proc/sysrq-trigger")
    assert done.returncode == Exit.FAILED, done.stderr
    assert done.stdout.startswith("6.1.")
    assert done.stderr.endswith(
        "the guest died before the command had ended: panic: sysrq triggered crash, in sysrq_handle_crash\n"
    )


def test_a_target_that_cannot_run_says_what_it_lacks() -> None:
    refuses(conformance("exec", "lts", "--kernel", "/etc/hostname", "--", "true"), Exit.FAILED, "no bzImage header")
