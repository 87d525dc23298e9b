"""What customers choose for themselves: what they want to hear, when, in which language; and what follows from it.

Comes from the customer's own page, from one click in their mail program, or from the care team. Which of two answers
holds is decided in `people`; whether a message may be said, in `sending`.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from chassis.errors import Rejected
from chassis.items import Command
from chassis.outcomes import DUPLICATE, Decision, Outcome
from contracts.notifications import PreferenceChanged
from contracts.vocabulary import Channel, Purpose
from notifier.correspondence import Correspondence, look_again
from notifier.messages import Message
from notifier.people import Hours, PartOfDay, Person, Preferences, answered

LINK_PURPOSE = "preferences"
"""What a link to the customer's page is minted for."""
LINK_LASTS = timedelta(days=730)
"""From the mail to the end of its link to the page. One click in the mail program works for ever."""
LONGEST_PAUSE = timedelta(days=366)
LANGUAGES = ("en", "de", "es", "fr", "pt")
"""What can be chosen: the page's languages, and in time those of the messages."""


class Way(StrEnum):
    """How a choice came to us."""

    one_click = "one_click"
    page = "page"
    care = "care"
    complaint = "complaint"


class Choose(Struct, frozen=True, kw_only=True):
    """What a customer chooses from now on. What is not named stays as it is."""

    wanted: dict[Channel, dict[Purpose, bool]] = {}
    language: str | UnsetType | None = UNSET
    """None: as the storefront says."""
    quiet_hours: Hours | UnsetType | None = UNSET
    """None: as the shop usually does."""
    paused_until: datetime | UnsetType | None = UNSET
    channel: Channel | UnsetType | None = UNSET
    """None: as the shop does."""
    hour: PartOfDay | UnsetType | None = UNSET
    """None: whenever there is something."""
    way: Way
    evidence: str
    """How we know, so that it can be shown later."""
    kept: bool = False
    """It had to wait: what was said after it holds."""

    @property
    def answers(self) -> Iterator[tuple[Channel, Purpose, bool]]:
        """What is wanted, one by one."""
        for channel, said in self.wanted.items():
            for purpose, given in said.items():
                yield channel, purpose, given


class Source(NamedTuple):
    """The mail that a link stands in."""

    purpose: Purpose
    message_id: str

    @classmethod
    def of(cls, subject: str) -> "Source":
        """From a link's subject; `Rejected` (bad_link) when it is none of ours."""
        purpose, _, message_id = subject.partition(":")
        if purpose not in Purpose.__members__:
            raise Rejected("bad_link", "This link is not valid. Please open it from the message again.")
        return cls(Purpose(purpose), message_id)


class Withdrawal(NamedTuple):
    """One click that waits until it can be folded: an event of the customer is parked, so nothing of theirs changes."""

    customer_id: str
    purpose: Purpose
    message_id: str
    withdrawn_at: datetime


def channels_of(person: Person, carried: Collection[str] = tuple(Channel)) -> tuple[Channel, ...]:
    """On which they can be reached: with an address of theirs and, of those `carried`, a provider of the shop's."""
    return tuple(channel for channel in Channel if channel in person.addresses and channel in carried)


def offered(person: Person, carried: Collection[str] = tuple(Channel)) -> tuple[Channel, ...]:
    """On which there is something to choose; e-mail for somebody whom nothing reaches yet."""
    return channels_of(person, carried) or (Channel.email,)


def link_subject(message: Message) -> str:
    """What the link in this mail is about: what the mail is for, and which one it is."""
    return f"{message.rules.purpose}:{message.message_id}"


def may_be_left(purpose: Purpose) -> bool:
    """Whether one click in the mail program ends it.

    Not where a mail is about an order or what is wrong with it: who clicks there means the advertising, and would not
    hear of their refund. Mail programs ask for it of promotional mail only. It can be ended on the page, with words.
    """
    return purpose is not Purpose.service


def unsubscription(source: Source, *, kept: bool = False) -> Choose:
    """One click in the mail program (RFC 8058): nothing more for what this mail was for."""
    if not may_be_left(source.purpose):
        raise Rejected("not_by_one_click", "Messages about orders are ended on the page, not by one click.")
    evidence = f"one click on List-Unsubscribe in message {source.message_id}"
    return Choose(wanted={Channel.email: {source.purpose: False}}, way=Way.one_click, evidence=evidence, kept=kept)


def on_choose(account: Correspondence, command: Command[Choose]) -> tuple[Correspondence, Outcome]:
    """Every choice that is new is kept; what waits is decided again at once. DUPLICATE when none is new."""
    until = command.data.paused_until
    if isinstance(until, datetime) and until > command.at + LONGEST_PAUSE:
        raise Rejected("pause_too_long", f"A pause lasts {LONGEST_PAUSE.days} days at most.")
    person, said = _answered(account, command)
    person, chosen = _chosen(person, command.data)
    if person == account.person:
        return account, DUPLICATE
    waiting = [message for message in account.messages.values() if message.waiting and message.reason != "deferred"]
    account, kept = account.with_person(person)
    return account, kept + said + chosen + look_again(sorted(waiting, key=lambda one: one.message_id), command)


def _answered(account: Correspondence, command: Command[Choose]) -> tuple[Person, Outcome]:
    """What they want to hear: said to the shop's other systems too."""
    choice, person, outcome = command.data, account.person, Outcome()
    for channel, purpose, given in choice.answers:
        if choice.kept and person.said_after(command.at, channel, purpose):
            continue
        before, person = person, answered(person, channel, purpose, given, choice.evidence, command.at)
        if person is not before:
            fact = PreferenceChanged(
                customer_id=account.customer_id, occurred_at=command.at, channel=channel, purpose=purpose, wanted=given
            )
            decision = _decision(f"{channel}:{purpose}", "wanted" if given else "unwanted", choice.way)
            outcome += Outcome(facts=(fact,), decisions=(decision,))
    return person, outcome


def _chosen(person: Person, choice: Choose) -> tuple[Person, Outcome]:
    """Language, quiet hours, pause, channel and hour: nobody else's business, so it is not said."""
    named = {name: getattr(choice, name) for name in Preferences.__struct_fields__}
    chosen = {name: value for name, value in named.items() if value is not UNSET}
    preferences = replace(person.preferences, **chosen)
    changed = [name for name in chosen if getattr(preferences, name) != getattr(person.preferences, name)]
    outcomes = {name: "cleared" if chosen[name] is None else "chosen" for name in changed}
    decisions = tuple(_decision(name, outcome, choice.way) for name, outcome in outcomes.items())
    return replace(person, preferences=preferences), Outcome(decisions=decisions)


def _decision(subject: str, outcome: str, way: Way) -> Decision:
    return Decision(subject=subject, rule="preferences", outcome=outcome, reason=str(way))
