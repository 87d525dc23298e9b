"""Makes the Secrets that an evaluation needs, unless they are there. Runs in the cluster, on Python alone.

Never changes and never reads a Secret: it may only create them. Prints names, not contents.
"""

import base64
import json
import os
import secrets
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path

ACCOUNT = Path(os.environ.get("ACCOUNT", "/run/secrets/kubernetes.io/serviceaccount"))
SERVICES = ("orders-listener", "feedback", "loyalty", "notifier")
OPAQUE, BASIC = "Opaque", "kubernetes.io/basic-auth"
"""The second is what CloudNativePG wants for a role."""
TIMEOUT_S = 30


def wanted() -> dict[str, tuple[str, dict[str, str]]]:
    """By name, every Secret: its type and new contents."""
    found = {
        "links": (OPAQUE, {"LINK_KEYS": f"first:{secrets.token_hex(32)}"}),
        "notifier-keys": (OPAQUE, {"NOTIFIER_MASTER_KEYS": f"first:{_key()}", "NOTIFIER_ADDRESS_KEY": _key()}),
    }
    return found | {f"{service}-database": (BASIC, _role(service.replace("-", "_"))) for service in SERVICES}


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _role(name: str) -> dict[str, str]:
    """A role, and the same as the address of its database; over TLS."""
    password = secrets.token_urlsafe(32)
    url = f"postgresql+asyncpg://{name}:{password}@postgres-rw:5432/{name}?ssl=require"
    return {"username": name, "password": password, "url": url}


def create(name: str, kind: str, contents: dict[str, str]) -> bool:
    """Whether it was made; False when it was there. Raises `HTTPError` for everything else."""
    place = f"/api/v1/namespaces/{(ACCOUNT / 'namespace').read_text()}/secrets"
    secret = {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": {"name": name}, "stringData": contents}
    request = urllib.request.Request(
        os.environ.get("KUBERNETES", "https://kubernetes.default.svc") + place,
        data=json.dumps(secret).encode(),
        headers={"content-type": "application/json", "authorization": f"Bearer {(ACCOUNT / 'token').read_text()}"},
    )
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT_S, context=_trust()).close()
    except urllib.error.HTTPError as error:
        if error.code == 409:  # Conflict: it is there
            return False
        raise
    return True


def _trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ACCOUNT / "ca.crt")


if __name__ == "__main__":
    for name, (kind, contents) in wanted().items():
        sys.stdout.write(f"{name}: {'made' if create(name, kind, contents) else 'is there'}\n")
