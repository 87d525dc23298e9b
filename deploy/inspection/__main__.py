"""`make check-deploy`: installs what it needs, then looks at all of deploy/ that needs no cluster.

Every check runs, whatever the others found; each is shown with its seconds. Ends with 1 when anything was found.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator

from deploy.inspection import linters, schemas, tools
from deploy.inspection.manifests import Unbuildable, everything

Check = Callable[[], Iterable[str]]


def main() -> int:
    """The exit code."""
    began_s = time.monotonic()
    try:
        _timed("tools", _install)
    except tools.ToolMissing as missing:
        sys.stdout.write(f"{missing}\n")
        return 1
    built: dict[str, str] = {}

    def build() -> Iterator[str]:
        try:
            built.update(everything())
        except Unbuildable as refused:
            yield str(refused)

    found = _timed("kubectl kustomize", build)
    if found:
        return 1
    checks: dict[str, Check] = {
        f"kubernetes-validate {', '.join(schemas.VERSIONS)}": lambda: schemas.of_kubernetes(built),
        "custom resources": lambda: schemas.of_operators(built),
        "checkov": lambda: linters.checkov(built),
        "kube-score": lambda: linters.kube_score(built),
        "hadolint": linters.hadolint,
        "alert rules": linters.alert_rules,
        "docker-compose config": linters.compose,
    }
    failed = [name for name, check in checks.items() if _timed(name, check)]
    said = f"found something: {', '.join(failed)}" if failed else f"{len(built)} builds, nothing found"
    sys.stdout.write(f"{said} ({time.monotonic() - began_s:.0f} s)\n")
    return 1 if failed else 0


def _install() -> Iterable[str]:
    tools.install()
    return ()


def _timed(name: str, check: Check) -> bool:
    """Whether it found something; what it found is shown."""
    began_s = time.monotonic()
    found = list(check())
    sys.stdout.write(f"{'FOUND' if found else 'ok':6}{name} ({time.monotonic() - began_s:.0f} s)\n")
    sys.stdout.writelines(f"{one}\n" for one in found)
    sys.stdout.flush()
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
