"""Are the manifests what Kubernetes and the operators understand? Strictly: what a schema does not know is an error."""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from deploy.inspection.manifests import Manifest, read
from deploy.inspection.tools import CACHE, KINDS, binary, schemas

VERSIONS = ("1.33", "1.35", "1.37")
"""Of Kubernetes. Older than 1.33 does not know all that we say."""
OWN = KINDS / "own"
"""Where no registry has an operator's schema: what we use of it, written from its reference."""


def of_kubernetes(texts: dict[str, str]) -> Iterator[str]:
    """What is wrong, by each version; every manifest is looked at once."""
    manifests = _different(text for text in texts.values())
    native = [one for one in manifests if _is_native(one)]
    file = CACHE / "native.yaml"
    file.write_text(yaml.safe_dump_all(native))
    for version in VERSIONS:
        command = [str(binary("kubernetes-validate")), "--strict", "-k", version, "--quiet", str(file)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode or ended.stdout.strip():  # a kind that it does not know is only a warning to it
            yield f"Kubernetes {version}: {ended.stdout}{ended.stderr}"


def of_operators(texts: dict[str, str]) -> Iterator[str]:
    """What is wrong in custom resources, and which of them nobody knows."""
    known = validators()
    for manifest in _different(texts.values()):
        if _is_native(manifest):
            continue
        place = f"{manifest['kind']} {manifest['metadata']['name']}"
        validator = known.get((manifest["apiVersion"], manifest["kind"]))
        if validator is None:
            yield f"{place}: no schema of {manifest['apiVersion']}"
        else:
            yield from (
                f"{place}: {error.json_path}: {error.message[:300]}" for error in validator.iter_errors(manifest)
            )


def validators() -> dict[tuple[str, str], Draft202012Validator]:
    """By API version and kind."""
    found = {}
    for path in [*schemas(), *sorted(OWN.glob("*.yaml"))]:
        for definition in read(path.read_text()):
            group, kind = definition["spec"]["group"], definition["spec"]["names"]["kind"]
            for version in definition["spec"]["versions"]:
                strict = _strict(version["schema"]["openAPIV3Schema"])
                strict["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
                found[f"{group}/{version['name']}", kind] = Draft202012Validator(strict)
    return found


def _strict(schema: Any) -> Any:
    """The same, without room for what it does not name: Kubernetes would drop that without a word."""
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: _strict(part) for name, part in schema.items()}
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" and not open_ended:
        strict["additionalProperties"] = False
    return strict


def _is_native(manifest: Manifest) -> bool:
    """Whether Kubernetes knows it by itself."""
    group = manifest["apiVersion"].rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def _different(texts: Iterable[str]) -> list[Manifest]:
    """Every manifest once, however many builds have it."""
    found: defaultdict[str, Manifest] = defaultdict(dict)
    for text in texts:
        for manifest in read(text):
            found[json.dumps(manifest, sort_keys=True)] = manifest
    return list(found.values())
