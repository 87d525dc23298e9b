"""What one would write without a service: aiosmtplib in a loop, on as many connections, with the same words and seal.

The mail is written by the standard library's email package, as people do; `--our-letters`: by the notifier's own
writer. It keeps nothing: who stops it knows neither what was sent nor what was not.
"""

import asyncio
import signal
import sys
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from itertools import count

import aiosmtplib
import uvloop

from benchmarks.letterbox import address_of, customer_of, message, person
from chassis import collector
from contracts.vocabulary import Channel
from notifier.letters import Letters
from notifier.messages import Message
from notifier.people import Person
from notifier.seals import seal_of
from notifier.settings import NotifierSettings
from notifier.ways import Ways

WAYS = Ways(preferences="http://127.0.0.1:8102/preferences/" + "x" * 200, leaves=True)
"""As long as ours, minted for nobody."""


def _letter(letters: Letters, message: Message, person: Person) -> bytes:
    words, mail = letters.words.compose(message, person, Channel.email, WAYS), EmailMessage(policy=SMTP)
    mail["From"] = Address("Corner & Co", addr_spec="hello@shop.example")
    mail["To"] = Address(person.given_name or "", addr_spec=person.email or "")
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.message_id}@shop.example>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Unsubscribe"] = f"<{WAYS.preferences}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["Content-Language"] = words.locale
    mail["Subject"] = words.subject
    mail.set_content(words.text)
    mail.add_alternative(words.html, subtype="html")
    return mail.as_bytes()


def _our_letter(letters: Letters, message: Message, person: Person) -> bytes:
    return letters.letter(message, person, WAYS)


async def main() -> None:
    """Send until SIGTERM."""
    settings = NotifierSettings()
    letters, seal, numbers = Letters(settings.shop()), seal_of(settings), count()
    write = _our_letter if "--our-letters" in sys.argv[1:] else _letter

    async def send_for_ever() -> None:
        async with aiosmtplib.SMTP(hostname=settings.smtp_host, port=settings.smtp_port) as connection:
            for number in numbers:
                customer_id = customer_of(number)
                mail = write(letters, message(number, datetime.now(UTC)), person(customer_id))
                content = seal.sealed(mail) if seal else mail
                await connection.sendmail(settings.sender_address, [address_of(customer_id)], content)

    collector.settle()
    sending = asyncio.gather(*(send_for_ever() for _ in range(settings.smtp_connections)))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, sending.cancel)
    await asyncio.gather(sending, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(main())
