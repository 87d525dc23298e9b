"""People who buy: what the storefront says of them, and what they and the care team get to see.

A shopper's days begin at 0, at the first midnight (UTC) after everything that happened in the house before.
"""

import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from contracts import Fact
from contracts.storefront import (
    Contact,
    CustomerUpdated,
    OrderPaid,
    OrderPlaced,
    ShipmentCreated,
    ShipmentProgressed,
    ShipmentStatus,
)
from contracts.vocabulary import Channel, Destination, OrderLine
from storefront.forms import form_of
from tests.journeys.house import House
from tests.running import rows

LINK = re.compile(r"https?://\S+/s/[A-Za-z0-9._~%-]+")


class Shopper:
    """One customer of a house."""

    def __init__(self, house: House, customer_id: str) -> None:
        self.house = house
        self.customer_id = customer_id
        self.address = f"{customer_id}@example.org"
        self.begins = house.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

    def at(self, day: int, hour: float = 12) -> datetime:
        """A moment of this shopper's story, UTC."""
        return self.begins + timedelta(days=day, hours=hour)

    def day(self, day: int) -> str:
        """A bare date, as shops promise it."""
        return self.at(day).date().isoformat()

    # --- what the shop says ---

    async def says(self, fact: type[Fact], day: int, hour: float = 12, **said: Any) -> str:
        """One fact about this customer, said when it happened; the event's id."""
        moment = self.at(day, hour)
        said.setdefault("placed_at" if fact is OrderPlaced else "occurred_at", moment)
        return await self.house.say(fact(customer_id=self.customer_id, **said), moment)

    async def signs_up(self, *, zone: str = "Europe/Berlin", day: int = 0, hour: float = 8) -> None:
        """The shop knows how to reach them."""
        contact = Contact(channel=Channel.email, address=self.address)
        await self.says(CustomerUpdated, day, hour, contacts=(contact,), given_name="Ada", zone=zone)

    async def orders(
        self, order_id: str, *lines: OrderLine, day: int = 0, hour: float = 10, paid: bool = True, **said: Any
    ) -> str:
        """Something is bought, and paid at once if nothing else is said; the id of the event."""
        bought = lines or (line("socks", 40_00),)
        total_minor = sum(one.paid_minor for one in bought)
        placed = await self.says(
            OrderPlaced, day, hour, order_id=order_id, lines=bought, total_minor=total_minor, currency="EUR", **said
        )
        if paid:
            await self.says(OrderPaid, day, hour + 0.1, order_id=order_id, amount_minor=total_minor)
        return placed

    async def is_sent(self, order_id: str, *, day: int, parcel: str = "", **said: Any) -> None:
        """A parcel is packed and picked up on one day."""
        shipment_id = parcel or f"{order_id}-parcel"
        await self.says(ShipmentCreated, day, 9, order_id=order_id, shipment_id=shipment_id, **said)
        await self.scan(order_id, ShipmentStatus.picked_up, day, 15, parcel=shipment_id)

    async def scan(
        self, order_id: str, status: ShipmentStatus, day: int, hour: float = 12, *, parcel: str = ""
    ) -> None:
        """The carrier sees a parcel."""
        shipment_id = parcel or f"{order_id}-parcel"
        await self.says(ShipmentProgressed, day, hour, order_id=order_id, shipment_id=shipment_id, status=status)

    async def receives(self, order_id: str, *, day: int, hour: float = 12, parcel: str = "") -> None:
        """The parcel is there."""
        await self.scan(order_id, ShipmentStatus.delivered, day, hour, parcel=parcel)

    async def time_is(self, day: int, hour: float = 0) -> None:
        """The whole house has come to this moment of the story."""
        await self.house.time_is(self.at(day, hour))

    # --- what the customer sees ---

    def mails(self) -> list[EmailMessage]:
        """What lies in their mailbox, in the order in which it came."""
        return [mail for mail in self.house.postbox.mails if self.address in mail["To"]]

    async def told(self) -> list[str]:
        """What each of their mails says, by its kind: in the order of their dates, those of one moment by name."""
        query = "select message_id, kind from messages where customer_id = :c"
        found = await rows(self.house.runtimes["notifier"], query, c=self.customer_id)
        kinds = {row["message_id"]: row["kind"] for row in found}
        said = [(mail["Date"].datetime, mail["Message-ID"].strip("<>").partition("@")[0]) for mail in self.mails()]
        return [kind for _, kind in sorted((moment, kinds[message_id]) for moment, message_id in said)]

    async def answers(self, score: int, comment: str = "") -> None:
        """They open the link of their last mail and fill in the form, as a browser does."""
        body: Any = self.mails()[-1].get_body(("plain",))
        link = LINK.search(body.get_content())
        assert link, "the last mail has no link to a page"
        pages = self.house.clients["feedback"]
        page = await pages.get(link.group().rstrip("."))
        form = form_of(page.text, str(page.url))
        assert page.is_success, page.text
        assert form, "the page has no form"
        content = form.filled(str(score), comment)
        assert content is not None
        assert (await pages.post(form.url, data=content)).is_success

    async def points(self) -> tuple[int, int, str]:
        """Available and pending points, and the tier."""
        member = await self.house.ask("loyalty", f"/v1/members/{self.customer_id}")
        return member["available_points"], member["pending_points"], member["tier"]

    # --- what the care team sees ---

    async def decisions(self, service: str, rule: str | None = None) -> list[str]:
        """What a service decided about them, as `outcome: reason`, in order; of all rules `rule: outcome: reason`."""
        page = await self.house.ask(service, f"/v1/customers/{self.customer_id}/decisions?limit=200")
        found = [row for row in page["data"] if rule in (None, row["rule"])]
        return [("" if rule else f"{row['rule']}: ") + f"{row['outcome']}: {row['reason']}" for row in found]

    async def decided_at(self, service: str, rule: str, reason: str) -> list[datetime]:
        """When a service decided something for this reason."""
        page = await self.house.ask(service, f"/v1/customers/{self.customer_id}/decisions?limit=200")
        found = [row for row in page["data"] if (row["rule"], row["reason"]) == (rule, reason)]
        return [datetime.fromisoformat(row["at"]) for row in found]

    async def issues(self, order_id: str) -> dict[str, str]:
        """The issues of an order: kind and how it ended, or open."""
        page = await self.house.ask("orders_listener", f"/v1/issues?order_id={order_id}")
        return {issue["kind"]: issue.get("resolution") or "open" for issue in page["data"]}

    async def customer(self) -> dict[str, Any]:
        """What their orders add up to."""
        return dict(await self.house.ask("orders_listener", f"/v1/customers/{self.customer_id}"))

    async def cases(self) -> list[dict[str, Any]]:
        """Their cases, the first first."""
        page = await self.house.ask("feedback", "/v1/cases")
        return [case for case in reversed(page["data"]) if case["customer_id"] == self.customer_id]

    async def invitation(self, order_id: str) -> dict[str, Any]:
        """The question about an order."""
        page = await self.house.ask("feedback", f"/v1/invitations?customer_id={self.customer_id}")
        return next(dict(one) for one in page["data"] if one["order_id"] == order_id)


def line(line_id: str, paid_minor: int, quantity: int = 1, **said: Any) -> OrderLine:
    """A line of an order; `paid_minor` for all its pieces."""
    return OrderLine(
        line_id=line_id, sku=line_id.upper(), title=line_id.title(), quantity=quantity,
        unit_price_minor=paid_minor // quantity, paid_minor=paid_minor, **said,
    )  # fmt: skip


ABROAD = Destination(country="US", zone="America/New_York")
