"""What staff declares over HTTP, on a real database: whom it reaches, who is called, and nobody twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts.vocabulary import Destination
from orders_listener import calls, declared
from orders_listener.app import application
from orders_listener.calls import call_next
from orders_listener.disruptions.declarations import Concern, Disruption, Statement
from tests.conftest import RuntimeOf
from tests.orders_listener.shop import ADA, ORDER, cancelled, day, on_the_way, paid, placed, said, scan
from tests.sources import ROOT

PATH = "/v1/disruptions"
STRIKE: dict[str, Any] = {
    "concerns": {"carrier": "dhl", "country": "DE"},
    "known": "DHL is on strike.",
    "expected_next": "Deliveries begin again",
    "expected_end_at": "2090-01-01T00:00:00Z",
    "actor": "care:eve",
    "dry_run": False,
}
EVE, BOB = {"actor": "care:eve"}, {"actor": "care:bob"}
NOW = datetime.now(UTC) - timedelta(hours=1)


def shopping(number: int, *, customer_id: str = "", country: str = "DE") -> list[Any]:
    """An order on its way with dhl, as events of the last hour."""
    order_id, customer = f"o-{number}", customer_id or f"c-{number % 700}"
    destination = Destination(country=country)
    facts = [
        placed(placed_at=NOW, promised_by=None, pay_later=True, destination=destination),
        *on_the_way(NOW + timedelta(minutes=1)),
    ]
    return [said(replace(fact, order_id=order_id, customer_id=customer), NOW, number) for fact in facts]


async def called(runtime: Runtime) -> list[int]:
    """Everybody who is to be called, by portions."""
    portions = []
    while (portion := await call_next(runtime)) is not None:
        portions.append(portion)
    return portions


async def folded(runtime: Runtime) -> None:
    """Everybody who was called has looked: calls are spread over a second."""
    await runtime.fold([], until=datetime.now(UTC) + timedelta(seconds=1))


async def settled(runtime: Runtime) -> None:
    await called(runtime)
    await folded(runtime)


async def rows(runtime: Runtime, statement: str) -> list[tuple[Any, ...]]:
    async with runtime.transaction() as tx:
        return [tuple(row) for row in await tx.execute(text(statement))]


async def issues(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(f"/v1/issues?kind=disruption&limit=200{query}")).json()["data"]
    return found


async def declare(client: httpx.AsyncClient, key: str | None = None, **changes: Any) -> str:
    headers = {"Idempotency-Key": key} if key else {}
    answer = await client.post(PATH, json=STRIKE | changes, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["disruption"]["disruption_id"])


async def test_a_dry_run_says_whom_it_would_concern_and_does_nothing(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    events = [event for n in range(6) for event in shopping(n, customer_id=f"c-{n // 2}")]
    events += shopping(6, country="FR")
    over = replace(cancelled(NOW + timedelta(minutes=9)), order_id="o-0", customer_id="c-0")
    await runtime.fold([*events, said(over)])
    dry = {name: value for name, value in STRIKE.items() if name != "dry_run"}
    answer = (await client.post(PATH, json=dry)).json()
    assert answer == {"dry_run": True, "orders": 5, "customers": 3, "disruption": None}
    assert (await client.get(PATH)).json()["data"] == []
    await settled(runtime)
    assert await issues(client) == []


async def test_thousands_of_orders_are_called_in_portions_and_told_once(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.fold([event for n in range(2_500) for event in shopping(n, country="DE" if n % 5 else "FR")])
    disruption_id = await declare(client, "strike")
    assert await rows(runtime, "select count(*) from deadlines where kind = 'disruption_changes'") == [(0,)]
    assert await called(runtime) == [1_000, 1_000, 0]
    assert (await client.get(f"{PATH}/{disruption_id}")).json()["calling"] is False
    await folded(runtime)
    opened = await rows(runtime, "select count(*), count(distinct order_id) from issues where kind = 'disruption'")
    assert opened == [(2_000, 2_000)]
    assert await declare(client, "strike") == disruption_id
    await settled(runtime)
    found = (await client.get(f"{PATH}/{disruption_id}")).json()
    assert (found["issues_opened"], found["issues_open"]) == (2_000, 2_000)
    assert len(found["statements"]) == 1

    await client.post(f"{PATH}/{disruption_id}/end", json=BOB)
    assert await called(runtime) == [1_000, 1_000, 0]
    await folded(runtime)
    found = (await client.get(f"{PATH}/{disruption_id}")).json()
    assert (found["issues_opened"], found["issues_open"]) == (2_000, 0)
    unexplained = """select count(*) from decisions d where rule = 'disruption'
                     and not exists (select from commands c where c.command_id = d.root_id)"""
    assert await rows(runtime, unexplained) == [(0,)]


async def test_a_portion_that_was_cut_off_is_called_again_and_nobody_twice(
    runtime: Runtime, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PORTION", 10)
    await runtime.fold([event for n in range(25) for event in shopping(n)])
    await declare(client)
    assert await call_next(runtime) == 10
    async with runtime.engine.connect() as tx:  # and no commit
        assert await declared.call_some(tx, runtime.partition_of, most=10) == 10
    await folded(runtime)
    assert await called(runtime) == [10, 5, 0]
    await folded(runtime)
    assert await rows(runtime, "select count(*) from issues") == [(25,)]


async def test_several_workers_call_everybody_once(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await runtime.fold([event for n in range(1_500) for event in shopping(n)])
    await declare(client)
    await asyncio.gather(*(called(runtime) for _ in range(3)))
    await settled(runtime)
    opened = await rows(runtime, "select count(*) from decisions where rule = 'disruption' and outcome = 'opened'")
    assert opened == [(1_500,)]


async def test_an_order_that_is_concerned_later_is_told_without_a_call(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await declare(client)
    await called(runtime)
    moment = datetime.now(UTC)
    facts = [placed(placed_at=moment, promised_by=None, pay_later=True), *on_the_way(moment)]
    await runtime.fold([said(fact, moment + timedelta(seconds=1)) for fact in facts])
    assert [issue["known"] for issue in await issues(client)] == ["DHL is on strike."]


STORY = [placed(), paid(), *on_the_way(day(1)), scan("in_transit", day(5)), scan("delivered", day(9))]
DECLARED_AT = day(3)
ROWS = """
    select 'issue', issue_id, document::text from issues
    union all
    select 'decision', cause_id, concat_ws(' ', subject, rule, outcome, reason, at, detail) from decisions
    union all
    select 'timeline', order_id, concat(document, traits) from timelines order by 1, 2, 3
"""
"""All but the roots of decisions, which tell who left a call first: the statement, or a fact of before."""


async def declared_in_the_past(runtime: Runtime) -> None:
    said_then = Statement(statement_id="s-1", said_at=DECLARED_AT, actor="care:eve", known="DHL is on strike.")
    concern = Concern(carrier="dhl")
    async with runtime.transaction() as tx:
        await declared.write_alone(tx)
        one = Disruption(disruption_id="d-1", concern=concern, starts_at=DECLARED_AT, statements=(said_then,))
        assert await declared.declare(tx, one)
    await called(runtime)


@pytest.mark.parametrize("first", ["declared before all", "declared in its place", "all at once", "called at once"])
async def test_the_same_facts_and_words_lead_to_the_same_rows_however_they_are_cut(
    runtime_of: RuntimeOf, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    monkeypatch.setenv("ORDERS_LISTENER_POLICY_FILE", str(ROOT / "tests" / "patient.yaml"))
    one, other = await runtime_of(application), await runtime_of(application)
    for fact in STORY:  # each alone, the declaration between them
        moment = said(fact).at
        if moment > DECLARED_AT and not await rows(one, "select 1 from disruptions"):
            await declared_in_the_past(one)
        await one.fold([said(fact)], until=moment)
    await one.fold([], until=day(40))
    events = [said(fact) for fact in STORY]
    earlier = [event for event in events if event.at < DECLARED_AT]
    match first:
        case "declared before all":
            await declared_in_the_past(other)
            for event in events:
                await other.fold([event], until=event.at)
        case "declared in its place":
            await other.fold(earlier, until=DECLARED_AT)
            await declared_in_the_past(other)
            await other.fold([event for event in events if event not in earlier])
        case "all at once":
            await declared_in_the_past(other)
            await other.fold(events)
        case _:
            await other.fold(earlier)
            await declared_in_the_past(other)
            await other.fold([], until=day(4))
            await other.fold([event for event in events if event not in earlier])
    await other.fold([], until=day(40))
    assert await rows(one, ROWS) == await rows(other, ROWS)
    assert len(await rows(one, "select 1 from issues where kind = 'disruption'")) == 1


async def test_a_batch_that_has_not_seen_a_declaration_commits_before_anybody_is_called(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    """Else an order that it brings is found neither by the batch nor by who calls."""
    async with runtime.transaction() as tx:
        await declared.book_at(tx, [NOW])
        declaring = asyncio.create_task(declare(client))
        await asyncio.sleep(0.3)
        assert not declaring.done()
    await asyncio.wait_for(declaring, 5)


async def test_a_declaration_does_not_wait_for_ever_for_a_batch(
    runtime: Runtime, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(declared, "PATIENCE_MS", 100)
    async with runtime.transaction() as tx:
        await declared.book_at(tx, [NOW])
        answer = await client.post(PATH, json=STRIKE, headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.json()["code"]) == (409, "busy")
    assert await declare(client, "k")


async def test_what_is_said_later_reaches_those_it_concerns(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await runtime.fold([event for n in range(3) for event in shopping(n)])
    disruption_id = await declare(client)
    await settled(runtime)
    change = {"expected_end_at": "2091-01-01T00:00:00Z", "severity": "critical", "actor": "care:bob"}
    answer = await client.patch(f"{PATH}/{disruption_id}", json=change, headers={"Idempotency-Key": "k"})
    assert [one["actor"] for one in answer.json()["statements"]] == ["care:eve", "care:bob"]
    assert answer.json()["calling"] is True
    await settled(runtime)
    found = {(issue["expected_by"], issue["severity"], issue["known"]) for issue in await issues(client)}
    assert found == {("2091-01-01T00:00:00Z", "critical", "DHL is on strike.")}
    again = await client.patch(f"{PATH}/{disruption_id}", json=change, headers={"Idempotency-Key": "k"})
    assert len(again.json()["statements"]) == 2


async def test_who_was_not_called_yet_never_hears_of_what_was_withdrawn(
    runtime: Runtime, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PORTION", 1)
    await runtime.fold([event for n in range(3) for event in shopping(n)])
    disruption_id = await declare(client)
    await call_next(runtime)
    await folded(runtime)
    await call_next(runtime)
    answer = await client.post(f"{PATH}/{disruption_id}/withdrawal", json=BOB)
    assert answer.json()["statements"][-1]["over"] == "withdrawn"
    await settled(runtime)
    assert [issue["resolution"] for issue in await issues(client)] == ["ended"]
    [decision] = [
        one
        for number in range(3)
        for one in (await client.get(f"/v1/customers/c-{number}/decisions")).json()["data"]
        if one["rule"] == "disruption" and one["outcome"] == "resolved"
    ]
    assert (decision["reason"], decision["detail"]["actor"]) == ("withdrawn", "care:bob")


async def test_it_heals_when_the_parcel_comes(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await runtime.fold(shopping(0))
    await declare(client)
    await settled(runtime)
    moment = datetime.now(UTC)
    delivered = replace(scan("delivered", moment), order_id="o-0", customer_id="c-0")
    await runtime.fold([said(delivered)])
    assert [issue["resolution"] for issue in await issues(client)] == ["delivered"]
    assert await rows(runtime, "select traits from timelines") == [([],)]


async def test_disruptions_come_in_pages_the_latest_first(client: httpx.AsyncClient) -> None:
    declared_ids = [await declare(client, known=f"Strike {number}.") for number in range(5)]
    await client.post(f"{PATH}/{declared_ids[0]}/end", json=EVE)
    first = (await client.get(f"{PATH}?limit=3")).json()
    second = (await client.get(PATH, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    found = [one["disruption_id"] for page in (first, second) for one in page["data"]]
    assert found == declared_ids[::-1]
    for state, number in {"lasting": 4, "over": 1}.items():
        assert len((await client.get(f"{PATH}?state={state}")).json()["data"]) == number


async def test_why_an_order_has_no_disruption_is_answered(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await runtime.fold([said(placed()), said(paid())])
    ask = f"/v1/orders/{ORDER}/why-not?kind=disruption"
    assert (await client.get(ask)).json()["now"]["reason"] == "nothing_declared"
    await declare(client)
    answer = (await client.get(ask)).json()
    assert answer["now"]["reason"] == "concerns_others"
    assert "what is declared concerns other orders" in answer["now"]["words"]
    assert (await client.get(f"/v1/customers/{ADA}")).json()["open_issues"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"concerns": {}},
        {"concerns": {"region": "BE"}},
        {"concerns": {"postcode_prefix": "10"}},
        {"concerns": {"country": "Germany"}},
        {"concerns": {"carier": "dhl"}},
        {"concerns": {"sku": "  "}},
        {"concerns": {"sku": "a\x00b"}},
        {"known": "   "},
        {"known": "a\x00b"},
        {"known": "x" * 501},
        {"actor": "customer"},
        {"actor": None},
        {"starts_at": "2026-03-10T00:00:00"},
        {"severity": "bad"},
    ],
)
async def test_a_declaration_that_makes_no_sense_is_refused(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    assert (await client.post(PATH, json=STRIKE | wrong)).status_code == 422
    assert (await client.get(PATH)).json()["data"] == []


async def test_what_cannot_be_said_is_answered_with_a_reason(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    disruption_id = await declare(client)
    assert (await client.patch(f"{PATH}/{disruption_id}", json=EVE)).status_code == 422
    assert (await client.patch(f"{PATH}/{disruption_id}", json=EVE | {"known": None})).status_code == 422
    assert (await client.patch(f"{PATH}/{disruption_id}", json=EVE | {"concerns": {}})).status_code == 422
    assert (await client.get(f"{PATH}/d-9")).json()["code"] == "unknown_disruption"
    assert (await client.post(f"{PATH}/d-9/end", json=EVE)).status_code == 404
    monkeypatch.setattr(declared, "MOST_LASTING", 1)
    many = await client.post(PATH, json=STRIKE)
    assert (many.status_code, many.json()["code"]) == (409, "too_many_disruptions")
    monkeypatch.setattr(declared, "MOST_STATEMENTS", 1)
    much = await client.patch(f"{PATH}/{disruption_id}", json=EVE | {"severity": "notice"})
    assert (much.status_code, much.json()["code"]) == (409, "too_many_statements")
    monkeypatch.setattr(declared, "MOST_STATEMENTS", 200)
    for _ in range(2):
        ended = await client.post(f"{PATH}/{disruption_id}/end", json=EVE, headers={"Idempotency-Key": "k"})
        assert ended.status_code == 200
    twice = await client.post(f"{PATH}/{disruption_id}/withdrawal", json=EVE)
    assert (twice.status_code, twice.json()["code"]) == (409, "disruption_over")
