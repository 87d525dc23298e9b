"""The simulated shop is believable, repeatable, and says nothing that breaks a contract."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from contracts.storefront import (
    CancelledBy,
    ContactReceived,
    CustomerUpdated,
    LineSubstituted,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    PaymentFailed,
    ShipmentCreated,
    ShipmentProgressed,
    ShipmentStatus,
)
from contracts.vocabulary import OrderLine
from storefront.saying import Said, event_of, record_of
from storefront.simulation.orders import Fate
from storefront.simulator import FIRST_DAY, Shop

SEEDS = (1, 7, 2026)
SHOPS = {seed: Shop(seed) for seed in SEEDS}
SAID = {seed: list(shop.events()) for seed, shop in SHOPS.items()}

every_seed = pytest.mark.parametrize("seed", SEEDS)


def test_the_same_seed_is_the_same_shop() -> None:
    assert list(Shop(7).events()) == SAID[7]


def test_another_seed_is_another_shop() -> None:
    openings = [tuple(SAID[seed][:50]) for seed in SEEDS]

    assert len(set(map(repr, openings))) == len(SEEDS)


def test_what_was_asked_before_changes_nothing() -> None:
    shop = Shop(7)
    orders = [(story.customer_id, story.order_id) for story in SHOPS[7].stories()]
    backwards = [shop.answer_of(*order) for order in reversed(orders)]

    assert backwards[::-1] == [SHOPS[7].answer_of(*order) for order in orders]
    assert list(shop.events()) == SAID[7]


def test_a_longer_shop_begins_like_a_shorter_one() -> None:
    short = {story.order_id: story.said for story in Shop(7, weeks=1).stories()}
    long = {story.order_id: story.said for story in Shop(7, weeks=2).stories()}

    assert short.items() <= long.items()


@every_seed
def test_every_fact_can_be_read_by_a_service(seed: int) -> None:
    for said in SAID[seed]:
        record_of(event_of(said, "/storefronts/test"))


@every_seed
def test_facts_are_said_in_the_order_of_time(seed: int) -> None:
    assert all(before.said_at <= after.said_at for before, after in pairwise(SAID[seed]))


@every_seed
def test_nothing_is_said_before_it_happened(seed: int) -> None:
    assert all(said.said_at >= _happened_at(said) for said in SAID[seed])


def _happened_at(said: Said) -> datetime:
    fact = said.fact
    moment = fact.placed_at if isinstance(fact, OrderPlaced) else getattr(fact, "occurred_at", None)
    assert isinstance(moment, datetime)
    return moment


@every_seed
def test_six_weeks_are_600_to_1000_orders_of_customers_who_come_back(seed: int) -> None:
    truth = SHOPS[seed].truth()

    assert 600 <= truth.orders <= 1_000
    assert truth.customers < 0.75 * truth.orders
    assert max(Counter(story.customer_id for story in SHOPS[seed].stories()).values()) >= 5


@every_seed
def test_troubles_are_common_enough_to_matter_and_rare_enough_to_be_believed(seed: int) -> None:
    truth = SHOPS[seed].truth()
    smooth = truth.fates[Fate.smooth] / truth.orders

    assert 0.06 <= truth.late / truth.delivered <= 0.18
    assert 0.5 <= smooth <= 0.75
    assert 0.92 <= truth.delivered / (truth.orders - truth.cancelled) <= 1
    assert 0.05 <= truth.contacts / truth.orders <= 0.25
    assert set(truth.fates) == set(Fate)


def test_truth_agrees_with_what_was_said() -> None:
    truth, said = SHOPS[7].truth(), SAID[7]
    kinds = Counter(type(each.fact) for each in {repr(each): each for each in said}.values())

    assert truth.facts == len(said)
    assert (truth.orders, truth.cancelled) == (kinds[OrderPlaced], kinds[OrderCancelled])
    assert (truth.customers, truth.refunds) == (kinds[CustomerUpdated], kinds[OrderRefunded])


@every_seed
def test_lanes_differ_in_speed(seed: int) -> None:
    days: dict[str, list[float]] = defaultdict(list)
    for story in SHOPS[seed].stories():
        if story.delivered_at is not None and story.order.fate is Fate.smooth:
            taken = story.delivered_at - story.order.placed_at
            days[story.order.person.place.country].append(taken / timedelta(days=1))

    assert sum(days["DE"]) / len(days["DE"]) + 1 < sum(days["ES"]) / len(days["ES"])


@every_seed
def test_nights_are_quieter_than_evenings(seed: int) -> None:
    hours = Counter(said.said_at.hour for said in SAID[seed] if isinstance(said.fact, OrderPlaced))

    assert sum(hours[hour] for hour in (1, 2, 3)) * 5 < sum(hours[hour] for hour in (18, 19, 20))


@every_seed
def test_nobody_gets_more_back_than_they_paid(seed: int) -> None:
    paid: dict[str, int] = {}
    returned: Counter[str] = Counter()
    for story in SHOPS[seed].stories():
        paid |= {line.line_id: line.paid_minor for line in story.order.lines}
        for fact in {repr(each): each.fact for each in story.said}.values():
            if isinstance(fact, OrderRefunded):
                returned.update({line.line_id: line.amount_minor for line in fact.lines})

    assert returned
    assert all(amount <= paid[line_id] for line_id, amount in returned.items())


@every_seed
def test_reality_is_dirty(seed: int) -> None:
    stories = list(SHOPS[seed].stories())

    assert any(len(set(map(repr, story.said))) < len(story.said) for story in stories), "said twice"
    assert any(_delivered_before_picked_up(story.said) for story in stories)
    assert any(_scanned_before(story.said, ShipmentCreated) for story in stories)
    assert any(_scanned_before(story.said, OrderPaid) for story in stories)


def _delivered_before_picked_up(said: list[Said]) -> bool:
    heard = {each.fact.status: each.said_at for each in said if isinstance(each.fact, ShipmentProgressed)}
    return heard.get(ShipmentStatus.picked_up, FIRST_DAY) > heard.get(
        ShipmentStatus.delivered, datetime.max.replace(tzinfo=FIRST_DAY.tzinfo)
    )


def _scanned_before(said: list[Said], kind: type[ShipmentCreated | OrderPaid]) -> bool:
    scans = [each.said_at for each in said if isinstance(each.fact, ShipmentProgressed)]
    return any(scan < each.said_at for scan in scans for each in said if isinstance(each.fact, kind))


@every_seed
def test_a_wrong_colour_is_only_seen_in_the_parcel(seed: int) -> None:
    for story in SHOPS[seed].stories():
        shipped = [each.fact for each in story.said if isinstance(each.fact, ShipmentCreated)]
        differs = any(
            line.variant not in (None, _ordered(story.order.lines, line.line_id).variant)
            for shipment in shipped
            for line in shipment.lines
        )
        agreed = any(isinstance(each.fact, LineSubstituted) and each.fact.agreed for each in story.said)
        assert not differs or agreed or story.order.fate is Fate.wrong_variant


def _ordered(lines: tuple[OrderLine, ...], line_id: str) -> OrderLine:
    return next(line for line in lines if line.line_id == line_id)


@every_seed
def test_promises_are_mostly_days_and_sometimes_moments(seed: int) -> None:
    promises = [story.order.promised_by for story in SHOPS[seed].stories()]
    days = sum(len(promise) == len("2026-03-02") for promise in promises)

    assert 0.7 < days / len(promises) < 1


@every_seed
def test_those_who_waited_are_less_happy(seed: int) -> None:
    shop = SHOPS[seed]
    scores: dict[bool, list[int]] = {True: [], False: []}
    for story in shop.stories():
        answer = shop.answer_of(story.customer_id, story.order_id)
        if answer is not None and story.delivered_at is not None:
            assert 0 <= answer.score <= 10
            scores[bool(story.late_by)].append(answer.score)

    assert sum(scores[True]) / len(scores[True]) + 2 < sum(scores[False]) / len(scores[False])


def test_somebody_never_answers_and_nobody_answers_for_another() -> None:
    stories = list(SHOPS[7].stories())
    answers = [SHOPS[7].answer_of(story.customer_id, story.order_id) for story in stories]

    assert None in answers
    assert SHOPS[7].answer_of(stories[0].customer_id, stories[1].order_id) is None
    assert SHOPS[7].answer_of("nobody", "nothing") is None


def test_a_customer_is_found_by_address() -> None:
    person = next(SHOPS[7].stories()).order.person

    assert person.address.endswith("@example.org")
    assert SHOPS[7].customer_at(person.address.upper()) == person.customer_id
    assert SHOPS[7].customer_at("somebody@example.net") is None


def test_addresses_are_nobody_else_s() -> None:
    people = {story.customer_id: story.order.person.address for story in SHOPS[7].stories()}

    assert len(set(people.values())) == len(people)


def test_the_last_delivered_order_depends_on_when_one_asks() -> None:
    shop = SHOPS[7]
    story = next(each for each in shop.stories() if each.delivered_at)
    assert story.delivered_at is not None

    assert shop.last_delivered_order(story.customer_id, story.order.placed_at - timedelta(days=90)) is None
    assert shop.last_delivered_order(story.customer_id) is not None
    assert shop.last_delivered_order("nobody") is None


@every_seed
def test_who_worries_writes_while_there_is_something_to_worry_about(seed: int) -> None:
    wrote = {"payment": 0, "refund": 0, "where_is_my_order": 0}
    for story in SHOPS[seed].stories():
        facts = [said.fact for said in story.said]
        for contact in (fact for fact in facts if isinstance(fact, ContactReceived) and fact.topic in wrote):
            wrote[str(contact.topic)] += 1
            if contact.topic == "payment":
                failed = min(fact.occurred_at for fact in facts if isinstance(fact, PaymentFailed))
                ends = [fact.occurred_at for fact in facts if isinstance(fact, OrderPaid | OrderCancelled)]
                assert failed < contact.occurred_at < max(ends)
            elif contact.topic == "refund":
                assert contact.occurred_at < max(one.occurred_at for one in facts if isinstance(one, OrderRefunded))
            else:
                assert story.order.placed_at < contact.occurred_at < (story.ended_at or contact.occurred_at)
    assert min(wrote["payment"], wrote["where_is_my_order"]) > 0


def test_payment_that_never_comes_ends_the_order() -> None:
    story = next(each for each in SHOPS[7].stories() if each.order.fate is Fate.payment_abandoned)
    ends = [each.fact.by for each in story.said if isinstance(each.fact, OrderCancelled)]

    assert ends == [CancelledBy.payment]
    assert story.parcels == 0


def test_the_size_is_a_knob_and_the_start_is_free() -> None:
    shop = Shop(7, weeks=2, orders_per_day=50, start=date(2025, 11, 24))
    orders = [said.fact.placed_at for said in shop.events() if isinstance(said.fact, OrderPlaced)]

    assert 600 < len(orders) < 1_000
    assert min(orders).date() >= date(2025, 11, 23)
