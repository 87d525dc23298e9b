"""What stands in deploy/ is what the code means: settings, ports, probes, topics, rights, numbers.

Reads the overlays as kubectl renders them. Run by `make check-deploy`, which brings a kubectl.
"""

import os
import re
import runpy
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.application import Application
from chassis.grants import Grant, grants_of
from chassis.links import Links
from chassis.runtime import Runtime
from chassis.settings import ServiceSettings
from chassis.topics import FORGETTING, every_topic, with_contacts
from chassis.web import create_app
from contracts.storefront import CUSTOMERS, ORDERS, SHIPMENTS
from deploy.inspection.manifests import KUBERNETES, OVERLAYS, read, text_of
from tests.sources import ROOT, SERVICES, composed

FOLDERS = {folder.name: package for package, folder in SERVICES.items()}
CONNECTIONS_BESIDE = 8
"""As `Runtime.of` opens beside those of the partitions in flight."""
FROM_ELSEWHERE = {"SECRETS_DIRECTORY", "AUTH_ISSUER", "AUTH_AUDIENCE", "AUTH_JWKS_URL"} | {
    f"KAFKA_{name}" for name in ("SECURITY_PROTOCOL", "SASL_MECHANISM", "USERNAME", "PASSWORD", "CA_FILE")
}
"""Settings of every service that are read beside `ServiceSettings`' own."""

Manifest = dict[str, Any]


@cache
def rendered(overlay: str) -> tuple[Manifest, ...]:
    """Every manifest of an overlay."""
    return tuple(read(text_of(KUBERNETES / "overlays" / overlay)))


def of_kind(overlay: str, kind: str) -> list[Manifest]:
    return [manifest for manifest in rendered(overlay) if manifest["kind"] == kind]


def named(overlay: str, kind: str, name: str) -> Manifest:
    (found,) = (manifest for manifest in of_kind(overlay, kind) if manifest["metadata"]["name"] == name)
    return found


def pods(overlay: str) -> list[Manifest]:
    """Deployments and Jobs: whatever makes pods."""
    return [*of_kind(overlay, "Deployment"), *of_kind(overlay, "Job")]


def ours(overlay: str) -> list[Manifest]:
    """Those that run one of the four services."""
    return [one for one in pods(overlay) if one["metadata"]["labels"].get("app.kubernetes.io/name") in FOLDERS]


def service_of(manifest: Manifest) -> str:
    return FOLDERS[manifest["metadata"]["labels"]["app.kubernetes.io/name"]]


def container_of(manifest: Manifest) -> Manifest:
    (found,) = manifest["spec"]["template"]["spec"]["containers"]
    return dict(found)


def environment_of(overlay: str, manifest: Manifest) -> dict[str, str]:
    """What a container is given as variables, ConfigMaps and all."""
    container = container_of(manifest)
    found: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        found |= named(overlay, "ConfigMap", source["configMapRef"]["name"]).get("data") or {}
    return found | {one["name"]: one["value"] for one in container.get("env", ())}


def files_of(manifest: Manifest) -> dict[str, str]:
    """What it is given as files: by path, the Secret; a Secret that is mounted whole has the path ''."""
    found = {}
    for volume in manifest["spec"]["template"]["spec"].get("volumes", ()):
        for source in volume.get("projected", {}).get("sources", ()):
            secret = source["secret"]
            for item in secret.get("items", [{"path": ""}]):
                found[item["path"] or f"*{secret['name']}"] = secret["name"]
    return found


def settings_of(package: str, monkeypatch: pytest.MonkeyPatch) -> tuple[type[ServiceSettings], Application]:
    application = composed(package, monkeypatch)
    return type(application.settings), application


def variables_of(settings: type[ServiceSettings]) -> dict[str, bool]:
    """By variable, whether it is required."""
    return {
        settings.variable_of(str(field.validation_alias or name)): field.is_required()
        for name, field in settings.model_fields.items()
    }


# --- settings ---


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_variable_is_a_setting_of_somebody(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = set(FROM_ELSEWHERE)
    for package in SERVICES:
        known |= variables_of(settings_of(package, monkeypatch)[0]).keys()
    for manifest in ours(overlay):
        given = environment_of(overlay, manifest).keys() | {p for p in files_of(manifest) if p.isupper()}
        assert given <= known, f"{manifest['metadata']['name']}: {sorted(given - known)}"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_required_setting_is_given(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {"*links": {"LINK_KEYS"}, "*notifier-keys": {"NOTIFIER_MASTER_KEYS", "NOTIFIER_ADDRESS_KEY"}}
    for manifest in ours(overlay):
        required = {
            name for name, needed in variables_of(settings_of(service_of(manifest), monkeypatch)[0]).items() if needed
        }
        files = files_of(manifest)
        given = environment_of(overlay, manifest).keys() | files.keys()
        given |= {name for path in files for name in whole.get(path, ())}
        assert required <= given, f"{manifest['metadata']['name']}: {sorted(required - given)}"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_given_is_accepted(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for manifest in ours(overlay):
        settings, application = settings_of(service_of(manifest), monkeypatch)
        known = variables_of(settings)
        with monkeypatch.context() as given:
            for name, value in {"KAFKA_PASSWORD": "from a file", **environment_of(overlay, manifest)}.items():
                if name in known and not value.startswith("/run/secrets/"):
                    given.setenv(name, value)
            read = settings()
        assert read.http_host == "0.0.0.0"  # noqa: S104 a container is reached from outside of it
        assert read.partitions == partitions(overlay)
        assert read.model_fields_set >= {"http_port", "partitions"}
        assert application.service.name == manifest["metadata"]["labels"]["app.kubernetes.io/name"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_secrets_are_files_and_never_variables(overlay: str) -> None:
    for manifest in pods(overlay):
        for one in container_of(manifest).get("env", ()):
            assert "valueFrom" not in one, f"{manifest['metadata']['name']}: {one['name']}"
    for config in of_kind(overlay, "ConfigMap"):
        secret = [name for name in config["data"] if re.search(r"PASSWORD|SECRET|_KEYS?$|DATABASE_URL", name)]
        assert not secret, f"{config['metadata']['name']}: {secret}"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_somebody_makes_every_secret_that_is_mounted(overlay: str) -> None:
    made = {one["metadata"]["name"] for kind in ("ExternalSecret", "KafkaUser") for one in of_kind(overlay, kind)}
    made |= {f"{one['metadata']['name']}-cluster-ca-cert" for one in of_kind(overlay, "Kafka")}
    if any(one["metadata"]["name"].startswith("key-generator") for one in of_kind(overlay, "Job")):
        made |= {"links", "notifier-keys", *(f"{service}-database" for service in FOLDERS)}
    wanted = {secret for manifest in pods(overlay) for secret in files_of(manifest).values()}
    assert wanted - made <= {"orders-listener-hooks"}, "that one is optional"


def test_the_overlay_of_a_newcomer_has_their_images_or_those_of_the_node(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    (content,) = re.findall(r"<<'END'\n(.*?)\n +END\n", page, re.DOTALL)
    (patches,) = re.findall(r"^ +(patches:\n.*?)\n +```", page, re.DOTALL | re.MULTILINE)
    evaluation = KUBERNETES / "overlays" / "evaluation"
    given = yaml.safe_load(content)
    assert given["resources"] == [f"../{evaluation.relative_to(ROOT)}"]
    there = {"resources": [os.path.relpath(evaluation, (tmp_path / "pulled").resolve())]}
    pulled = built(tmp_path / "pulled", given | there)
    loaded = built(tmp_path / "loaded", yaml.safe_load(patches) | there)
    for one in (one for one in pulled if image_of(one)):
        assert not image_of(one).startswith("rapport/"), one["metadata"]["name"]
    for one in (one for one in loaded if image_of(one).startswith("rapport/")):
        assert container_of(one)["imagePullPolicy"] == "IfNotPresent"


def built(folder: Path, kustomization: dict[str, Any]) -> list[Manifest]:
    folder.mkdir()
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return read(text_of(folder))


def image_of(manifest: Manifest) -> str:
    """Of whatever makes pods; else nothing."""
    return str(container_of(manifest)["image"]) if manifest["kind"] in ("Deployment", "Job") else ""


# --- processes ---


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_service_has_an_api_a_worker_and_a_migration(overlay: str) -> None:
    found = {(service_of(one), *container_of(one)["args"]) for one in ours(overlay)}
    assert found == {(package, role) for package in SERVICES for role in ("api", "worker", "migrate")}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_version_has_its_own_migration(overlay: str) -> None:
    for job in (one for one in ours(overlay) if one["kind"] == "Job"):
        image, tag = container_of(job)["image"].rsplit(":", 1)
        service = job["metadata"]["labels"]["app.kubernetes.io/name"]
        assert (image, job["metadata"]["name"]) == (f"rapport/{service}", f"{service}-migration-{tag}")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_ask_what_the_code_answers_where_it_listens(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for manifest in (one for one in ours(overlay) if one["kind"] == "Deployment"):
        application = composed(service_of(manifest), monkeypatch)
        paths = create_app(application, _runtime(application)).openapi()["paths"]
        container = container_of(manifest)
        (port,) = container["ports"]
        assert str(port["containerPort"]) == environment_of(overlay, manifest)["HTTP_PORT"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[probe]["httpGet"]
            assert asked["port"] == port["name"]
            assert asked["path"] in paths
        assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
        assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"


def _runtime(application: Application) -> Any:
    """Opens nothing: only the routes are looked at."""
    return Runtime.of(application.service, application.settings)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nobody_is_killed_who_is_still_finishing(overlay: str) -> None:
    said = re.search(r"Allow (\d+) s before SIGKILL", (ROOT / "docs" / "operations.md").read_text())
    assert said
    for manifest in of_kind(overlay, "Deployment"):
        if manifest in ours(overlay):
            assert manifest["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= int(said[1])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_may_do_nothing_but_their_work(overlay: str) -> None:
    for manifest in pods(overlay):
        pod, container = manifest["spec"]["template"]["spec"], container_of(manifest)
        security = container["securityContext"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 10_000
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert (security["allowPrivilegeEscalation"], security["readOnlyRootFilesystem"]) == (False, True)
        assert security["capabilities"] == {"drop": ["ALL"]}
        token = pod["automountServiceAccountToken"]
        assert token is manifest["metadata"]["name"].startswith("key-generator")
    (namespace,) = of_kind(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_is_not_named_reaches_nobody(overlay: str) -> None:
    deny = named(overlay, "NetworkPolicy", "deny")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy in of_kind(overlay, "NetworkPolicy"):
        for rule in policy["spec"].get("ingress", ()):
            assert rule.get("from"), f"{policy['metadata']['name']} lets everybody in"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_services_select_the_pods_that_they_are_named_for(overlay: str) -> None:
    deployments = [(one["metadata"]["name"], one["spec"]["template"]["metadata"]["labels"]) for one in pods(overlay)]
    for kind, selector in (
        ("Service", lambda s: s["selector"]),
        ("PodDisruptionBudget", lambda s: s["selector"]["matchLabels"]),
    ):
        for manifest in of_kind(overlay, kind):
            wanted = selector(manifest["spec"]).items()
            found = {name for name, labels in deployments if wanted <= labels.items()}
            assert found == {manifest["metadata"]["name"]}, f"{kind} {manifest['metadata']['name']}"


# --- Kafka ---


def partitions(overlay: str) -> int:
    (shop,) = (one for one in of_kind(overlay, "ConfigMap") if one["metadata"]["name"].startswith("shop-"))
    return int(shop["data"]["PARTITIONS"])


def test_the_topics_are_those_of_the_contracts() -> None:
    found = {one["metadata"]["name"]: one["spec"] for one in of_kind("evaluation", "KafkaTopic")}
    assert sorted(found) == every_topic()
    for name, topic in found.items():
        assert topic["partitions"] == partitions("evaluation")
        config = {key: str(value) for key, value in topic["config"].items()}
        if name in with_contacts():
            assert config.items() >= FORGETTING.items(), "personal data is gone inside of a month"
        else:
            assert int(config["retention.ms"]) >= 7 * 86_400_000


def test_the_job_creates_as_many_partitions_as_the_services_expect() -> None:
    (job,) = (one for one in of_kind("production", "Job") if one["metadata"]["name"].startswith("topics"))
    arguments = container_of(job)["args"]
    assert int(arguments[arguments.index("--partitions") + 1]) == partitions("production")


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_a_service_may_do_in_kafka_what_its_code_does_and_no_more(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    acls = named("evaluation", "KafkaUser", f"{folder}-kafka")["spec"]["authorization"]["acls"]
    may = {
        Grant(acl["resource"]["type"], acl["resource"]["name"], operation)
        for acl in acls
        for operation in acl["operations"]
    }
    assert may == set(grants_of(composed(FOLDERS[folder], monkeypatch).service))
    assert (
        environment_of("evaluation", named("evaluation", "Deployment", f"{folder}-worker"))["KAFKA_USERNAME"]
        == f"{folder}-kafka"
    )


def test_a_storefront_may_say_what_shops_say_and_read_nothing() -> None:
    acls = named("evaluation", "KafkaUser", "storefront-kafka")["spec"]["authorization"]["acls"]
    assert {acl["resource"]["name"] for acl in acls} == {CUSTOMERS, ORDERS, SHIPMENTS}
    assert {operation for acl in acls for operation in acl["operations"]} == {"Write"}


# --- how many ---


def test_workers_are_two_at_least_and_as_many_as_partitions_at_most() -> None:
    scalers = of_kind("production", "ScaledObject")
    assert {one["spec"]["scaleTargetRef"]["name"] for one in scalers} == {f"{folder}-worker" for folder in FOLDERS}
    for scaler in scalers:
        assert (scaler["spec"]["minReplicaCount"], scaler["spec"]["maxReplicaCount"]) == (2, partitions("production"))
        (trigger,) = scaler["spec"]["triggers"]
        folder = scaler["metadata"]["name"].removesuffix("-worker")
        assert trigger["metadata"]["consumerGroup"] == f"rapport-{folder}"
        assert trigger["metadata"]["excludePersistentLag"] == "true"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_is_scaled_says_no_number_of_replicas(overlay: str) -> None:
    scaled = {
        one["spec"]["scaleTargetRef"]["name"]
        for kind in ("ScaledObject", "HorizontalPodAutoscaler")
        for one in of_kind(overlay, kind)
    }
    for name in scaled:
        assert "replicas" not in named(overlay, "Deployment", name)["spec"], "an apply would take them away"


def test_postgres_has_connections_for_everybody() -> None:
    in_flight = ServiceSettings.model_fields["partitions_in_flight"].default
    processes = sum(
        one["spec"]["replicas"] + 1 for one in of_kind("evaluation", "Deployment") if one in ours("evaluation")
    )
    most = int(named("evaluation", "Cluster", "postgres")["spec"]["postgresql"]["parameters"]["max_connections"])
    assert (processes + len(FOLDERS)) * (in_flight + CONNECTIONS_BESIDE) < most, "one more of each while it is replaced"


# --- what the world sees ---


def test_the_ingress_shows_pages_and_hooks_that_exist_and_no_api(monkeypatch: pytest.MonkeyPatch) -> None:
    (ingress,) = of_kind("production", "Ingress")
    for path in ingress["spec"]["rules"][0]["http"]["paths"]:
        assert not path["path"].startswith("/v1/") or path["path"] == "/v1/ingest/"
        folder = path["backend"]["service"]["name"].removesuffix("-api")
        application = composed(FOLDERS[folder], monkeypatch)
        routes = create_app(application, _runtime(application)).openapi()["paths"]
        assert any(route.startswith(path["path"]) for route in routes), path["path"]
    hosts = {one["host"] for one in ingress["spec"]["rules"]}
    pages = environment_of("production", named("production", "Deployment", "notifier-api"))
    assert {pages["NOTIFIER_PAGES_URL"], pages["NOTIFIER_FEEDBACK_URL"]} == {f"https://{host}" for host in hosts}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_ingress_is_believed_for_whom_it_asks_and_without_one_nobody_is(overlay: str) -> None:
    behind = {
        path["backend"]["service"]["name"]
        for ingress in of_kind(overlay, "Ingress")
        for rule in ingress["spec"]["rules"]
        for path in rule["http"]["paths"]
    }
    for manifest in (one for one in ours(overlay) if one["kind"] == "Deployment"):
        believed = environment_of(overlay, manifest).get("FORWARDED_ALLOW_IPS")
        assert bool(believed) is bool(behind), manifest["metadata"]["name"]
        for network in map(ip_network, (believed or "").split(",") if believed else ()):
            assert network.is_private
            assert network.prefixlen >= 8, "a cluster's pods, and not the world"


# --- compose ---


def test_compose_starts_the_same_processes_with_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    for folder, package in FOLDERS.items():
        known = variables_of(settings_of(package, monkeypatch)[0])
        for role, command in (("api", "api"), ("worker", "worker"), ("migration", "migrate")):
            part = compose[f"{folder}-{role}"]
            assert part["command"] == [command]
            assert part["environment"].keys() <= known.keys()
            assert part["environment"].keys() >= {name for name, needed in known.items() if needed}
    topics = compose["topics"]["entrypoint"]
    assert topics[topics.index("--partitions") + 1] == compose["loyalty-api"]["environment"]["PARTITIONS"]


def test_every_place_names_the_same_version_and_the_same_base() -> None:
    version = re.search(r'^version = "(.*)"', (ROOT / "shared" / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    folder = ROOT / "deploy"
    texts = {path: path.read_text() for path in _texts(folder)}
    tags = {tag for text in texts.values() for tag in re.findall(r"rapport/[a-z-]+(?::|, newTag: )(\d[\w.]*)", text)}
    bases = {tag for text in texts.values() for tag in re.findall(r"library/python:([\w.-]+?)(?=[@\s]|$)", text)}
    assert tags == {version[1]}
    assert len(bases) == 1, bases


def _texts(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in (".yaml", "") and path.is_file()]


def test_link_keys_of_the_generator_are_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = ROOT / "deploy" / "kubernetes" / "components" / "generated-keys" / "generate.py"
    wanted = runpy.run_path(str(generator))["wanted"]()
    Links.from_setting(wanted["links"][1]["LINK_KEYS"])
    settings, _ = settings_of("notifier", monkeypatch)
    for name, value in wanted["notifier-keys"][1].items():
        monkeypatch.setenv(name, value)
    settings()
