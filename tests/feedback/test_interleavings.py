"""Topics overtake each other and repeat themselves; who is asked, when and why does not depend on it."""

from datetime import datetime
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import Event
from contracts.feedback import SurveyDue
from contracts.storefront import ContactReceived
from feedback.customers import Customer, InvitationState
from tests.feedback.shop import (
    Life,
    cancelled,
    confirmed,
    contacted,
    day,
    delivered,
    erased,
    lived,
    opened,
    refunded,
    resolved,
    sent,
    telling_failed,
)

END = 150
HOURS = st.integers(0, 24 * 20).map(lambda hours: hours / 24)


@st.composite
def orders(draw: st.DrawFn, order_id: str) -> list[Event[Any]]:
    """What may happen to one order, as the orders topic says it."""
    begins = draw(st.integers(0, 24 * 70)) / 24
    arrives = begins + draw(HOURS)
    told = arrives + draw(st.sampled_from([0, 0, 0.25, 2, 6]))
    events = [confirmed(order_id, at=begins), delivered(order_id, at=arrives, heard=told, late=draw(st.booleans()))]
    for number in range(draw(st.integers(0, 2))):
        issue_id = f"{order_id}-{number}"
        opens = begins + draw(HOURS)
        events.append(opened(order_id, issue_id, at=opens))
        if draw(st.booleans()):
            events.append(resolved(order_id, issue_id, at=opens + draw(HOURS)))
    if draw(st.booleans()):
        amount_minor = draw(st.sampled_from([2_500, 5_000]))
        events.append(refunded(order_id, f"{order_id}-r", at=begins + draw(HOURS), amount_minor=amount_minor))
    if draw(st.integers(0, 4)) == 0:
        events.append(cancelled(order_id, at=begins + draw(HOURS)))
    return events


@st.composite
def contacts(draw: st.DrawFn) -> list[Event[Any]]:
    """When the customer wrote, as the customers topic says it; some are heard of late."""
    days = draw(st.lists(st.integers(0, 24 * 90), max_size=4))
    late = draw(st.sampled_from([0.0, 0.5]))
    return [contacted(f"c{number}", at=hours / 24, heard=hours / 24 + late) for number, hours in enumerate(days)]


Topics = list[list[Event[Any]]]


@st.composite
def topics(draw: st.DrawFn) -> Topics:
    """The two topics that carry time, each in its own order, and one that flows back."""
    said = [event for order_id in ("o1", "o2", "o3") for event in draw(orders(order_id))]
    wrote = draw(contacts())
    back = [telling_failed("o1-0", at=draw(HOURS)), sent("unknown", at=draw(HOURS))]
    return [sorted(events, key=lambda event: event.at) for events in (said, wrote, back)]


def told_in_time(all_topics: Topics) -> Life:
    return lived(*(event for events in all_topics for event in events), until=END)


def told_as_it_comes(draw: st.DataObject, all_topics: Topics) -> Life:
    """Topics in any interleaving, with repetitions; a deadline fires once all that was said until then is folded."""
    life, places, heard = Life(), [0] * len(all_topics), list[Event[Any]]()
    while open_topics := [n for n, events in enumerate(all_topics) if places[n] < len(events)]:
        number = draw.draw(st.sampled_from(open_topics))
        event = all_topics[number][places[number]]
        places[number] += 1
        heard.append(event)
        life.take([event], before=heard_until(all_topics, places))
        if draw.draw(st.integers(0, 3)) == 0:
            life.take([draw.draw(st.sampled_from(heard))], before=heard_until(all_topics, places))
    return life.take([], before=day(END))


def heard_until(all_topics: Topics, places: list[int]) -> datetime:
    """The time of the next event that is still to come; what flows back carries no time."""
    waiting = [events[place].at for events, place in zip(all_topics[:2], places, strict=False) if place < len(events)]
    return min(waiting, default=day(END))


def told(life: Life) -> tuple[object, ...]:
    surveys = sorted((at, d.subject, d.outcome, d.reason) for at, d in life.decisions if d.rule == "survey")
    return life.asked(), surveys, known(life.customer)


def known(customer: Customer) -> tuple[object, ...]:
    return customer.orders, customer.contacts, customer.invitations, customer.cases


@settings(max_examples=150, deadline=None)
@given(topics(), st.data())
def test_any_interleaving_and_repetition_asks_the_same_customers_at_the_same_moments(
    all_topics: Topics, draw: st.DataObject
) -> None:
    assert told(told_as_it_comes(draw, all_topics)) == told(told_in_time(all_topics))


@settings(max_examples=100, deadline=None)
@given(topics(), st.randoms(use_true_random=False))
def test_after_an_outage_the_same_customers_are_asked(all_topics: Topics, random: Any) -> None:
    """Everything is folded at once, deadlines afterwards: the farthest that events can run ahead of deadlines."""
    order = [number for number, events in enumerate(all_topics) for _ in events]
    random.shuffle(order)
    streams = [iter(events) for events in all_topics]
    life = Life().take([next(streams[number]) for number in order], before=day(-90))
    assert told(life.take([], before=day(END))) == told(told_in_time(all_topics))


@settings(max_examples=100, deadline=None)
@given(topics(), st.integers(0, 90), st.data())
def test_who_is_forgotten_is_never_asked_again(all_topics: Topics, forgotten: int, draw: st.DataObject) -> None:
    all_topics[1] = sorted([*all_topics[1], erased(at=forgotten)], key=lambda event: event.at)
    life = told_as_it_comes(draw, all_topics)
    assert not any(invitation.waits for invitation in life.customer.invitations.values())
    assert not life.deadlines
    assert all(at <= day(forgotten) for at in life.asked().values())


@settings(max_examples=100, deadline=None)
@given(topics())
def test_what_is_asked_is_allowed(all_topics: Topics) -> None:
    """Said once more without the rules: nobody is asked twice in 90 days, with an issue open, or just after writing."""
    life = told_in_time(all_topics)
    moments = sorted(life.asked().values())
    assert all((later - earlier).days >= 90 for earlier, later in pairwise(moments))
    for moment in moments:
        assert not any(i.opened_at <= moment and (i.resolved_at or day(END)) > moment for i in life.customer.issues())
        wrote = [event for event in all_topics[1] if isinstance(event.data, ContactReceived) and event.at <= moment]
        assert not any((moment - event.data.occurred_at).days < 2 for event in wrote)
    states = [invitation.state for invitation in life.customer.invitations.values()]
    assert states.count(InvitationState.asked) == len(life.said(SurveyDue))
