"""What models in several areas share."""

from __future__ import annotations

import errno


class Refused(Exception):
    """A model's answer that the call must fail, with one of these errnos."""

    def __init__(self, *errors: int) -> None:
        super().__init__(" or ".join(errno.errorcode[error] for error in errors))
        self.errors = errors
