"""Asks a Kafka broker one question by hand: which brokers are there? Blocking, so it needs no event loop."""

import socket
import struct

METADATA, VERSION, NO_TOPICS = 3, 1, 0
CLIENT = b"rapport"


def answers_metadata(host: str, port: int, timeout_s: float = 1) -> bool:
    """Whether at least one broker is named, so that clients can work (Kafka protocol, Metadata v1)."""
    head = struct.pack(f">hhih{len(CLIENT)}s", METADATA, VERSION, 1, len(CLIENT), CLIENT)
    request = head + struct.pack(">i", NO_TOPICS)
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.makefile("rb").read(12)  # size, correlation id, number of brokers
    except OSError:
        return False
    return len(answer) == 12 and struct.unpack(">iii", answer)[2] > 0
