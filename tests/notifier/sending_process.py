"""The sender alone, as a process of its own that tests may kill: `python -m tests.notifier.sending_process`."""

import asyncio

from chassis.runtime import Runtime
from notifier.app import application
from notifier.sender import Sender
from notifier.settings import NotifierSettings


async def main() -> None:
    """Until killed."""
    composed = application()
    assert isinstance(composed.settings, NotifierSettings)
    await Sender(Runtime.of(composed.service, composed.settings), composed.settings).run()


if __name__ == "__main__":
    asyncio.run(main())
