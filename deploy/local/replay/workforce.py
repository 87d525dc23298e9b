"""More workers than one per service, and a hand that kills them without warning while they work."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

from deploy.local.ports import free_ports
from deploy.local.processes import Process
from deploy.local.stack import REPOSITORY, Stack


@contextmanager
def more_workers(stack: Stack, each: int) -> Iterator[list[Process]]:
    """So many workers for each service of a started stack; gives all of them, the stack's own first."""
    extra = [
        _worker(stack, service, number, port)
        for service in stack.services
        for number, port in enumerate(free_ports(each - 1), start=2)
    ]
    try:
        for worker in extra:
            worker.start()
        yield [*stack.services.values(), *extra]
    finally:
        for worker in extra:
            worker.stop()


def _worker(stack: Stack, service: str, number: int, port: int) -> Process:
    name = f"{service}-worker-{number}"
    return Process(
        name,
        [sys.executable, "-m", service, "worker"],
        log=stack.log(name),
        environment=stack.environment_of(service, port),
        folder=REPOSITORY,
    )


async def kill_in_turn(workers: list[Process], every_s: float) -> None:
    """SIGKILL one after the other and start it again, until cancelled."""
    for worker in cycle(workers):
        await asyncio.sleep(every_s)
        worker.kill()
        worker.start()
