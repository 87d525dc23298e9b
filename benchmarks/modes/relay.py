"""The outbox relay alone."""

import asyncio
import importlib
import signal

import uvloop

from benchmarks.modes import environment
from chassis import collector
from chassis.application import Application
from chassis.relay import Relay
from chassis.runtime import Runtime


async def main() -> None:
    """Publish until SIGTERM."""
    application: Application = importlib.import_module(f"{environment.SERVICE}.app").application()
    runtime = Runtime.of(application.service, application.settings)
    relay = Relay(runtime)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, relay.stop)
    collector.settle()
    await relay.run()
    await runtime.close()


if __name__ == "__main__":
    uvloop.run(main())
