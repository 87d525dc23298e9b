"""Which broker a run uses is one setting; a cluster that is there already wins."""

from pathlib import Path

import pytest

from deploy.local.apache import ApacheKafka, java, libraries
from deploy.local.broker import broker, kind_from
from deploy.local.processes import ProcessError
from deploy.local.tansu import Tansu


def test_tansu_is_the_default_and_apache_a_word_away(tmp_path: Path) -> None:
    assert isinstance(broker(kind_from({}), tmp_path, environment={}), Tansu)
    assert isinstance(broker(kind_from({"KAFKA": "apache"}), tmp_path, environment={}), ApacheKafka)


def test_an_unknown_broker_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match="KAFKA=tansu or KAFKA=apache"):
        kind_from({"KAFKA": "rabbit"})


def test_a_cluster_that_is_there_already_wins_and_nothing_is_started(tmp_path: Path) -> None:
    with broker("tansu", tmp_path, environment={"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092"}) as cluster:
        assert cluster.bootstrap == "kafka.example:9092"
        assert cluster.idempotent_producer
        assert cluster.process is None


def test_what_apache_kafka_needs_and_lacks_is_told_as_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    with pytest.raises(ProcessError, match="apt-get install openjdk-17-jre-headless"):
        java()
    with pytest.raises(ProcessError, match="apt-get install maven"):
        libraries()
