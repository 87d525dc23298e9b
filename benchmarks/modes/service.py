"""The service's own worker: its loop, folding and store, as `python -m <service> worker` runs them.

Without relay and HTTP, which are measured by themselves: the modes beside it have none either.
"""

import asyncio
import importlib
import signal

import uvloop

from benchmarks.modes import environment
from chassis import collector
from chassis.application import Application
from chassis.health import Health
from chassis.runtime import Runtime
from chassis.worker import Worker


async def main() -> None:
    """Work until SIGTERM."""
    application: Application = importlib.import_module(f"{environment.SERVICE}.app").application()
    runtime = Runtime.of(application.service, application.settings)
    worker = Worker(runtime, Health())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    collector.settle()
    await worker.run()
    await runtime.close()


if __name__ == "__main__":
    uvloop.run(main())
