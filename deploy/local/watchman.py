"""Ends what its parent started when the parent is gone, however it went: SIGKILL and crashes included.

A program of its own (standard library only). It reads `watch PID SIGNAL` and `forget PID` lines from standard
input; the other end of that pipe closes when the parent dies. PIDs are leaders of process groups. Unlike
Linux's parent-death signal this reaches grandchildren, and works on macOS.
"""

import os
import signal
import sys
import time

GRACE_S = 5.0


def watch() -> None:
    """Returns when nothing that was watched is left."""
    watched: dict[int, int] = {}
    for line in sys.stdin:
        word, *numbers = line.split()
        if word == "watch":
            watched[int(numbers[0])] = int(numbers[1])
        else:
            watched.pop(int(numbers[0]), None)
    _end(watched)


def _end(watched: dict[int, int]) -> None:
    for leader, number in watched.items():
        _signal(leader, number)
    deadline = time.monotonic() + GRACE_S
    while any(_signal(leader, 0) for leader in watched) and time.monotonic() < deadline:
        time.sleep(0.02)
    for leader in watched:
        _signal(leader, signal.SIGKILL)


def _signal(leader: int, number: int) -> bool:
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    watch()
