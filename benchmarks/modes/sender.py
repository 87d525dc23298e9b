"""The notifier's sender alone: what its worker does beside consuming, as `python -m notifier worker` runs it.

Without relay and HTTP, which are measured by themselves.
"""

import asyncio
import signal

import uvloop

from chassis import collector
from chassis.runtime import Runtime
from notifier.app import application


async def main() -> None:
    """Send until SIGTERM; what is in hand then is finished and reported."""
    composed = application()
    runtime = Runtime.of(composed.service, composed.settings)
    tasks = [asyncio.ensure_future(task(runtime)) for task in composed.background]
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: [task.cancel() for task in tasks])
    collector.settle()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    await runtime.close()
    for error in ended:
        if not isinstance(error, asyncio.CancelledError) and isinstance(error, BaseException):
            raise error


if __name__ == "__main__":
    uvloop.run(main())
