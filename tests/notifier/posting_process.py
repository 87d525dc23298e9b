"""The courier alone, as a process of its own that tests may kill: `python -m tests.notifier.posting_process`."""

import asyncio

from chassis.runtime import Runtime
from notifier.app import application
from notifier.courier import Courier
from notifier.settings import NotifierSettings


async def main() -> None:
    """Until killed."""
    composed = application()
    assert isinstance(composed.settings, NotifierSettings)
    await Courier(Runtime.of(composed.service, composed.settings), composed.settings).run()


if __name__ == "__main__":
    asyncio.run(main())
