"""HTTP of the notifier: what was said, held or left unsaid, and why."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from chassis.access import READ, WRITE, needs
from chassis.errors import NotFound, Rejected
from chassis.openapi import answer
from chassis.pagination import PAGE_SIZE, Page, decode_cursor, encode_cursor
from chassis.runtime import Runtime
from chassis.service import Tx
from chassis.web import Transaction
from contracts.vocabulary import Channel, Purpose
from notifier import examples, overdue_store, people_store, store, telling_store
from notifier.messages import Message, State
from notifier.overdue import JUST_ABOUT_TO, WAITING_FOR_FACTS, Waiting
from notifier.people import BLANK, Person, masked, masked_on
from notifier.policy import Policy
from notifier.schemas import (
    PREFERENCES,
    ConsentBody,
    KindToldBody,
    MessageBody,
    PersonBody,
    PolicyBody,
    PreferencesBody,
    PreferencesIn,
    ToldBody,
    TroubledBody,
    WaitingBody,
)
from notifier.sending import REMEDIES
from notifier.vaults import Vault

Moment = Annotated[AwareDatetime | None, Query(description="Of what happened from then on, or before then")]


def routes(runtime: Runtime, policy: Policy, vault: Vault) -> APIRouter:
    """All of them."""
    router = APIRouter(prefix="/v1", tags=["notifier"])

    @router.get("/messages", summary="Messages, newest first", responses=answer(examples.MESSAGES))
    @needs(READ)
    async def list_messages(
        tx: Transaction,
        customer_id: str | None = None,
        state: State | None = None,
        cursor: Annotated[str | None, Query(max_length=500)] = None,
    ) -> Page[MessageBody]:
        found = await store.messages_listed(
            tx, customer_id=customer_id, state=state, after=_place(cursor), most=PAGE_SIZE + 1
        )
        page = found[:PAGE_SIZE]
        more = encode_cursor(page[-1].intended_at.isoformat(), page[-1].message_id) if len(found) > PAGE_SIZE else None
        waiting = await _waiting(tx, runtime, page)
        return Page(data=[_message_body(one, waiting.get(one.message_id)) for one in page], next_cursor=more)

    @router.get(
        "/messages/{message_id}",
        summary="What became of a message, and what would have changed it",
        responses=answer(examples.MESSAGE),
    )
    @needs(READ)
    async def show_message(message_id: str, tx: Transaction) -> MessageBody:
        found = await store.messages_of(tx, [], [message_id])
        if not found:
            raise NotFound("no_such_message", "There is no such message.")
        waiting = await _waiting(tx, runtime, found)
        return _message_body(found[0], waiting.get(message_id))

    @router.get(
        "/people/{customer_id}",
        summary="How a customer may be reached (masked), and what they allow",
        responses=answer(examples.PERSON),
    )
    @needs(READ)
    async def show_person(customer_id: str, tx: Transaction) -> PersonBody:
        return _person_body(customer_id, await _person(tx, vault, customer_id))

    @router.get(
        "/people/{customer_id}/preferences", summary="What a customer wants to hear, when, and in which language",
        responses=answer(PREFERENCES),
    )  # fmt: skip
    @needs(READ)
    async def show_preferences(customer_id: str, tx: Transaction) -> PreferencesBody:
        return PreferencesBody.of(customer_id, await _remembered(tx, vault, customer_id))

    @router.put(
        "/people/{customer_id}/preferences", summary="Write down what a customer told somebody of the care team",
        responses=answer(PREFERENCES),
    )  # fmt: skip
    @needs(WRITE)
    async def put_preferences(customer_id: str, body: PreferencesIn) -> PreferencesBody:
        async with runtime.transaction() as tx:
            person = await _remembered(tx, vault, customer_id)
        await runtime.command(customer_id, body.choice(person), actor="care")
        async with runtime.transaction() as tx:
            return PreferencesBody.of(customer_id, await _remembered(tx, vault, customer_id))

    @router.get(
        "/told",
        summary="Share of issues told, told in time, and told before the customer asked",
        responses=answer(examples.TOLD),
    )
    @needs(READ)
    async def told(tx: Transaction, since: Moment = None, until: Moment = None) -> ToldBody:
        return ToldBody(
            **await store.telling(tx, since, until),
            orders=TroubledBody(**await telling_store.orders(tx, since, until)),
            kinds=[_kind_body(row) for row in await telling_store.kinds(tx, since, until)],
        )

    @router.get("/policy", summary="The rules of courtesy, as they are in force", responses=answer(examples.POLICY))
    @needs(READ)
    async def running_policy() -> PolicyBody:
        return PolicyBody.of(policy)

    return router


def _kind_body(row: dict[str, Any]) -> KindToldBody:
    p50_s, p95_s, p99_s = row["percentiles"] or (None, None, None)
    return KindToldBody(kind=row["kind"], issues=row["issues"], told=row["told"], p50_s=p50_s, p95_s=p95_s, p99_s=p99_s)


async def _person(tx: Tx, vault: Vault, customer_id: str) -> Person:
    person, _ = (await people_store.people_and_circumstances_of(tx, vault, [customer_id]))[customer_id]
    if person == BLANK:
        raise NotFound("no_such_person", "Nobody said who this customer is.")
    return person


async def _remembered(tx: Tx, vault: Vault, customer_id: str) -> Person:
    person = await _person(tx, vault, customer_id)
    if person.erased:
        raise NotFound("erased", "This customer asked to be forgotten.")
    return person


def _place(cursor: str | None) -> store.After | None:
    match decode_cursor(cursor):
        case None:
            return None
        case (str(intended_at), str(message_id)):
            return store.After.of(intended_at, message_id)
    raise Rejected("bad_cursor", "The cursor is not one of ours; start again without it.")


async def _waiting(tx: Tx, runtime: Runtime, messages: Sequence[Message]) -> dict[str, Waiting]:
    """Of these messages those that should have been decided, and what that waits for."""
    undecided = [message.message_id for message in messages if message.waiting]
    if not undecided:
        return {}
    moments = await overdue_store.clocks(tx, runtime.settings, datetime.now(UTC) - JUST_ABOUT_TO)
    return await overdue_store.waiting(tx, moments, undecided)


def _message_body(message: Message, waiting: Waiting | None) -> MessageBody:
    names = MessageBody.model_fields.keys() - {"waiting"}
    said = {name: getattr(message, name) for name in names if hasattr(message, name)}
    said["reason"] = WAITING_FOR_FACTS if waiting else message.reason
    awaited = WaitingBody(since=waiting.since, awaited=waiting.awaited, detail=waiting.detail) if waiting else None
    remedy = REMEDIES.get(said["reason"] or "")
    return MessageBody(**said, purpose=message.rules.purpose, remedy=remedy, waiting=awaited)


def _person_body(customer_id: str, person: Person) -> PersonBody:
    consents = []
    for key, consent in sorted(person.consents.items()):
        channel, _, purpose = key.partition(":")
        consents.append(
            ConsentBody(
                channel=Channel(channel),
                purpose=Purpose(purpose),
                given=consent.given,
                evidence=consent.evidence,
                said_at=consent.said_at,
            )
        )
    name = person.given_name
    return PersonBody(
        customer_id=customer_id, erased=person.erased, email=masked(person.email),
        addresses={channel: masked_on(channel, address) for channel, address in person.addresses.items()},
        given_name=f"{name[0]}***" if name else None, locale=person.locale, zone=person.zone, consents=consents,
    )  # fmt: skip
