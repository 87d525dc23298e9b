"""The inspection sees what it is for: a plain mistake in a manifest is found. Without this, silence means nothing."""

from pathlib import Path

import pytest
import yaml

from deploy.inspection import linters, schemas
from deploy.inspection.manifests import KUBERNETES, OVERLAYS, everything, text_of


@pytest.fixture(scope="module")
def evaluation() -> str:
    return text_of(KUBERNETES / "overlays" / "evaluation")


@pytest.fixture(scope="module")
def production() -> str:
    return text_of(KUBERNETES / "overlays" / "production")


@pytest.mark.parametrize(
    ("overlay", "right", "wrong"),
    [
        ("evaluation", "partitions: 12", "partitions: many"),
        ("evaluation", "partitions: 12", "partition: 12"),
        ("evaluation", "type: simple", "type: simply"),
        ("evaluation", "databaseReclaimPolicy: retain", "databaseReclaimPolicy: keep"),
        ("evaluation", "interval: 15s", "interval: fifteen"),
        ("production", "minReplicaCount: 2", "minReplicas: 2"),
        ("production", "consumerGroup: rapport-loyalty", "consumerGroup: [rapport-loyalty]"),
        ("production", "creationPolicy: Owner", "creationPolicy: Mine"),
    ],
)
def test_a_mistake_in_a_custom_resource_is_found(
    overlay: str, right: str, wrong: str, request: pytest.FixtureRequest
) -> None:
    text: str = request.getfixturevalue(overlay)
    assert not list(schemas.of_operators({overlay: text}))
    assert right in text
    assert list(schemas.of_operators({overlay: text.replace(right, wrong)}))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("allowPrivilegeEscalation", "allowEscalation"), ("kind: NetworkPolicy", "kind: NetworkPolice"),
     ("terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: long")],
)  # fmt: skip
def test_a_mistake_in_what_kubernetes_knows_is_found(right: str, wrong: str, evaluation: str) -> None:
    assert right in evaluation
    complaints = list(schemas.of_kubernetes({"evaluation": evaluation.replace(right, wrong)}))
    assert len(complaints) == len(schemas.VERSIONS)


def test_kube_score_is_heard(evaluation: str, production: str) -> None:
    careless = evaluation.replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")
    assert list(linters.kube_score({"evaluation": careless, "production": production}))


def test_hadolint_and_docker_compose_are_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dockerfile, compose = tmp_path / "Dockerfile", tmp_path / "compose.yaml"
    dockerfile.write_text("FROM python\nRUN cd /tmp && apt-get install -y gcc\n")
    compose.write_text(yaml.safe_dump({"services": {"kafka": {"imag": "kafka"}}}))
    monkeypatch.setattr(linters, "DOCKERFILE", dockerfile)
    monkeypatch.setattr(linters, "COMPOSE", compose)
    assert list(linters.hadolint())
    assert list(linters.compose())


def test_every_overlay_and_every_pair_of_components_is_looked_at() -> None:
    built = everything()
    assert built.keys() >= {*OVERLAYS, "base", "base + keda + strimzi"}
    assert "kafka-cluster-ca-cert" in _trusted_by_keda(built["base + keda + strimzi"])
    assert not _trusted_by_keda(built["base + keda"])


def _trusted_by_keda(text: str) -> set[str]:
    found = (one for one in yaml.safe_load_all(text) if one and one["kind"] == "TriggerAuthentication")
    return {target["name"] for one in found for target in one["spec"]["secretTargetRef"] if target["parameter"] == "ca"}
