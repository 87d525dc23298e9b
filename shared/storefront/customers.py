"""The simulated customers at their mailboxes: they find the question in a mail, open the page and answer, or not.

They use what a person has: the mail, the link and the form. Their answers are drawn by the shop, whatever we wrote.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any

import httpx

from storefront.forms import Form, form_of
from storefront.simulation.answers import Answer
from storefront.simulator import Shop

SURVEY_LINK = re.compile(r"https?://\S+/s/[A-Za-z0-9._~%-]+")
ORDER_HEADER = "x-rapport-order"

Mail = Mapping[str, Any]
"""One message of the local mailbox: `to` (an address or several), `text`, `headers`."""


@dataclass(slots=True)
class Counts:
    """What the customers did with their mails."""

    read: int = 0
    asked: int = 0
    """Mails with a link to a survey."""
    silent: int = 0
    """Asked, and never answered: by habit, or because it was not about an order of theirs."""
    answered: int = 0
    refused: int = 0
    """The page did not take the answer: gone, answered already, or no form."""


class Customers:
    """All customers of one simulated shop. `client` must follow redirects as a browser does."""

    def __init__(self, shop: Shop, client: httpx.AsyncClient) -> None:
        self.counts = Counts()
        self._shop = shop
        self._client = client
        self._waiting: list[tuple[datetime, int, str, Answer]] = []

    def read(self, mail: Mail, at: datetime) -> None:
        """Read one mail at a simulated moment; an answer is given later, by `answer`."""
        self.counts.read += 1
        link = SURVEY_LINK.search(mail["text"])
        if link is None:
            return
        self.counts.asked += 1
        answer = self._answer_to(mail, at)
        if answer is None:
            self.counts.silent += 1
            return
        answered_at = at + timedelta(hours=answer.delay_hours)
        heappush(self._waiting, (answered_at, self.counts.asked, link.group().rstrip("."), answer))

    async def answer(self, until: datetime | None = None) -> int:
        """Give the answers that are due by a simulated moment (all of them without one); returns how many counted."""
        before = self.counts.answered
        while self._waiting and (until is None or self._waiting[0][0] <= until):
            *_, link, answer = heappop(self._waiting)
            if await self._fill_in(link, answer):
                self.counts.answered += 1
            else:
                self.counts.refused += 1
        return self.counts.answered - before

    def _answer_to(self, mail: Mail, at: datetime) -> Answer | None:
        customer_id = self._reader_of(mail)
        if customer_id is None:
            return None
        order_id = _header(mail, ORDER_HEADER) or self._shop.last_delivered_order(customer_id, at)
        return None if order_id is None else self._shop.answer_of(customer_id, order_id)

    def _reader_of(self, mail: Mail) -> str | None:
        to = mail["to"]
        addresses = [to] if isinstance(to, str) else to
        return next(filter(None, map(self._shop.customer_at, addresses)), None)

    async def _fill_in(self, link: str, answer: Answer) -> bool:
        page = await self._client.get(link)
        form = form_of(page.text, str(page.url)) if page.is_success else None
        return form is not None and await self._post(form, answer)

    async def _post(self, form: Form, answer: Answer) -> bool:
        content = form.filled(str(answer.score), answer.comment)
        return content is not None and (await self._client.post(form.url, data=content)).is_success


def _header(mail: Mail, name: str) -> str | None:
    headers: Mapping[str, str] = mail.get("headers", {})
    return next((value.strip() for key, value in headers.items() if key.lower() == name), None)
