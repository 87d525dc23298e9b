"""The manifests as Kubernetes would get them: every overlay, and base with components in every pair. Judges nothing."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from deploy.inspection.tools import CACHE, REPOSITORY, binary

KUBERNETES = REPOSITORY / "deploy" / "kubernetes"
OVERLAYS = tuple(sorted(folder.name for folder in (KUBERNETES / "overlays").iterdir()))
LAST = "release"
"""Writes the version behind the names of what the others bring."""
COMPONENTS = (
    "keda", "hpa", "ingress", "external-secrets", "monitoring", "strimzi", "cloudnative-pg", "generated-keys",
    "mailbox", "topics",
)  # fmt: skip
"""In the order in which an overlay names them."""
CONTRADICTIONS = ({"generated-keys", "external-secrets"}, {"topics", "strimzi"})
"""Two ways of doing the same thing."""

Manifest = dict[str, Any]


class Unbuildable(Exception):
    """Kustomize refuses; says why."""


def text_of(folder: Path) -> str:
    """What `kubectl kustomize` prints. Raises `Unbuildable`."""
    kubectl = str(binary("kubectl"))
    ended = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Unbuildable(f"{folder}: {ended.stderr.strip()}")
    return ended.stdout


def read(text: str) -> list[Manifest]:
    """Every document in it."""
    return [found for found in yaml.load_all(text, _Loader) if found]


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def everything() -> dict[str, str]:
    """By name, every overlay, the bare base, and base with one component and with two. Raises `Unbuildable`."""
    places = dict(_places())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(places, pool.map(text_of, places.values()), strict=True))


def _places() -> Iterator[tuple[str, Path]]:
    for overlay in OVERLAYS:
        yield overlay, KUBERNETES / "overlays" / overlay
    yield "base", KUBERNETES / "base"
    yield "base + release", _combined(LAST)
    for component in COMPONENTS:
        yield f"base + {component}", _combined(component, LAST)
    for pair in combinations(COMPONENTS, 2):
        if set(pair) not in CONTRADICTIONS:
            yield f"base + {' + '.join(pair)}", _combined(*pair, LAST)


def _combined(*components: str) -> Path:
    """A folder with a kustomization of base and these."""
    folder = CACHE / "combinations" / "-".join(components)
    folder.mkdir(parents=True, exist_ok=True)
    up = os.path.relpath(KUBERNETES, folder)
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "rapport",
        "resources": [f"{up}/base"],
        "components": [f"{up}/components/{name}" for name in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(content))
    return folder
