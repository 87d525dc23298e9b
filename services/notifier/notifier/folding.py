"""Load, fold, save for one customer's correspondence."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeGuard

from msgspec.structs import replace

from chassis.items import Command, Due, Item
from chassis.outcomes import DUPLICATE, NOTHING, Decision, Outcome
from chassis.publishing import events_of
from chassis.service import Folding, Tx
from contracts import Event
from contracts.loyalty import TierLost, TierReached
from contracts.orders import (
    IssueOpened,
    IssueResolved,
    IssueUpdated,
    MilestoneReached,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderShipped,
)
from contracts.storefront import ConsentChanged, ContactReceived, CustomerErased, CustomerUpdated
from notifier import (
    broadcast_store,
    correspondence,
    overdue_store,
    people_store,
    store,
    suppression_store,
    telling_store,
    webhook_store,
)
from notifier.bounces import Arrived, Bounced, Complained, on_refused, on_returned
from notifier.circumstances import Circumstances, Stage
from notifier.correspondence import GREET, SEND, TOLD_BY, CircumstancesRow, Correspondence, PersonRow, look_again
from notifier.deliveries import Delivered, on_delivered
from notifier.erasure import Erase, Export, on_right
from notifier.greetings import ANNIVERSARY, BIRTHDAY, on_greet_due, on_milestone, on_person
from notifier.intentions import intend, intention_of
from notifier.issues import on_issue_resolved, on_issue_said
from notifier.messages import Message, message_id_of
from notifier.people import Person, addresses_of, consented, updated
from notifier.policy import Policy
from notifier.preferences import Choose, on_choose
from notifier.pseudonyms import address_hash
from notifier.sending import REMEDIES
from notifier.suppressions import Lifted, SoftBounce, Suppression
from notifier.telling import on_send_due, on_told_by_due
from notifier.tellings import on_contact
from notifier.vaults import Vault
from notifier.webhooks import owed
from notifier.wishes import Wish, message_id_wished, on_wish

SOURCE = "/rapport/notifier"
"""Of what we say, on Kafka and to webhooks."""
STAGES: dict[Any, Stage] = {
    OrderConfirmed: Stage.confirmed,
    OrderShipped: Stage.shipped,
    OrderDelivered: Stage.delivered,
    OrderCancelled: Stage.cancelled,
}


def folding(policy: Policy, vault: Vault) -> Folding[Correspondence]:
    """The three functions, for a shop with these manners and these keys."""

    def fold(account: Correspondence, item: Item) -> tuple[Correspondence, Outcome]:
        return fold_one(account, item, policy)

    return Folding(load=partial(load, vault), fold=fold, save=partial(save, vault))


def fold_one(account: Correspondence, item: Item, policy: Policy) -> tuple[Correspondence, Outcome]:
    """What one item leads to, with decisions that explain themselves."""
    account, outcome = _folded(account, item, policy)
    if outcome.decisions:
        outcome = replace(outcome, decisions=tuple(explained(one, policy) for one in outcome.decisions))
    return account, outcome


def explained(decision: Decision, policy: Policy) -> Decision:
    """It names the policy that it was taken by, and what would have changed it where there is such a thing."""
    remedy = REMEDIES.get(decision.reason)
    detail = {**decision.detail, "remedy": remedy} if remedy else decision.detail
    return replace(decision, version=policy.version, detail=detail)


def _folded(account: Correspondence, item: Item, policy: Policy) -> tuple[Correspondence, Outcome]:
    """Somebody who was erased is not spoken to and nothing more is kept of them."""
    match item:
        case Command():
            return on_command(account, item, policy)
        case Event(data=CustomerErased()):
            return on_right(account, item)
        case Due(kind=kind) if kind == SEND:
            return on_send_due(account, item, policy)
        case _ if account.person.erased:
            return account, NOTHING
        case Due():
            return _on_due(account, item, policy)
        case Event():
            return _on_event(account, item, policy)
    return account, NOTHING


def _on_event(account: Correspondence, item: Event[Any], policy: Policy) -> tuple[Correspondence, Outcome]:
    match item:
        case Event(data=CustomerUpdated()):
            return on_person_said(account, item, updated(account.person, item.data, item.at), policy)
        case Event(data=ConsentChanged()):
            return on_person_said(account, item, consented(account.person, item.data, item.at), policy)
        case Event(data=ContactReceived()):
            return account, on_contact(item)
        case Event(data=MilestoneReached()):
            return account, on_milestone(account, item, policy)
        case Event(data=IssueOpened() | IssueUpdated()):
            return on_issue_said(account, item)
        case Event(data=IssueResolved()):
            return on_issue_resolved(account, item)
    return on_fact(account, item)


def on_report(account: Correspondence, report: Command[Any], policy: Policy) -> tuple[Correspondence, Outcome]:
    """What became of a mail, at sending or afterwards, and what it says of the address."""
    if not isinstance(report.data, Delivered):
        return on_returned(account, report, policy)
    account, outcome = on_delivered(account, report, policy)
    if outcome.duplicate:
        return account, outcome
    account, counted = on_refused(account, report, policy)
    return account, outcome + counted


def on_command(account: Correspondence, command: Command[Any], policy: Policy) -> tuple[Correspondence, Outcome]:
    """What is reported of a mail, another service asks for, or somebody chooses."""
    match command.data:
        case Delivered() | Bounced() | Complained() | Arrived():
            return on_report(account, command, policy)
        case Erase() | Export():
            return on_right(account, command)
        case Wish():
            return on_wish(account, command)
        case Choose() if not account.person.erased:
            return on_choose(account, command)
    return account, NOTHING


def _on_due(account: Correspondence, due: Due, policy: Policy) -> tuple[Correspondence, Outcome]:
    match due.kind:
        case correspondence.SEND:
            return on_send_due(account, due, policy)
        case correspondence.TOLD_BY:
            return on_told_by_due(account, due, policy)
        case correspondence.GREET:
            return on_greet_due(account, due, policy)
    return account, NOTHING


def on_person_said(
    account: Correspondence, event: Event[Any], person: Person, policy: Policy
) -> tuple[Correspondence, Outcome]:
    """Who the customer is, or what they want to hear. What waited for an address is decided at once."""
    if person is account.person:
        return account, DUPLICATE
    before, waiting = account.person, account.waiting_for("waiting_for_contact")
    account, outcome = account.with_person(person)
    return account, outcome + look_again(waiting, event) + on_person(before, account, event, policy)


def on_fact(account: Correspondence, event: Event[Any]) -> tuple[Correspondence, Outcome]:
    """A fact that is remembered if it is about an order, and may have a message."""
    outcome = NOTHING
    if isinstance(event.data, TierReached | TierLost):
        account, outcome = account.with_circumstances(account.circumstances.with_tier(event.data.tier, event.at))
    stage = STAGES.get(type(event.data))
    if stage is not None:
        facts = account.circumstances.with_order(event.data.order_id, stage)
        account, outcome = account.with_circumstances(facts)
    intention = intention_of(event.data)
    if intention is None:
        return account, outcome
    account, intended = intend(account, intention, event)
    return account, intended + outcome if outcome.rows else intended


async def load(vault: Vault, tx: Tx, items: Sequence[Item]) -> dict[str, Correspondence]:
    """Each customer's person, circumstances, messages not yet ended, and the messages that the items name."""
    customer_ids = sorted({item.customer_id for item in items})
    known = await people_store.people_and_circumstances_of(tx, vault, customer_ids)
    named = sorted({message_id for item in items if (message_id := named_by(item))})
    said_overdue = await overdue_store.said_of(tx, {issue_id for item in items if (issue_id := _told_of(item))})
    messages: dict[str, dict[str, Message]] = {customer_id: {} for customer_id in customer_ids}
    for message in await store.messages_of(tx, customer_ids, named):
        messages[message.customer_id][message.message_id] = message
    returned = {item.data.message_id: item.customer_id for item in items if _is_about_sent(item)}
    for message in await suppression_store.inside_of(tx, returned) if returned else ():
        messages[message.customer_id][message.message_id] = message
    addresses = await suppression_store.address_book(tx, _hashes(known, items), returned)
    return {
        customer_id: Correspondence(
            customer_id=customer_id, person=person, circumstances=circumstances, messages=messages[customer_id],
            addresses=addresses, said_overdue=said_overdue,
        )
        for customer_id, (person, circumstances) in known.items()
    }  # fmt: skip


def _is_about_sent(item: Item) -> TypeGuard[Command[Any]]:
    return isinstance(item, Command) and isinstance(item.data, Delivered | Bounced | Complained | Arrived)


def _hashes(known: Mapping[str, tuple[Person, Circumstances]], items: Sequence[Item]) -> set[bytes]:
    """Of every address that may be decided about while these items are folded: those known, and those they bring."""
    told = (one.data for one in items if isinstance(one, Event) and isinstance(one.data, CustomerUpdated))
    people = [person.addresses for person, _ in known.values()]
    addresses = [*people, *(addresses_of(fact.contacts) for fact in told)]
    return {address_hash(address) for one in addresses for address in one.values()}


def _told_of(item: Item) -> str | None:
    """The issue of which this item may lead to the conclusion that nobody could be told in time."""
    match item:
        case Due(kind=kind, subject=issue_id) if kind == TOLD_BY:
            return issue_id
        case Event(data=IssueOpened(issue_id=issue_id) | IssueUpdated(issue_id=issue_id)):
            return issue_id
    return None


def named_by(item: Item) -> str | None:
    """The message that an item is about, if any."""
    match item:
        case Command(data=Delivered() | Bounced() | Complained() | Arrived() as report):
            message_id: str = report.message_id
            return message_id
        case Command(data=Wish() as wish):
            return message_id_wished(item.customer_id, wish)
        case Due(kind=kind, subject=message_id) if kind == SEND:
            return message_id
        case Due(kind=kind, subject=issue_id) if kind == TOLD_BY:
            return message_id_of(item.customer_id, "issue_opened", issue_id)
        case Due(kind=kind, subject=greeting) if kind == GREET and greeting != BIRTHDAY:
            return message_id_of(item.customer_id, ANNIVERSARY, greeting.partition(" ")[2])
        case Event(data=fact):
            intention = intention_of(fact)
            return message_id_of(item.customer_id, intention.kind, intention.subject) if intention else None
    return None


async def save(vault: Vault, tx: Tx, _: Mapping[str, Correspondence], outcomes: Sequence[tuple[Item, Outcome]]) -> None:
    """Write what changed, each thing once, as it is at the end. Of somebody erased no word stays."""
    people, circumstances, messages = {}, {}, {}
    of_addresses: list[Suppression | SoftBounce | Lifted] = []
    for _item, outcome in outcomes:
        for row in outcome.rows:
            match row:
                case PersonRow():
                    people[row.customer_id] = row.person
                case CircumstancesRow():
                    circumstances[row.customer_id] = row.circumstances
                case Message():
                    messages[row.message_id] = row
                case Suppression() | SoftBounce() | Lifted():
                    of_addresses.append(row)
    await people_store.keep_people(tx, vault, people)
    await people_store.keep_circumstances(tx, circumstances)
    await store.keep_messages(tx, list(messages.values()))
    await suppression_store.keep(tx, of_addresses)
    await telling_store.keep(tx, [row for _, outcome in outcomes for row in outcome.rows])
    await suppression_store.forget_mailed_of(tx, [one for one, person in people.items() if person.erased])
    await store.blank_messages(tx, [customer_id for customer_id, person in people.items() if person.erased])
    await webhook_store.forget(tx, {one for one, person in people.items() if person.erased})
    await _owe_webhooks(tx, outcomes)
    await broadcast_store.begin(tx, sorted({one.broadcast_id for one in messages.values() if one.broadcast_id}))


async def _owe_webhooks(tx: Tx, outcomes: Sequence[tuple[Item, Outcome]]) -> None:
    """What was heard and said goes to those who want it, in the transaction that it became true in."""
    heard = [item for item, outcome in outcomes if isinstance(item, Event) and not outcome.duplicate]
    if not heard and not any(outcome.facts for _, outcome in outcomes):
        return
    if endpoints := await webhook_store.enabled(tx):
        await webhook_store.owe(tx, owed([*heard, *events_of(SOURCE, outcomes)], endpoints))
