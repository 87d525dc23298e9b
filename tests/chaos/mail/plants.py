"""Bugs that are planted into the notifier, so that the harness is seen to notice them."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from notifier import handing_store, letters, streams
from notifier.deliveries import Result
from notifier.kinds import KINDS
from notifier.mail import Answer
from notifier.reports import Reports
from tests.chaos.laying import lay


def everything_again() -> None:
    """What nobody knows of is said again, whatever it is."""
    for name, kind in KINDS.items():
        KINDS[name] = type(kind)(
            **{field: getattr(kind, field) for field in kind.__struct_fields__} | {"goes_again": True}
        )


def another_name() -> None:
    """Each attempt is a mail of its own."""
    write = letters.Letters.letter

    def letter(self: Any, *arguments: Any, **named: Any) -> Any:
        mail = write(self, *arguments, **named)
        return re.sub(rb"(?m)^Message-ID: .*?\r$", f"Message-ID: <{uuid4()}@shop.example>\r".encode(), mail, count=1)

    lay(letters.Letters, "letter", letter)


def claimed_before_sent() -> None:
    """It is said to be sent before it is."""
    answer = streams.Stream._answer

    async def sent(self: Any, message: Any, *rest: Any) -> Any:
        async with Reports(self._runtime, self._settings) as reports:
            reports.add(message, Answer(Result.accepted))
        return await answer(self, message, *rest)

    lay(streams.Stream, "_answer", sent)


def zombies_go_on() -> None:
    """Whoever took a message in hand sends it, however long ago that was."""

    note = handing_store.begin

    async def begin(tx: Any, messages: Any, *rest: Any) -> set[str]:
        await note(tx, messages, *rest)
        return {message.message_id for message in messages}

    lay(handing_store, "begin", begin)


PLANTS: dict[str, Callable[[], None]] = {
    "everything-again": everything_again,
    "another-name": another_name,
    "claimed-before-sent": claimed_before_sent,
    "zombies-go-on": zombies_go_on,
}
