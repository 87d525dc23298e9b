"""The keys of an evaluation: made once, by a program of its own that a small HTTP server plays Kubernetes for."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import certifi
import pytest

from tests.sources import ROOT

GENERATOR = ROOT / "deploy" / "kubernetes" / "components" / "generated-keys" / "generate.py"


class Secrets(ThreadingHTTPServer):
    """Takes Secrets, and answers Conflict for one that it has; asked by HTTP here, by HTTPS in a cluster."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.kept: dict[str, dict[str, str]] = {}
        self.tokens: set[str | None] = set()
        self.paths: set[str] = set()


class _Asked(BaseHTTPRequestHandler):
    server: Secrets

    def do_POST(self) -> None:
        secret = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name = secret["metadata"]["name"]
        self.server.tokens.add(self.headers["authorization"])
        self.server.paths.add(self.path)
        self.send_response(409 if name in self.server.kept else 201)
        self.end_headers()
        self.server.kept.setdefault(name, secret["stringData"])

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def secrets() -> Iterator[Secrets]:
    with Secrets() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def generate(secrets: Secrets, folder: Path) -> str:
    """What it prints, as the Job's pod would run it."""
    (folder / "namespace").write_text("rapport")
    (folder / "token").write_text("of-the-pod")
    (folder / "ca.crt").write_bytes(Path(certifi.where()).read_bytes())
    environment = {**os.environ, "ACCOUNT": str(folder), "KUBERNETES": f"http://127.0.0.1:{secrets.server_port}"}
    ended = subprocess.run(
        [sys.executable, "-I", GENERATOR], env=environment, capture_output=True, text=True, check=True
    )
    return ended.stdout


def test_keys_are_made_once_and_never_shown(secrets: Secrets, tmp_path: Path) -> None:
    said = generate(secrets, tmp_path)
    first = {name: dict(contents) for name, contents in secrets.kept.items()}
    again = generate(secrets, tmp_path)

    assert secrets.kept == first, "what is there is never changed"
    assert (said.count(": made"), again.count(": is there")) == (len(first), len(first))
    assert secrets.paths == {"/api/v1/namespaces/rapport/secrets"}
    assert secrets.tokens == {"Bearer of-the-pod"}
    assert not [
        value for contents in first.values() for value in contents.values() if value in said and len(value) > 20
    ]


def test_every_password_is_another(secrets: Secrets, tmp_path: Path) -> None:
    generate(secrets, tmp_path)
    passwords = [contents["password"] for contents in secrets.kept.values() if "password" in contents]
    assert len(set(passwords)) == len(passwords) == 4
    for name in ("loyalty", "orders-listener"):
        role = secrets.kept[f"{name}-database"]
        assert role["url"] == (
            f"postgresql+asyncpg://{role['username']}:{role['password']}@postgres-rw:5432/{role['username']}?ssl=require"
        )
