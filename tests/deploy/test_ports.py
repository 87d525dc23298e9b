"""A port that cannot be used is named with the setting that moves it, before anything starts."""

import socket
from dataclasses import astuple

import pytest

from deploy.local.ports import HOST, PortError, Ports, free_port, is_free


def test_each_port_can_be_moved_by_its_setting() -> None:
    ports = Ports.from_environment({"LOYALTY_PORT": "9103", "KAFKA_PORT": ""})

    assert (ports.loyalty, ports.notifier, ports.kafka) == (9103, 8102, 8192)


@pytest.mark.parametrize("text", ["eighty", "0", "70000", "-1", "²"])
def test_what_is_no_port_is_refused_by_name(text: str) -> None:
    with pytest.raises(PortError, match=f"NOTIFIER_PORT={text}"):
        Ports.from_environment({"NOTIFIER_PORT": text})


def test_every_taken_port_is_named_with_its_setting() -> None:
    with socket.socket() as one, socket.socket() as two:
        for listener in (one, two):
            listener.bind((HOST, 0))
            listener.listen()
        ports = Ports(feedback=one.getsockname()[1], kafka=two.getsockname()[1])

        with pytest.raises(PortError) as refusal:
            ports.check(["feedback", "kafka"])

    assert f"port {ports.feedback} is taken; choose another with FEEDBACK_PORT=" in str(refusal.value)
    assert f"port {ports.kafka} is taken; choose another with KAFKA_PORT=" in str(refusal.value)


def test_one_port_for_two_parts_is_refused() -> None:
    port = free_port()

    with pytest.raises(PortError, match=f"LOYALTY_PORT={port} is also NOTIFIER_PORT"):
        Ports(notifier=port, loyalty=port).check(["notifier", "loyalty"])


def test_free_ports_are_free_and_different() -> None:
    ports = astuple(Ports.free())

    assert len(set(ports)) == len(ports)
    assert all(is_free(port) for port in ports)
