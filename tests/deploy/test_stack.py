"""A run starts everything or nothing, and ends everything. The services are tiny programs here."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local.ports import PortError, Ports, is_free
from deploy.local.processes import ProcessError
from deploy.local.stack import SERVICES, Stack

# A service that answers with its environment, and whose migration leaves a file where it ran.
SERVICE = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
place = Path(os.environ["PLACE"]) / Path(__file__).parent.name
if sys.argv[1:] == ["migrate"]:
    place.write_text(sys.argv[1])
    sys.exit()
assert place.read_text() == "migrate"
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ)).encode())
HTTPServer(("127.0.0.1", int(os.environ["HTTP_PORT"])), Answer).serve_forever()
"""
BROKEN = "raise SystemExit('the door is jammed')"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of packages that take the place of the services."""
    folder = tmp_path / "programs"
    for name in SERVICES:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
        (folder / name / "__main__.py").write_text(SERVICE)
    return folder


@pytest.fixture
def stack(programs: Path, tmp_path: Path) -> Iterator[Stack]:
    settings = {"PYTHONPATH": str(programs), "PLACE": str(tmp_path), "KAFKA": "tansu", "KAFKA_BOOTSTRAP_SERVERS": ""}
    run = Stack(folder=tmp_path / "run", ports=Ports.free(), settings=settings, admit=lambda *_: None)
    yield run
    run.stop()


def seen_by(stack: Stack, service: str) -> dict[str, str]:
    return dict(httpx.get(stack.url(service)).json())


def all_ports_are_free(stack: Stack) -> bool:
    return all(is_free(getattr(stack.ports, part)) for part in (*SERVICES, "kafka", "mailbox_smtp", "mailbox_web"))


def test_a_run_gives_each_service_its_settings_and_leaves_nothing(stack: Stack) -> None:
    stack.start()
    loyalty, notifier = seen_by(stack, "loyalty"), seen_by(stack, "notifier")

    assert loyalty["LOYALTY_DATABASE_URL"] == stack.postgres.url("loyalty")
    assert "LOYALTY_DATABASE_URL" not in notifier
    assert loyalty["KAFKA_BOOTSTRAP_SERVERS"] == f"127.0.0.1:{stack.ports.kafka}"
    assert loyalty["KAFKA_IDEMPOTENT_PRODUCER"] == "false"
    assert notifier["SMTP_PORT"] == str(stack.ports.mailbox_smtp)
    assert notifier["PUBLIC_URL_FEEDBACK"] == stack.url("feedback")
    assert notifier["LINK_KEYS"] == loyalty["LINK_KEYS"]
    assert stack.memory_bytes() > 50_000_000
    assert {"kafka.log", "postgres.log", "loyalty.log", "mailbox.log"} <= {
        log.name for log in (stack.folder / "logs").iterdir()
    }

    stack.stop()
    assert all_ports_are_free(stack)


def test_a_database_of_the_user_is_used_instead_of_ours(tmp_path: Path) -> None:
    theirs = "postgresql+asyncpg://shop@db.example/loyalty"
    stack = Stack(folder=tmp_path / "run", ports=Ports.free(), settings={"LOYALTY_DATABASE_URL": theirs})

    assert stack.environment_of("loyalty")["LOYALTY_DATABASE_URL"] == theirs


def test_a_service_that_does_not_start_is_named_and_the_others_are_ended(stack: Stack, programs: Path) -> None:
    (programs / "feedback" / "__main__.py").write_text(BROKEN)

    with pytest.raises(ProcessError, match=r"(?s)feedback-migrate ended with exit code 1.*the door is jammed"):
        stack.start()
    assert all_ports_are_free(stack)


def test_a_service_that_dies_later_is_named(stack: Stack) -> None:
    stack.start()
    pid = stack.services["loyalty"].pid
    stack.check()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    with pytest.raises(ProcessError, match="loyalty ended with exit code -9"):
        stack.services["loyalty"].wait_until(lambda: False)
    with pytest.raises(ProcessError, match="loyalty ended with exit code -9"):
        stack.check()
    stack.start_service("loyalty")
    stack.check()


def test_a_taken_port_stops_a_run_before_it_touches_anything(stack: Stack, tmp_path: Path) -> None:
    kept = tmp_path / "run" / "of-the-run-before"
    kept.parent.mkdir()
    kept.touch()
    taken = socket.create_server(("127.0.0.1", stack.ports.feedback))
    with taken, pytest.raises(PortError, match="FEEDBACK_PORT="):
        stack.start()

    assert kept.exists()
