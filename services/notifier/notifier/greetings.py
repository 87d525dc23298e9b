"""Birthdays, and anniversaries of the first order: on the person's own day, at an hour of the shop's, once a year.

Owns on which day a greeting is, when it is due, and that nobody has two of them. Whether it may be said is decided like
everything else (`sending`): it is advertising, so only for people who said that they want it, and it waits for peace.
A birthday's deadline sets itself anew for the next year whenever it comes; of an anniversary the orders-listener tells.
"""

from datetime import date, datetime, timedelta, tzinfo

from msgspec.structs import replace

from chassis.items import Due, Item
from chassis.outcomes import NOTHING, ClearDeadline, Decision, Outcome, SetDeadline
from contracts import Event
from contracts.orders import Milestone, MilestoneReached
from notifier.correspondence import GREET, Correspondence
from notifier.courtesy import midnight_after, on_clock
from notifier.intentions import Intention, intend
from notifier.people import Person, zone_of
from notifier.policy import Greetings, Policy

BIRTHDAY = "birthday"
ANNIVERSARY = "anniversary"
APART = timedelta(days=180)
"""From one birthday greeting to the next at least: whoever corrects 31 December to 1 January was greeted already."""
WORTH_DAYS = 2
"""It is worth saying until the end of the next day: what waits so long comes too late."""


def on_person(before: Person, account: Correspondence, item: Item, policy: Policy) -> Outcome:
    """When the next birthday is, if day or place of it changed."""
    person = account.person
    if (before.birthday, before.zone) == (person.birthday, person.zone):
        return NOTHING
    if person.birthday is None:
        return Outcome(deadlines=(ClearDeadline(GREET, BIRTHDAY),))
    due_at = birthday_after(person.birthday, item.at, _zone(person, policy), policy.greetings, today_too=True)
    return Outcome(deadlines=(SetDeadline(GREET, BIRTHDAY, due_at),))


def on_milestone(account: Correspondence, event: Event[MilestoneReached], policy: Policy) -> Outcome:
    """A year, or some, since the first order: greeted at the hour of that day, or at once where it is later already."""
    fact = event.data
    if fact.milestone is not Milestone.anniversary:
        return NOTHING
    day = fact.occurred_at.astimezone(policy.zone).date()
    due_at = max(event.at, on_clock(day, policy.greetings.hour, _zone(account.person, policy)))
    return Outcome(deadlines=(SetDeadline(GREET, f"{ANNIVERSARY} {fact.number}", due_at),))


def on_greet_due(account: Correspondence, due: Due, policy: Policy) -> tuple[Correspondence, Outcome]:
    """The moment for a greeting has come."""
    if due.subject == BIRTHDAY:
        return _on_birthday(account, due, policy)
    if not policy.greetings.anniversary:
        return account, _off(due)
    number = int(due.subject.partition(" ")[2])
    return _greet(account, due, policy, ANNIVERSARY, str(number), {"years": number})


def _on_birthday(account: Correspondence, due: Due, policy: Policy) -> tuple[Correspondence, Outcome]:
    person, zone = account.person, _zone(account.person, policy)
    if person.birthday is None:
        return account, NOTHING
    today = due.at.astimezone(zone).date()
    next_at = birthday_after(person.birthday, due.at, zone, policy.greetings)
    again = Outcome(deadlines=(SetDeadline(GREET, BIRTHDAY, next_at),))
    if day_in(person.birthday, today.year, policy.greetings) != today:
        return account, again  # it was set by another policy
    if not policy.greetings.birthday:
        return account, _off(due) + again
    if person.greeted_on is not None and (person.greeted_on.year == today.year or today - person.greeted_on < APART):
        return account, again
    account, greeted = account.with_person(replace(person, greeted_on=today))
    account, outcome = _greet(account, due, policy, BIRTHDAY, str(today.year), {})
    return account, outcome + greeted + again


def _greet(
    account: Correspondence, due: Due, policy: Policy, kind: str, subject: str, content: dict[str, int]
) -> tuple[Correspondence, Outcome]:
    until = midnight_after(due.at, _zone(account.person, policy), WORTH_DAYS)
    return intend(account, Intention(kind=kind, subject=subject, expires_at=until, content=content), due)


def _off(due: Due) -> Outcome:
    kind = due.subject.partition(" ")[0]
    return Outcome(decisions=(Decision(subject=kind, rule="greeting", outcome="not_told", reason="greetings_off"),))


def day_in(birthday: date, year: int, greetings: Greetings) -> date:
    """The day on which it is kept in that year. The 29th of February is kept as the shop says where a year has none."""
    try:
        return birthday.replace(year=year)
    except ValueError:
        return date(year, *greetings.in_common_years)


def birthday_after(
    birthday: date, moment: datetime, zone: tzinfo, greetings: Greetings, *, today_too: bool = False
) -> datetime:
    """The next greeting later than `moment`; with `today_too` at once on the day itself, when its hour is over."""
    today = moment.astimezone(zone).date()
    if today_too and day_in(birthday, today.year, greetings) == today:
        return max(moment, on_clock(today, greetings.hour, zone))
    years = (today.year, today.year + 1)
    days = (day_in(birthday, year, greetings) for year in years)
    return next(on_clock(day, greetings.hour, zone) for day in days if day > today)


def _zone(person: Person, policy: Policy) -> tzinfo:
    return zone_of(person.zone) or policy.zone
