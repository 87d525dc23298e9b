"""What is pinned is audited by whoever answers; a known weakness fails; nobody's answering is never passed over."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy.inspection.advisories import LOCKS, OSV, Outcome, answer_of, judged, main
from deploy.local.ports import Ports

PINS = {"jinja2": "3.1.2", "markupsafe": "3.0.2"}
ADVISORY = {
    "id": "GHSA-h5c8-rqwp-cp95",
    "modified": "2024-01-11T15:20:48Z",
    "published": "2024-01-11T15:20:48Z",
    "summary": "An attribute of HTML can be put in",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.1.3"}]}],
        }
    ],
}
UNKNOWN = {"name": "jinja2", "skip_reason": "Dependency not found on PyPI and could not be audited: jinja2 (3.1.2)"}
SOUND = {"name": "markupsafe", "version": "3.0.2", "vulns": []}


class Osv(BaseHTTPRequestHandler):
    """Answers as OSV does (`POST /v1/query`); knows what `known` says, by name."""

    known: dict[str, Any]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        found = self.known.get(asked["package"]["name"])
        body = json.dumps({"vulns": [found]} if found else {}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        """Nothing."""


@pytest.fixture(params=[{}])
def osv(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of somebody who answers; what is known is the test's parameter."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Known", (Osv,), {"known": request.param}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/v1/query"
    monkeypatch.setenv("OSV_URL", url)
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "some.lock"
    file.write_text("".join(f"{name}=={version} \\\n    --hash=sha256:{'0' * 64}\n" for name, version in PINS.items()))
    return file


@pytest.mark.parametrize("osv", [{"jinja2": ADVISORY}], indirect=True)
@pytest.mark.usefixtures("osv")
def test_a_known_weakness_fails_and_says_what_mends_it(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([lock]) == 1
    assert "jinja2 3.1.2: GHSA-h5c8-rqwp-cp95, mended in 3.1.3" in capsys.readouterr().out


@pytest.mark.usefixtures("osv")
def test_where_nothing_is_known_it_passes(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([lock]) == 0
    assert "no weakness is known" in capsys.readouterr().out


@pytest.mark.parametrize(("audit", "code"), [(None, 0), ("required", 1)])
def test_that_nobody_answers_is_said_and_fails_where_an_audit_is_required(
    audit: str | None, code: int, lock: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OSV_URL", f"http://127.0.0.1:{Ports.free().loyalty}/v1/query")
    monkeypatch.delenv("AUDIT", raising=False)
    if audit:
        monkeypatch.setenv("AUDIT", audit)
    assert main([lock]) == code
    assert "NOTHING WAS AUDITED" in capsys.readouterr().out


def test_an_index_without_advisories_has_audited_nothing() -> None:
    assert judged([UNKNOWN, {**UNKNOWN, "name": "markupsafe"}]).outcome is Outcome.unasked


def test_a_pin_that_only_we_know_is_no_clean_one() -> None:
    assert judged([UNKNOWN, SOUND]) == (Outcome.weak, [UNKNOWN["skip_reason"]])


def test_all_that_is_pinned_can_be_read(osv: str) -> None:
    assert answer_of((*OSV, osv), LOCKS).outcome is Outcome.clean
