"""HTTP of a person's rights: everything that is kept of them, as one document, and being forgotten."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from chassis import decisions, parked
from chassis.access import OPERATE, needs
from chassis.errors import NotFound
from chassis.openapi import answer
from chassis.runtime import Runtime
from chassis.service import Tx
from notifier import people_store, store, suppression_store
from notifier.erasure import Export
from notifier.forgetting import forget
from notifier.messages import Message
from notifier.people import BLANK, Person
from notifier.pseudonyms import address_hash
from notifier.sending import REMEDIES
from notifier.suppressions import Suppression
from notifier.vaults import Vault

Actor = Annotated[
    str,
    Query(
        max_length=128, pattern=r"^(care|service):[\x21-\x7E]+$", description="Who asks: care:<name>, service:<name>"
    ),
]
PORTION = 1_000
_EXAMPLE: dict[str, Any] = {
    "customer_id": "ada",
    "person": {
        "addresses": {"email": "ada@example.org"},
        "given_name": "Ada",
        "locale": "de",
        "consents": {"email:survey": {"given": False, "evidence": "settings page", "said_at": "2026-03-02T08:00:00Z"}},
        "preferences": {"quiet_hours": {"begins": "21:30:00", "ends": "09:00:00"}},
    },
    "messages": [
        {"kind": "order_confirmed", "state": "sent", "intended_at": "2026-03-02T09:00:00Z", "order_id": "o-17",
         "content": {"pieces": 2, "currency": "EUR", "total_minor": 5990}},
    ],
    "decisions": [
        {"at": "2026-03-02T09:00:00Z", "about": "order_confirmed", "outcome": "told", "reason": "allowed"},
    ],
    "suppressions": [
        {"channel": "email", "reach": "everything", "reason": "mailbox_unknown", "since": "2026-03-04T10:00:00Z",
         "evidence": "5.1.1 for message 7c9e6679-7425-50de-944b-e07fc1f90ae7 (mail)"},
    ],
    "not_applied": [],
}  # fmt: skip


class PersonExport(BaseModel):
    """Everything that the notifier holds of one customer. Addresses and names stand here in full."""

    customer_id: str
    person: dict[str, Any] = Field(description="Contacts, consents with their evidence, preferences")
    messages: list[dict[str, Any]] = Field(description="What was said, is to be said, or was left unsaid; oldest first")
    decisions: list[dict[str, Any]] = Field(description="Why; in the order in which it was decided")
    suppressions: list[dict[str, Any]] = Field(
        description="Which of their addresses are not written to, why and since when; kept without the address"
    )
    not_applied: list[dict[str, Any]] = Field(description="What came about them and could not be read or applied")


def routes(runtime: Runtime, vault: Vault) -> APIRouter:
    """Both."""
    router = APIRouter(prefix="/v1/people", tags=["notifier"])

    @router.delete(
        "/{customer_id}", status_code=204,
        summary="Forget a customer, in every service; the same request again changes nothing",
    )  # fmt: skip
    @needs(OPERATE)
    async def erase(customer_id: str, actor: Actor) -> None:
        await forget(runtime, vault, customer_id, actor)

    @router.get(
        "/{customer_id}/export", summary="Everything that is kept of a customer; that it was asked for is written down",
        responses=answer(_EXAMPLE),
    )  # fmt: skip
    @needs(OPERATE)
    async def export(customer_id: str, actor: Actor) -> PersonExport:
        async with runtime.transaction() as tx:
            known = (await people_store.people_and_circumstances_of(tx, vault, [customer_id]))[customer_id]
            if known[0].erased:
                raise NotFound("erased", "This customer asked to be forgotten.")
            found = await _export(tx, runtime, customer_id, known[0])
        if found.person or found.messages or found.decisions or found.not_applied:
            await runtime.command(customer_id, Export(), actor=actor)
            return found
        raise NotFound("no_such_person", "Nobody said anything of this customer.")

    return router


async def _export(tx: Tx, runtime: Runtime, customer_id: str, person: Person) -> PersonExport:
    messages = await _messages(tx, customer_id)
    kinds = {message.message_id: message.kind for message in messages}
    return PersonExport(
        customer_id=customer_id,
        person={} if person == BLANK else msgspec.to_builtins(person),
        messages=[_message(message) for message in messages],
        decisions=[_decision(row, kinds) for row in await _decisions(tx, customer_id)],
        suppressions=await _suppressions(tx, person),
        not_applied=[_parked(row) for row in await parked.waiting_of(tx, runtime.service, customer_id)],
    )


async def _messages(tx: Tx, customer_id: str) -> list[Message]:
    """Oldest first."""
    found: list[Message] = []
    after = None
    while portion := await store.messages_listed(tx, customer_id=customer_id, state=None, after=after, most=PORTION):
        found += portion
        after = store.After(portion[-1].intended_at, portion[-1].message_id)
    return found[::-1]


async def _decisions(tx: Tx, customer_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while portion := await decisions.of_customer(
        tx, customer_id, subject=None, after=found[-1]["decision_id"] if found else 0, most=PORTION
    ):
        found += portion
    return found


async def _suppressions(tx: Tx, person: Person) -> list[dict[str, Any]]:
    """Of the addresses that they have now: only by an address can be found what is kept of it."""
    channels = {address_hash(address): str(channel) for channel, address in person.addresses.items()}
    book = await suppression_store.address_book(tx, channels.keys())
    found = sorted(book.suppressions.values(), key=lambda one: (one.since, one.address_hash, one.reach))
    return [{"channel": channels[one.address_hash], **_suppression(one)} for one in found]


def _suppression(one: Suppression) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.to_builtins(one)
    return {name: value for name, value in said.items() if name != "address_hash" and value is not None}


def _message(message: Message) -> dict[str, Any]:
    """Without what only machines follow."""
    said: dict[str, Any] = msgspec.to_builtins(message)
    shown = {name: value for name, value in said.items() if value is not None and name not in _FOR_MACHINES}
    why = REMEDIES.get(message.reason or "")
    return shown | ({"what_would_have_changed_it": why} if why else {})


def _decision(row: dict[str, Any], kinds: dict[str, str]) -> dict[str, Any]:
    about = kinds.get(row["subject"], row["subject"])
    kept = {name: row[name] for name in ("at", "rule", "outcome", "reason", "detail")}
    return {"about": about, "subject": row["subject"], **kept}


def _parked(waiting: parked.Waiting) -> dict[str, Any]:
    value = waiting.record.value
    return {
        "topic": waiting.record.topic,
        "reason": waiting.reason,
        "said": None if value is None else value.decode(errors="replace"),
    }


_FOR_MACHINES = frozenset({"customer_id", "correlation_id", "traceparent", "priority"})
