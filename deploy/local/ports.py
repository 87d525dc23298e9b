"""Which port each part of the local stack listens on, and whether it is free. Holds no port open."""

import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HOST = "127.0.0.1"


class PortError(RuntimeError):
    """A port cannot be used; the message names the environment variable to change."""


@dataclass(frozen=True, slots=True)
class Ports:
    """One port per part; `Ports.from_environment` lets `<PART>_PORT` move each."""

    orders_listener: int = 8101
    notifier: int = 8102
    loyalty: int = 8103
    feedback: int = 8104
    mailbox_smtp: int = 8125
    mailbox_web: int = 8126
    kafka: int = 8192

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Ports":
        """Defaults, moved by `ORDERS_LISTENER_PORT` … `KAFKA_PORT`. `PortError` for what is no port."""
        named = {part: environment.get(setting(part)) for part in cls.__slots__}
        return cls(**{part: _number(setting(part), text) for part, text in named.items() if text})

    @classmethod
    def free(cls) -> "Ports":
        """Ports that nothing listens on at this moment: for tests."""
        return cls(**dict(zip(cls.__slots__, free_ports(len(cls.__slots__)), strict=True)))

    def check(self, parts: Iterable[str]) -> None:
        """Raises one `PortError` that names every taken or doubled port among `parts` and its setting."""
        seen: dict[int, str] = {}
        problems = []
        for part in parts:
            port = getattr(self, part)
            if port in seen:
                problems.append(f"{setting(part)}={port} is also {setting(seen[port])}")
            elif not is_free(port):
                problems.append(f"port {port} is taken; choose another with {setting(part)}=…")
            seen.setdefault(port, part)
        if problems:
            raise PortError("\n".join(problems))


def setting(part: str) -> str:
    """The environment variable that moves the port of `part`."""
    return f"{part.upper()}_PORT"


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """`count` different ports that nothing listens on at this moment."""
    listeners = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for listener in listeners:
            listener.bind((HOST, 0))
        return [listener.getsockname()[1] for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


def _number(name: str, text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise PortError(f"{name}={text} is not a port; give a number from 1 to 65535")
