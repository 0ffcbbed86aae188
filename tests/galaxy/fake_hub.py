"""A stand-in for the Hugging Face hub on this machine: one model, the tiny one of the test data."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.galaxy.form import TOOL_FOLDER

TINY_MODEL = TOOL_FOLDER / "test-data" / "tiny_model"
MODEL = "jlomas/HyenaTransgenic-768L12A6-400M"
"""Name under which the hub has it: that of the published default."""

COMMIT = "0" * 40
_OTHER_FILES = {"modeling.py": b"raise SystemExit('code of the model was executed')"}


class _Hub(BaseHTTPRequestHandler):
    """Answers what ``snapshot_download`` asks."""

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def _answer(self, *, with_content: bool) -> None:
        files = _files()
        path = self.path.partition("?")[0]
        file = path.removeprefix(f"/{MODEL}/resolve/{COMMIT}/")
        if path.startswith(f"/api/models/{MODEL}/revision/"):
            content = json.dumps({"id": MODEL, "sha": COMMIT}).encode()
        elif path == f"/api/models/{MODEL}/tree/{COMMIT}":
            listed = [
                {"type": "file", "path": name, "size": len(data), "oid": _digest(data)}
                for name, data in files.items()
            ]
            content = json.dumps(listed).encode()
        elif file in files:
            content = files[file]
        else:
            content = b""
        self.send_response(200 if content else 404)
        if not content:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{_digest(content)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if with_content:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing of requests."""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _files() -> dict[str, bytes]:
    tiny = {path.name: path.read_bytes() for path in TINY_MODEL.iterdir()}
    return tiny | _OTHER_FILES


@contextmanager
def running_hub() -> Iterator[str]:
    """Start it and stop it at the end; gives its address, for ``HF_ENDPOINT``."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
