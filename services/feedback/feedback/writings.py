"""What customers answer to our messages: somebody reads it, in a case, beside what they had been told.

Owns their words until they ask to be forgotten. What else they write to the shop is the business of whoever it was
written to: only that they did is remembered (`experience`).
"""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from chassis.outcomes import Outcome
from contracts.storefront import ContactReceived
from feedback import experience
from feedback.cases import Folded, case_id_of, open_case
from feedback.customers import CaseCause, Customer
from feedback.policy import Policy


class Writing(Struct, frozen=True, kw_only=True):
    """One answer, as it came."""

    contact_id: str
    case_id: str
    in_reply_to: str
    occurred_at: datetime
    topic: str | None = None
    by_addressee: bool | None = None
    """Whether it says that it comes from the address that our message went to; nobody has proved that."""
    text: str | None = None
    story: dict[str, Any] | None = None
    """What the notifier knew of the order then (contracts.stories)."""


def on_contact(customer: Customer, fact: ContactReceived, said_at: datetime, policy: Policy) -> Folded:
    """Remembered; and what answers one of our messages goes to the open case of its order, or opens one."""
    customer, remembered = experience.on_contact_received(customer, fact, said_at)
    if remembered.duplicate or fact.in_reply_to is None or customer.erased_at is not None:
        return customer, remembered
    customer, case_id, outcome = _case_for(customer, fact, said_at, policy)
    story: dict[str, Any] | None = msgspec.to_builtins(fact.story) if fact.story else None
    writing = Writing(
        contact_id=fact.contact_id, case_id=case_id, in_reply_to=fact.in_reply_to, occurred_at=fact.occurred_at,
        topic=fact.topic, by_addressee=fact.by_addressee, text=fact.text, story=story,
    )  # fmt: skip
    return customer, remembered + outcome + Outcome(rows=(writing,))


def _case_for(
    customer: Customer, fact: ContactReceived, said_at: datetime, policy: Policy
) -> tuple[Customer, str, Outcome]:
    cares = (case for case in customer.cases.values() if case.resolved_at is None and case.order_id == fact.order_id)
    known = min(cares, key=lambda case: (case.opened_at, case.case_id), default=None)
    if known is not None:
        return customer, known.case_id, Outcome()
    customer, outcome = open_case(customer, CaseCause.reply, fact.contact_id, fact.order_id, said_at, policy)
    return customer, case_id_of(CaseCause.reply, fact.contact_id), outcome
