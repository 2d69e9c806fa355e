"""A file over HTTP: with progress, within bounds, and going on where it was broken off.

The rest of a file is asked for by `Range` with `If-Range` (RFC 9110, 13.1.5 and 14.2), so that it is never put behind
the beginning of another. Proxies are those of the environment (`https_proxy`, `no_proxy`).
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO
from urllib import request
from urllib.error import HTTPError
from urllib.parse import urlsplit

from runners.base import RunnerError
from runners.kernels.kernel import NotThere

SECONDS = 30.0
"""How long a server may say nothing."""
ATTEMPTS = 4
"""How often in a row a server is asked for the rest without a byte coming."""
PAUSE_SECONDS = 2.0
CHUNK = 1 << 18
LARGEST = 2 << 30
"""No package is larger than that, in bytes."""
AGENT = "syscall-conformance"
HINT = "is this machine online, and is https_proxy set if it needs a proxy?"

Progress = Callable[[str, int, int | None], None]
"""Is told what is being done, how much of it is done, and of how much, in bytes; None where nobody knows."""


class Unreachable(RunnerError):
    """Nothing comes from a server, or nothing more: this machine is offline, or the server is broken."""


class _Broken(Exception):
    """Something that another try may mend; says what, as the end of a sentence."""


class _NoRest(Exception):
    """A server has no such part of a file; says how long the whole is, as a header does."""


class _Redirects(request.HTTPRedirectHandler):
    """Follows to other places, but not from an encrypted connection to one that is not."""

    def redirect_request(
        self, req: request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> request.Request | None:
        """See urllib.request. Raises RunnerError."""
        if req.type == "https" != checked(newurl).type:
            raise RunnerError(f"{host(req.full_url)} sends to {host(newurl)} without encryption, where nobody follows")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def checked(url: str) -> request.Request:
    """A request for an address of the web, and for nothing else (`file:`). Raises RunnerError."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and re.fullmatch("[!-~]+", url):
            return request.Request(url, headers={"User-Agent": AGENT})  # noqa: S310 - its scheme was looked at
    except ValueError:
        pass
    raise RunnerError(f"{url!r} is no address of the web; one begins with https://")


def host(url: str) -> str:
    """The server in an address that was checked."""
    return urlsplit(url).hostname or url


def get(url: str, most: int, seconds: float | None = None) -> bytes:
    """A small file, of at most so many bytes. Raises Unreachable, NotThere, RunnerError.

    `seconds` is how long the server may say nothing, if that is not to be `SECONDS`.
    """
    seconds = SECONDS if seconds is None else seconds
    found = b""
    try:
        with _answer(url, {}, seconds) as answer:
            for data in _read(answer, seconds):
                found += data
                if len(found) > most:
                    raise RunnerError(f"{host(url)} sends more than {most} bytes where a list should be")
    except _Broken as error:
        raise Unreachable(f"{host(url)} cannot be reached: {error}; {HINT}") from error
    return found


def download(url: str, to: Path, progress: Progress) -> None:
    """Bring a file to a place. What was brought in another attempt is gone on with.

    Raises Unreachable when nothing more comes (what has come is kept), NotThere, RunnerError, and OSError of the disk.
    """
    partial = _Partial(to)
    idle = 0
    while True:
        before = partial.size
        try:
            _go_on(url, partial, progress)
        except _NoRest as error:
            if str(error) == f"bytes */{partial.size}":
                return partial.finish()
            partial.drop()  # more has come than there is
        except _Broken as error:
            idle = 0 if partial.size > before else idle + 1
            if idle == ATTEMPTS:
                raise Unreachable(
                    f"nothing more comes from {host(url)}: {error}; the {partial.size >> 20} MiB that have come are "
                    "kept, and the same command goes on with them"
                ) from error
            time.sleep(PAUSE_SECONDS)
        else:
            return partial.finish()


class _Partial:
    """What has come of a file, and what tells whether it still is the same file on the server."""

    def __init__(self, to: Path) -> None:
        self._to = to
        self.path = to.with_name(f"{to.name}.part")
        self._validator = to.with_name(f"{to.name}.validator")

    @property
    def size(self) -> int:
        """In bytes."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def headers(self) -> dict[str, str]:
        """What asks for the rest; nothing where nobody could tell that it is the same file's."""
        if self.size and self._validator.exists():
            return {"Range": f"bytes={self.size}-", "If-Range": self._validator.read_text(encoding="latin-1")}
        return {}

    def begin(self, answer: HTTPResponse) -> None:
        """Begin with the file that an answer has. A weak ETag is no word that it is the same, byte for byte."""
        etag, date = answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", "")
        self.path.write_bytes(b"")
        self._validator.write_text(etag if etag.startswith('"') else date, encoding="latin-1", errors="replace")
        if not self._validator.stat().st_size:
            self._validator.unlink()

    def drop(self) -> None:
        """Begin anew the next time."""
        self.path.unlink(missing_ok=True)

    def finish(self) -> None:
        """It is whole."""
        self._validator.unlink(missing_ok=True)
        self.path.rename(self._to)


def _go_on(url: str, partial: _Partial, progress: Progress) -> None:
    """Ask for a file, or for the rest of it, and take it to its end. Raises what `_answer` and `download` do."""
    with _answer(url, partial.headers, SECONDS) as answer:
        total = _begin(answer, partial)
        _make_sure_of_room((total or 0) - partial.size, partial.path.parent)
        progress("downloading", partial.size, total)
        with partial.path.open("ab") as sink:
            for data in _read(answer, SECONDS):
                sink.write(data)
                progress("downloading", sink.tell(), total)
                if sink.tell() > LARGEST:
                    raise RunnerError(f"{host(url)} sends more than {LARGEST >> 30} GiB, which no kernel's package has")
    if total is not None and partial.size < total:
        raise _Broken("it ended before its end")


def _begin(answer: HTTPResponse, partial: _Partial) -> int | None:
    """Make ready for what an answer has; how large the whole file is, where that is said. Raises _Broken."""
    if answer.status != HTTPStatus.PARTIAL_CONTENT:
        partial.begin(answer)
        return answer.length
    said = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
    if not said or int(said[1]) != partial.size:
        partial.drop()
        raise _Broken("it sends another part than it was asked for")
    return int(said[2])


def _make_sure_of_room(wanted: int, folder: Path) -> None:
    """Raises RunnerError."""
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise RunnerError(
            f"{wanted >> 20} MiB are to come, and {folder} has room for {free >> 20} MiB; make room, or point "
            "CONFORMANCE_CACHE elsewhere"
        )


def _read(answer: HTTPResponse, seconds: float) -> Iterator[bytes]:
    """What an answer has, as it comes. Raises _Broken."""
    while True:
        try:
            data = answer.read1(CHUNK)
        except (OSError, HTTPException) as error:
            raise _Broken(_said(error, seconds)) from error
        if not data:
            return
        yield data


@contextmanager
def _answer(url: str, headers: Mapping[str, str], seconds: float) -> Iterator[HTTPResponse]:
    """What a server answers: a file, or a part of it. Raises _Broken, _NoRest, RunnerError."""
    asked = checked(url)
    for name, value in headers.items():
        asked.add_header(name, value)
    opener = request.OpenerDirector()  # of its own, since the usual one opens files of this machine, too
    for handler in (
        *(request.ProxyHandler(), request.HTTPHandler(), request.HTTPSHandler(), request.UnknownHandler()),
        *(_Redirects(), request.HTTPErrorProcessor(), request.HTTPDefaultErrorHandler()),
    ):
        opener.add_handler(handler)
    try:
        answer = opener.open(asked, timeout=seconds)
    except HTTPError as error:
        if headers and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise _NoRest(error.headers.get("Content-Range", "")) from error
        raise _refusal(url, error) from error
    except (OSError, HTTPException) as error:
        raise _Broken(_said(error, seconds)) from error
    with answer:
        yield answer


def _refusal(url: str, error: HTTPError) -> Exception:
    """What a server's refusal comes to."""
    if error.code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return NotThere(f"{host(url)} has no {urlsplit(url).path}")
    if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code == HTTPStatus.TOO_MANY_REQUESTS:
        return _Broken(f"it answers {error.code} ({error.reason})")
    return RunnerError(f"{host(url)} refuses: {error.code} ({error.reason}); {HINT}")


def _said(error: Exception, seconds: float) -> str:
    """What is wrong with a connection, in words."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"it says nothing for {seconds:.0f} seconds"
    return str(getattr(reason, "strerror", None) or reason or type(reason).__name__)
