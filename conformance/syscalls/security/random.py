"""getrandom(2): random bytes."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Count, OutRandom, Size
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices, seldom
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.touches import NOTHING

GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE = 1, 2, 4

RandomFlags = Annotated[int, Flags(named(globals(), "GRND_")), Choices(0, seldom(GRND_NONBLOCK), ...)]


@syscall(x86_64=318, aarch64=278, since="3.17", touches=NOTHING)
def getrandom(buf: OutRandom, size: Size, flags: RandomFlags) -> Count: ...
