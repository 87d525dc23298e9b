"""Which Kafka broker a run uses: embedded Tansu, a real Apache Kafka started here, or a cluster that is there already.

`KAFKA=tansu|apache` chooses; `KAFKA_BOOTSTRAP_SERVERS` names a cluster and wins. Creates no topics.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol, Self

from deploy.local.apache import ApacheKafka
from deploy.local.processes import Process
from deploy.local.tansu import Tansu

Kind = Literal["tansu", "apache"]


class Broker(Protocol):
    """What a run and a test need to know of a broker."""

    @property
    def bootstrap(self) -> str:
        """`host:port` (or several, by comma) for clients."""

    @property
    def idempotent_producer(self) -> bool:
        """Whether producers may ask for idempotence; only the embedded broker refuses."""

    @property
    def process(self) -> Process | None:
        """The child that is the broker; None when it is not ours."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def start(self) -> None:
        """Returns when the broker answers clients."""

    def stop(self) -> None:
        """Ends it in good order."""

    def kill(self) -> None:
        """Ends it by SIGKILL."""


class ExistingCluster:
    """A cluster that somebody else runs; we neither start nor end it."""

    idempotent_producer = True
    process = None

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to end."""

    def kill(self) -> None:
        """Nothing to end."""


def kind_from(environment: Mapping[str, str] = os.environ) -> Kind:
    """What `KAFKA` says; raises `ValueError` for a broker that we do not know."""
    match environment.get("KAFKA", "tansu"):
        case "tansu" | "":
            return "tansu"
        case "apache":
            return "apache"
        case other:
            raise ValueError(f"KAFKA={other} is not known; choose KAFKA=tansu or KAFKA=apache")


def broker(
    kind: Kind,
    folder: Path,
    port: int | None = None,
    *,
    log: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Broker:
    """A broker that is not started yet. `folder` takes its files; without `port` a free one is taken."""
    if bootstrap := environment.get("KAFKA_BOOTSTRAP_SERVERS"):
        return ExistingCluster(bootstrap)
    return Tansu(folder, port, log=log) if kind == "tansu" else ApacheKafka(folder, port, log=log)
