"""A NuGet feed on loopback, which speaks the protocol as documented, and can be told to misbehave."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ID = "microsoft.wsl.kernel"


@dataclass
class Served:
    """What a feed has, and what it was asked for."""

    packages: Mapping[str, Path]
    """By version."""
    url: str = ""
    """Of the feed's service index."""
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    """Paths, each with its request's headers by their names in lower case."""
    cut: list[int] = field(default_factory=list)
    """After how many bytes the connection ends when a package is asked for, a number a request."""
    ignores_ranges: bool = False
    etag: str | None = None
    """Of every package; None: a digest of what it has."""
    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    """What answers for a path instead."""

    @property
    def ranges(self) -> list[str]:
        """The ranges that were asked for when a package was."""
        return [headers.get("range", "") for path, headers in self.asked if path.endswith(".nupkg")]


@contextmanager
def feed(packages: Mapping[str, Path]) -> Iterator[Served]:
    """A feed that has these packages."""
    served = Served(packages)

    class Handler(BaseHTTPRequestHandler):
        """Answers for one feed."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            with suppress(OSError):
                if self.path in served.answers:
                    return served.answers[self.path](self)
                return answer(self, served)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}/v3/index.json"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(handler: BaseHTTPRequestHandler, served: Served) -> None:
    """As learn.microsoft.com/nuget/api has it: the service index, the versions of a package, a package."""
    path = handler.path
    if path == "/v3/index.json":
        base = served.url.replace("/v3/index.json", "/v3/flat2/")
        resources = [
            {"@id": base.replace("flat2", "query"), "@type": "SearchQueryService/3.0.0-beta"},
            {"@id": base, "@type": "PackageBaseAddress/3.0.0", "comment": "flat"},
        ]
        return say(handler, json.dumps({"version": "3.0.0", "resources": resources}).encode())
    if path == f"/v3/flat2/{ID}/index.json":
        return say(handler, json.dumps({"versions": list(served.packages)}).encode())
    for version, package in served.packages.items():
        if path == f"/v3/flat2/{ID}/{version}/{ID}.{version}.nupkg":
            return send(handler, package.read_bytes(), served)
    return say(handler, b"not found", HTTPStatus.NOT_FOUND)


def say(handler: BaseHTTPRequestHandler, body: bytes, status: int = HTTPStatus.OK, **headers: str) -> None:
    """A whole answer."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def send(handler: BaseHTTPRequestHandler, body: bytes, served: Served) -> None:
    """A package, or the part of it that is asked for (RFC 9110, 14)."""
    etag = f'"{hashlib.sha256(body).hexdigest()}"' if served.etag is None else served.etag
    asked = handler.headers.get("Range", "")
    start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and not served.ignores_ranges else 0
    if handler.headers.get("If-Range", etag) != etag:
        start = 0
    if start >= len(body):
        return say(handler, b"", HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, Content_Range=f"bytes */{len(body)}")
    handler.send_response(HTTPStatus.PARTIAL_CONTENT if start else HTTPStatus.OK)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    handler.send_header("ETag", etag)
    handler.send_header("Content-Length", str(len(body) - start))
    handler.end_headers()
    if served.cut:
        handler.wfile.write(body[start : start + served.cut.pop(0)])
        handler.close_connection = True
        return None
    handler.wfile.write(body[start:])
    return None
