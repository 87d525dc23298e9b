"""Apache Kafka itself, without containers: one KRaft node (broker and controller) on the machine's own Java.

The libraries come from Maven Central once, into the user's cache. Topics are created by the services.
"""

import os
import re
import shutil
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Self

from deploy.local.metadata import answers_metadata
from deploy.local.ports import HOST, free_ports
from deploy.local.processes import Process, ProcessError

KAFKA_VERSION = "4.3.1"
LOGGING_VERSION = "2.25.4"  # of the log4j that this Kafka brings; without it Kafka is silent
JAVA_NEEDED = 17
COPY_LIBRARIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka-libraries</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId>
      <version>{LOGGING_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""
LOGGING = """Configuration:
  Appenders:
    Console:
      name: console
      PatternLayout:
        pattern: "%d %p %c: %m%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        - ref: console
"""


class ApacheKafka:
    """One node; `folder` keeps its data and log over `kill`, `stop` and `start`."""

    idempotent_producer = True

    def __init__(self, folder: Path, port: int | None = None, *, log: Path | None = None) -> None:
        self._folder = folder.absolute()
        self._log = log or self._folder / "kafka.log"
        free, self._controller_port = free_ports(2)
        self._port = port or free
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients; the same after a restart."""
        return f"{HOST}:{self._port}"

    @property
    def process(self) -> Process | None:
        """The Java process; None before the first start."""
        return self._process

    def start(self) -> None:
        """Returns when the broker answers clients, some five seconds later; the first time it fetches Kafka.

        Raises `ProcessError` with the command that helps when Java or Maven is missing.
        """
        if self._process is None:
            self._process = self._prepared()
        self._process.start()
        self._process.wait_until(lambda: answers_metadata(HOST, self._port), timeout_s=90, pause_s=0.1)

    def stop(self) -> None:
        """A controlled shutdown."""
        if self._process is not None:
            self._process.stop(timeout_s=20)

    def kill(self) -> None:
        """SIGKILL, as if it crashed; its data is there after the next `start`."""
        if self._process is not None:
            self._process.kill()

    def _prepared(self) -> Process:
        """Settings and formatted storage in place, and the broker ready to be started."""
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = self._folder / "server.properties"
        settings.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()))
        command = self._java_command()
        if not (self._folder / "data" / "meta.properties").exists():
            # its parser takes a leading dash for an option
            cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
            tool = [
                *command,
                "kafka.tools.StorageTool",
                "format",
                "-t",
                cluster_id,
                "-c",
                str(settings),
                *self._users(),
            ]
            Process("Kafka's storage tool", tool, log=self._folder / "format.log").complete()
        return Process("Apache Kafka", [*command, "kafka.Kafka", str(settings)], log=self._log)

    def _users(self) -> list[str]:
        """Arguments that enter users when the storage is made; here everybody may everything."""
        return []

    def _java_command(self) -> list[str]:
        logging = self._folder / "log4j2.yaml"
        logging.write_text(LOGGING)
        heap = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC"]
        return [java(), *heap, f"-Dlog4j2.configurationFile={logging}", "-cp", f"{libraries()}/*"]

    def _settings(self) -> dict[str, str]:
        controller = f"{HOST}:{self._controller_port}"
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(self._folder / "data"),
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "3",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "3",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "auto.create.topics.enable": "false",
            "log.retention.check.interval.ms": "1000",
        }


def java() -> str:
    """The path of a Java new enough for Kafka. Raises `ProcessError` with the command that installs one."""
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if path is None or _java_version(path) < JAVA_NEEDED:
        raise ProcessError(f"Apache Kafka needs Java {JAVA_NEEDED} or newer: apt-get install openjdk-17-jre-headless")
    return path


def libraries() -> Path:
    """The folder of Kafka's jars, fetched when missing (45 MB). Raises `ProcessError` if that cannot be."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rapport"
    folder = cache / f"kafka-{KAFKA_VERSION}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    """Fetches next to the folder and renames, so that a broken fetch is never mistaken for a whole one."""
    maven = shutil.which("mvn")
    if maven is None:
        raise ProcessError("Apache Kafka is fetched with Maven: apt-get install maven")
    with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
        pom = Path(beside) / "pom.xml"
        pom.write_text(POM)
        jars = Path(beside) / "jars"
        command = [maven, "-B", "-q", "-f", str(pom), COPY_LIBRARIES, "-DincludeScope=runtime"]
        fetch = Process("Maven", [*command, f"-DoutputDirectory={jars}"], log=Path(beside) / "maven.log")
        fetch.complete(timeout_s=900)
        if not folder.exists():
            jars.rename(folder)


def _java_version(path: str) -> int:
    """`java -version` says `openjdk version "17.0.15"` on standard error."""
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False, timeout=30).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0
