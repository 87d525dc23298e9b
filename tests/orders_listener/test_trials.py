"""What another policy would have done: recorded timelines folded again, in memory."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from chassis.items import Command
from chassis.runtime import Runtime
from chassis.sequence import fold_sequence
from contracts import Event, Fact
from contracts.vocabulary import IssueKind
from orders_listener import store
from orders_listener.accounts import DELAYS, AcceptDelay, Account, Patron
from orders_listener.app import CONSUMES
from orders_listener.early_warning.mornings import Mornings
from orders_listener.early_warning.snapshots import Forecasts, Snapshot
from orders_listener.folding import fold
from orders_listener.policy import DEFAULT, Policy
from orders_listener.trial_command import tried
from orders_listener.trials import Comparison, Past, folded_again
from storefront.simulator import Shop
from tests.orders_listener.shop import (
    ADA,
    ORDER,
    Told,
    cancelled,
    contact,
    day,
    erased,
    on_the_way,
    paid,
    placed,
    said,
    scan,
    tell,
)
from tests.orders_listener.shop import PATIENT as UNHURRIED
from tests.orders_listener.teaching import mornings, taught, teach

PATIENT = Policy(warning_lead=timedelta(hours=1))
"""Looks later, when the parcel of the story below has been scanned again."""
THE_END = day(30)
STORY = [placed(), paid(), *on_the_way(day(2)), scan("in_transit", day(7)), scan("delivered", day(12))]


def past(told: Told) -> Past:
    return Past(timeline=told.timeline, erased_at=told.account.patron.erased_at)


def compared(
    *pasts: Past, tried: Policy, until: datetime = THE_END, running: Policy = DEFAULT, learned: Mornings | None = None
) -> Comparison:
    comparison = Comparison(running, tried, since=day(-1), until=until, mornings=learned or Mornings())
    comparison.take(pasts)
    return comparison


STORIES: dict[str, list[Fact | Event[object] | Command[object]]] = {
    "late": [*STORY],
    "erased": [placed(), paid(), erased(day(3)), contact(day(4))],
    "cancelled": [placed(), paid(), cancelled(day(9))],
    "heard late": [said(placed(), day(11)), said(paid(), day(12)), said(scan("picked_up", day(2)), day(10.5))],
    "accepted": [
        placed(),
        paid(),
        Command(id="c", at=day(9), customer_id=ADA, data=AcceptDelay(order_id=ORDER, until=day(12)), actor="a",
                correlation_id="c"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_folded_again_under_its_own_policy_an_order_has_the_same_issues(story: str) -> None:
    told = tell(*STORIES[story], until=THE_END)
    assert folded_again(past(told), DEFAULT, until=THE_END, mornings=Mornings()).issues == told.timeline.issues


def test_a_whole_shop_folded_again_has_the_same_issues() -> None:
    heard = [one for one in Shop(seed=3, weeks=4, orders_per_day=10).events() if type(one.fact) in HEARD]
    events = [
        Event(id=str(number), source="/s", time=one.said_at, data=one.fact, correlation_id=str(number))
        for number, one in enumerate(heard)
    ]
    until = events[-1].time + timedelta(days=30)
    accounts = {event.customer_id: Account(patron=Patron(customer_id=event.customer_id)) for event in events}
    folded = fold_sequence(partial(fold, DEFAULT), accounts, events, before=until)
    comparison = Comparison(DEFAULT, DEFAULT, since=events[0].time, until=until, mornings=Mornings())
    issues = 0
    for account in folded.accounts.values():
        for timeline in account.timelines.values():
            issues += len(timeline.issues)
            one = Past(timeline=timeline, erased_at=account.patron.erased_at)
            assert folded_again(one, DEFAULT, until=until, mornings=Mornings()).issues == timeline.issues
            comparison.take([one])
    trial = comparison.result()
    assert sum(trial.running.opened.values()) == issues > 50
    assert (trial.tried, trial.differences) == (trial.running, ())


HEARD = {fact for inlet in CONSUMES for fact in inlet.facts}


def delays(numbers: Mapping[IssueKind, int]) -> dict[IssueKind, int]:
    return {kind: number for kind, number in numbers.items() if kind in DELAYS}


def test_a_trial_says_what_would_have_opened_and_how_many_would_have_been_told() -> None:
    warned = placed(), paid()
    result = compared(past(tell(*STORY, until=THE_END)), past(tell(*warned, until=THE_END)), tried=PATIENT).result()
    assert result.orders == 2
    assert delays(result.running.opened) == {IssueKind.delivery_at_risk: 2, IssueKind.delivery_late: 2}
    assert delays(result.tried.opened) == {IssueKind.delivery_at_risk: 1, IssueKind.delivery_late: 2}
    assert delays(result.running.resolved) == {IssueKind.delivery_at_risk: 2, IssueKind.delivery_late: 1}
    assert result.running.people_told == 1
    assert {(one.kind, one.running_at, one.tried_at) for one in result.differences} == {
        (IssueKind.delivery_at_risk, day(6, 10), None),
        (IssueKind.delivery_at_risk, day(6, 10), day(8, 10)),
    }


def test_what_lies_outside_the_window_does_not_count() -> None:
    result = compared(past(tell(*STORY, until=THE_END)), tried=PATIENT, until=day(7)).result()
    assert result.running.opened == {IssueKind.delivery_at_risk: 1}
    assert result.running.resolved == {}


# --- of a shop that has been taught ---

AS_EXPECTED_LATELY = tuple(Forecasts(0, raw_milli, 10) for raw_milli in (550, 600, 700, 800, 900))
LEARNED = taught(later=0.2, forecasts=AS_EXPECTED_LATELY)
"""By which the parcel below is late with a chance of 0.634 on the deciding evening; the bar is a little lower."""
ON_ITS_WAY = [placed(), paid(), *on_the_way(day(0)), scan("delivered", day(12))]


def told_by(snapshot: Snapshot, *facts: Fact) -> Told:
    account = Account(patron=Patron(customer_id=ADA), mornings=mornings(snapshot))
    return tell(*facts, account=account, until=THE_END, policy=UNHURRIED)


@pytest.mark.parametrize("snapshot", [Snapshot(), taught(), taught(later=0), taught(later=0.6), LEARNED])
def test_warnings_folded_again_are_those_of_the_numbers_that_held_then(snapshot: Snapshot) -> None:
    told = told_by(snapshot, *ON_ITS_WAY)
    again = folded_again(past(told), UNHURRIED, until=THE_END, mornings=mornings(snapshot))
    assert again.issues == told.timeline.issues


def test_each_look_of_a_trial_uses_the_numbers_of_its_own_morning() -> None:
    """Every look but the deciding one falls on a morning by which everything comes in time."""
    calm, alarming = taught(later=0.6), taught()
    of_days = {day_of: replace(calm, day=day_of) for number in range(-2, 8) if (day_of := day(number).date())}
    the_look = day(4).date()  # of the 6th day: the 4th is the last that was closed before it began
    found = mornings(*(of_days | {the_look: replace(alarming, day=the_look)}).values())
    told = told_by(calm, *ON_ITS_WAY)
    issues = folded_again(past(told), UNHURRIED, until=THE_END, mornings=found).issues.values()
    assert [(one.opened_at, one.evidence["numbers_of"]) for one in issues if one.kind == "delivery_at_risk"] == [
        (day(6, 10), "2026-03-06")
    ]


@pytest.mark.parametrize(
    ("change", "tried_at"),
    [
        ({"caught_share": 0.3}, day(7, 10)),  # a higher bar
        ({"warning_lead": "PT24H"}, day(7, 10)),  # a later look
        ({"warning_lead": "P3D"}, None),  # so early it is not likely enough
    ],
)
def test_another_bar_or_another_lead_leads_to_other_warnings(
    change: dict[str, object], tried_at: datetime | None
) -> None:
    told = told_by(LEARNED, *ON_ITS_WAY)
    result = compared(
        past(told), running=UNHURRIED, tried=UNHURRIED.changed(change), learned=mornings(LEARNED)
    ).result()  # fmt: skip
    found = {(one.kind, one.running_at, one.tried_at) for one in result.differences}
    assert found == {(IssueKind.delivery_at_risk, day(6, 10), tried_at)}


# --- over HTTP ---


@pytest.fixture
async def recent(runtime: Runtime) -> datetime:
    """One order that began twenty days ago and was late."""
    now = datetime.now(UTC)
    began = now - timedelta(days=20)
    ends = (began + timedelta(days=8)).isoformat()
    facts = [placed(placed_at=began, promised_by=ends), paid(began)]
    await runtime.fold([said(fact) for fact in facts], until=now)
    return began


@pytest.mark.usefixtures("recent")
async def test_a_policy_is_tried_over_http(runtime: Runtime, client: httpx.AsyncClient) -> None:
    async with runtime.transaction() as tx:
        before = (await tx.execute(text("select count(*) from outbox"))).scalar_one()
    body = {"policy": {"warning_lead": "PT1H", "version": "patient"}, "days": 30}
    trial = (await client.post("/v1/policy/trials", json=body)).json()
    assert trial["orders"] == 1
    assert trial["running"]["opened"] == trial["tried"]["opened"] == {"delivery_at_risk": 1, "delivery_late": 1}
    [difference] = trial["differences"]
    assert difference["running_at"] < difference["tried_at"]
    assert (await client.post("/v1/policy/trials", json=body | {"days": 10})).json()["orders"] == 0
    async with runtime.transaction() as tx:
        assert (await tx.execute(text("select count(*) from outbox"))).scalar_one() == before


async def test_a_trial_over_http_uses_the_numbers_of_each_morning(runtime: Runtime, client: httpx.AsyncClient) -> None:
    """The parcel was scanned on the eve of the deciding look: the plain rule would warn nobody."""
    now = datetime.now(UTC)
    began = now.replace(hour=9, minute=0) - timedelta(days=20)
    await teach(runtime, replace(LEARNED, day=(began - timedelta(days=3)).date()))
    ends = (began + timedelta(days=8)).date().isoformat()
    scans = [*on_the_way(began), scan("in_transit", began + timedelta(days=5.5))]
    await runtime.fold([said(fact) for fact in (placed(placed_at=began, promised_by=ends), paid(began), *scans)])
    await runtime.fold([], until=now)
    body = {"policy": {"warning_lead": "P3D"}, "days": 30}
    trial = (await client.post("/v1/policy/trials", json=body)).json()
    assert trial["running"]["opened"] == {"delivery_at_risk": 1, "delivery_late": 1}
    assert trial["tried"]["opened"] == {"delivery_late": 1}
    lines = await tried(runtime, UNHURRIED, UNHURRIED.changed({"warning_lead": timedelta(days=3)}), days=30)
    assert [line.split()[1:] for line in lines.splitlines() if line.startswith("delivery_at_risk")] == [
        ["1,", "1", "0,", "0"]
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"policy": {"retrun_window": "P1D"}, "days": 3}, "bad_policy"),
        ({"policy": {"return_window": "soon"}, "days": 3}, "bad_policy"),
        ({"policy": {"lapsed_after_percent": 150}, "days": 3}, "bad_policy"),
        ({"policy": {"shortest_gap": "P181D"}, "days": 3}, "bad_policy"),
        ({"policy": {"gap_of_newcomers": "PT1H"}, "days": 3}, "bad_policy"),
        ({"policy": {"order_milestones": [1]}, "days": 3}, "bad_policy"),
        ({"policy": {"return_window": "P99999999D"}, "days": 3}, "bad_policy"),
        ({"policy": {"news_lasts": "-P1D"}, "days": 3}, "bad_policy"),
        ({"policy": {"shop_zone": "Mars/Olympus"}, "days": 3}, "bad_policy"),
        ({"policy": {"overrides": [{"limits": [["losst", "3 days"]]}]}, "days": 3}, "bad_policy"),
        ({"policy": {}, "days": 0}, "invalid_request"),
        ({"policy": {}, "days": 401}, "invalid_request"),
        ({"days": 3}, "invalid_request"),
    ],
)
async def test_what_is_no_policy_is_refused(client: httpx.AsyncClient, body: dict[str, object], code: str) -> None:
    answer = await client.post("/v1/policy/trials", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


SAID = {"opened,", "people", *DELAYS}


@pytest.mark.usefixtures("recent")
async def test_a_policy_is_tried_on_the_command_line(runtime: Runtime) -> None:
    lines = (await tried(runtime, DEFAULT, DEFAULT.changed({"version": "2"}), days=30)).splitlines()
    assert lines[0].startswith("1 orders that began from ")
    assert [words for line in lines[1:] if (words := line.split())[0] in SAID] == [
        ["opened,", "of", "these", "resolved", "running", "(1)", "tried", "(2)"],
        ["delivery_at_risk", "1,", "1", "1,", "1"],
        ["delivery_late", "1,", "0", "1,", "0"],
        ["people", "told", "1", "1"],
    ]


async def test_a_trial_reads_the_past_in_portions(runtime: Runtime) -> None:
    facts = [replace(placed(), order_id=f"o-{number}", placed_at=day(number)) for number in range(5)]
    await runtime.fold([said(fact, number=number) for number, fact in enumerate(facts)])
    async with runtime.transaction() as tx:
        portions = [portion async for portion in store.pasts(tx, day(1), portion=2)]
    assert [[one.timeline.order_id for one in portion] for portion in portions] == [["o-1", "o-2"], ["o-3", "o-4"]]
