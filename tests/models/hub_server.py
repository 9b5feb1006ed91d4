"""A small imitation of the hub over HTTP: what it answers, and which bytes were asked for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "1" * 40


@dataclass
class FakeHub:
    """One repository, its files, and how the hub treats who asks for it."""

    repository: str = "someone/flux"
    files: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    gated: bool = False
    tokens: dict[str, bool] = field(default_factory=dict)
    """Known tokens: whether their account has accepted the licence."""
    broken: bool = False
    downloads: list[str] = field(default_factory=list)
    url: str = ""

    @classmethod
    def of_folder(cls, folder: Path, **more: object) -> FakeHub:
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        return cls(files=files, **more)  # type: ignore[arg-type]

    def info(self) -> dict[str, object]:
        siblings = [
            {"rfilename": name, "size": self.sizes.get(name, len(data)), "blobId": _etag(data)}
            for name, data in self.files.items()
        ]
        gated = "auto" if self.gated else False
        return {
            "id": self.repository,
            "sha": COMMIT,
            "private": False,
            "gated": gated,
            "siblings": siblings,
            "tags": [],
        }


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """``hub`` answers on 127.0.0.1 while the block runs."""

    class Handler(_Handler):
        shown = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _etag(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    shown: FakeHub

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: a test's output is its own."""

    def _answer(self, *, body: bool) -> None:
        path, hub = self.path.partition("?")[0], self.shown
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if hub.broken:
            return self._send(503, b"down")
        if token and token not in hub.tokens:
            message = {"X-Error-Message": "Invalid credentials in Authorization header"}
            return self._send(401, b"{}", message)
        if path == f"/api/models/{hub.repository}":
            return self._send(200, json.dumps(hub.info()).encode())
        if path == f"/api/models/{hub.repository}/auth-check":
            return self._send(200, b"{}") if self._allowed(token) else self._refuse(token)
        prefix = f"/{hub.repository}/resolve/main/"
        if not path.startswith(prefix):
            code = "RepoNotFound" if token else ""
            return self._send(404 if token else 401, b"{}", {"X-Error-Code": code})
        if not self._allowed(token):
            return self._refuse(token)
        name = path.removeprefix(prefix)
        if name not in hub.files:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        data = hub.files[name]
        if body:
            hub.downloads.append(name)
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        headers = {"ETag": f'"{_etag(data)}"', "X-Repo-Commit": COMMIT}
        return self._send(206 if start else 200, data[start:], headers, body=body)

    def _allowed(self, token: str) -> bool:
        return not self.shown.gated or self.shown.tokens.get(token, False)

    def _refuse(self, token: str) -> None:
        self._send(403 if token else 401, b"{}", {"X-Error-Code": "GatedRepo"})

    def _send(
        self, status: int, data: bytes, headers: dict[str, str] | None = None, *, body: bool = True
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)
