"""What others' tools think of the manifests, the Dockerfile and compose.yaml.

What they may not complain about, and why, stands in checkov.yaml, hadolint.yaml and here.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.inspection import alerts
from deploy.inspection.manifests import OVERLAYS
from deploy.inspection.tools import CACHE, REPOSITORY, binary

HERE = Path(__file__).parent
DOCKERFILE = REPOSITORY / "deploy" / "images" / "Dockerfile"
COMPOSE = REPOSITORY / "deploy" / "compose.yaml"
KUBE_SCORE_IGNORED = {
    # a rule of kube-score -> why not here
    "deployment-has-host-podantiaffinity": "topologySpreadConstraints say it, by host and by zone",
    "deployment-replicas": "KEDA and the HPA say how many, two at least; an evaluation has one of each api",
    "networkpolicy-targets-pod": "the pods of Kafka and PostgreSQL are made by their operators",
}


def checkov(rendered: dict[str, str]) -> Iterator[str]:
    """Overlays and Dockerfile."""
    folder = CACHE / "rendered"
    folder.mkdir(parents=True, exist_ok=True)
    for name in OVERLAYS:
        (folder / f"{name}.yaml").write_text(rendered[name])
    common = ("--config-file", HERE / "checkov.yaml", "--compact", "--quiet")
    yield from _complaints(binary("checkov"), *common, "-d", folder, "--framework", "kubernetes")
    yield from _complaints(binary("checkov"), *common, "-f", DOCKERFILE, "--framework", "dockerfile")


def kube_score(rendered: dict[str, str]) -> Iterator[str]:
    """Overlays; a warning is a complaint."""
    ignored = [part for test in KUBE_SCORE_IGNORED for part in ("--ignore-test", test)]
    for name in OVERLAYS:
        file = CACHE / "rendered" / f"{name}.yaml"
        file.write_text(rendered[name])
        yield from _complaints(
            CACHE / "kube-score" / "kube-score", "score", "--output-format", "ci", "--exit-one-on-warning",
            "--enable-optional-test", "container-seccomp-profile", *ignored, file,
        )  # fmt: skip


def hadolint() -> Iterator[str]:
    """The Dockerfile, and what its RUN lines say."""
    yield from _complaints(binary("hadolint"), "--config", HERE / "hadolint.yaml", DOCKERFILE)


def compose() -> Iterator[str]:
    """Whether docker-compose itself can read it; no engine is asked."""
    asked_for = dict.fromkeys(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()), "something")
    yield from _complaints(binary("docker-compose"), "-f", COMPOSE, "config", "--quiet", **asked_for)


def alert_rules() -> Iterator[str]:
    """Whether the PrometheusRule says what deploy/monitoring/rules.yaml says."""
    if alerts.MANIFEST.read_text() != alerts.written():
        yield "deploy/monitoring/rules.yaml has changed: python -m deploy.inspection.alerts"


def _complaints(*command: str | Path, **environment: str) -> Iterator[str]:
    """What a tool prints when it is not content."""
    ended = subprocess.run(
        [str(part) for part in command], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        lines = [line for line in f"{ended.stdout}\n{ended.stderr}".splitlines() if line and not _is_content(line)]
        yield f"{Path(command[0]).name}:\n" + "\n".join(lines[-200:])


def _is_content(line: str) -> bool:
    return line.startswith(("[OK]", "[SKIPPED]"))
