"""What one would write without a service: aiosmtplib in a loop, on as many connections, with the same words and seal.

It keeps nothing: who stops it knows neither what was sent nor what was not.
"""

import asyncio
import signal
from datetime import UTC, datetime
from itertools import count

import aiosmtplib
import uvloop

from benchmarks.letterbox import address_of, customer_of, message, person
from chassis import collector
from notifier.letters import Letters
from notifier.seals import seal_of
from notifier.settings import NotifierSettings
from notifier.ways import Ways

WAYS = Ways(preferences="http://127.0.0.1:8102/preferences/" + "x" * 200, leaves=True)
"""As long as ours, minted for nobody."""


async def main() -> None:
    """Send until SIGTERM."""
    settings = NotifierSettings()
    letters, seal, numbers = Letters(settings.shop()), seal_of(settings), count()

    async def send_for_ever() -> None:
        async with aiosmtplib.SMTP(hostname=settings.smtp_host, port=settings.smtp_port) as connection:
            for number in numbers:
                customer_id = customer_of(number)
                mail = letters.letter(message(number, datetime.now(UTC)), person(customer_id), WAYS)
                content = seal.sealed(mail) if seal else mail
                await connection.sendmail(settings.sender_address, [address_of(customer_id)], content)

    collector.settle()
    sending = asyncio.gather(*(send_for_ever() for _ in range(settings.smtp_connections)))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, sending.cancel)
    await asyncio.gather(sending, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(main())
