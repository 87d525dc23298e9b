"""The service on a real database: what a fold decides is what stands in its tables and on its routes."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import event as hooks
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts.ids import derived_id
from feedback import store
from feedback.answers import Answer
from feedback.customers import invitation_id_of
from tests.feedback.conftest import TimeIs
from tests.feedback.shop import (
    ADA,
    confirmed,
    contacted,
    day,
    delivered,
    granted,
    lived,
    opened,
    refunded,
    resolved,
    sent,
    telling_failed,
)

INVITATION = invitation_id_of("o1")
CASE = derived_id("case", "detractor", INVITATION)


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def unhappy(runtime: Runtime) -> None:
    await runtime.fold([delivered()], until=day(4))
    await runtime.command(ADA, Answer(invitation_id=INVITATION, score=3), actor="customer", at=day(4))


async def test_what_is_saved_is_what_was_folded(runtime: Runtime) -> None:
    """Batch by batch or at once, the account that comes back from the database is the one of the pure fold."""
    events = [
        confirmed(at=0), delivered(at=0), opened(at=1), resolved(at=2), contacted(at=1), refunded(at=5, amount_minor=1),
        telling_failed(at=2), confirmed("o2", at=6), delivered("o2", at=7, late=True), sent(INVITATION, at=8),
    ]  # fmt: skip
    for event in sorted(events, key=lambda event: event.at):
        await runtime.fold([event])
    await runtime.fold([], until=day(40))
    async with runtime.transaction() as tx:
        saved = (await store.customers_by_id(tx, [ADA, "nobody"]))[ADA]
        invitations = await store.invitations(tx, customer_id=ADA, state=None, after=None, most=9)
        cases = await store.cases(tx, state=None, after=None, most=9)
    expected = lived(*events, until=40).customer
    assert saved == expected
    assert invitations == [(ADA, expected.invitations["o2"]), (ADA, expected.invitations["o1"])]
    assert cases == [(ADA, case) for case in expected.cases.values()]


async def test_a_batch_of_many_customers_is_saved_in_a_few_statements(runtime: Runtime) -> None:
    statements: list[str] = []
    hooks.listen(runtime.engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    deliveries = [delivered(f"o{n}", at=n / 100, customer_id=f"c{n}") for n in range(300)]
    await runtime.fold(deliveries, until=day(10))
    async with runtime.transaction() as tx:
        asked = await tx.execute(text("select count(*) from invitations where state = 'asked'"))
        assert asked.scalar_one() == 300
    own = [statement for statement in statements if "experiences" in statement or "invitations (" in statement]
    assert len(own) == 3, own


async def test_the_care_team_sees_and_resolves_cases(
    client: httpx.AsyncClient, runtime: Runtime, time_is: TimeIs
) -> None:
    await unhappy(runtime)
    await runtime.fold([telling_failed(at=4.5)], until=day(6.2))
    await time_is(day(6.2))
    page = await get(client, "/v1/cases")
    assert [(case["cause"], case["state"]) for case in page["data"]] == [
        ("telling_failed", "open"), ("detractor", "escalated"),
    ]  # fmt: skip
    answer = await client.post(
        f"/v1/cases/{CASE}/resolution", json={"resolution": "Called. All is well.", "goodwill_points": 150}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["goodwill"]["state"] == "requested"
    await runtime.fold([granted(answer.json()["goodwill"]["request_id"], at=6.4)])
    case = await get(client, f"/v1/cases/{CASE}")
    assert (case["state"], case["goodwill"]["state"], case["resolution"]) == (
        "resolved", "granted", "Called. All is well.",
    )  # fmt: skip
    assert [case["cause"] for case in (await get(client, "/v1/cases", state="open"))["data"]] == ["telling_failed"]


@pytest.mark.parametrize(
    ("case_id", "body", "status", "code"),
    [
        ("nobody's", {"resolution": "x"}, 404, "unknown_case"),
        (CASE, {"resolution": ""}, 422, "invalid_request"),
        (CASE, {"resolution": "x", "goodwill_points": 0}, 422, "invalid_request"),
        (CASE, {"resolution": "x", "state": "open"}, 422, "invalid_request"),
        (CASE, {"resolution": "x\x00"}, 422, "invalid_request"),
        (CASE, {"resolution": "other words"}, 409, "already_resolved"),
    ],
)
async def test_a_wrong_resolution_is_a_problem_with_a_code(
    client: httpx.AsyncClient, runtime: Runtime, case_id: str, body: dict[str, Any], status: int, code: str
) -> None:
    await unhappy(runtime)
    for _ in range(2):
        assert (await client.post(f"/v1/cases/{CASE}/resolution", json={"resolution": "Sorry."})).status_code == 200
    answer = await client.post(f"/v1/cases/{case_id}/resolution", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    async with runtime.transaction() as tx:
        resolved_facts = await tx.execute(
            text("select count(*) from outbox where headers like '%feedback.case-resolved.v1%'")
        )
        assert resolved_facts.scalar_one() == 1


async def test_the_score_of_a_day_shows_who_was_not_asked(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await unhappy(runtime)
    await runtime.fold(
        [sent(INVITATION, at=4.1), delivered("o2", at=5), opened("o3", "i3", at=95), delivered("o3", at=93)],
        until=day(97),
    )
    await runtime.fold([delivered("o4", at=1, late=True, customer_id="bob")], until=day(97))
    answer = Answer(invitation_id=invitation_id_of("o4"), score=10)
    await runtime.command("bob", answer, actor="customer", at=day(5))
    first, last = day(0).date(), day(120).date()
    nps = await get(client, "/v1/nps", **{"from": first, "to": last})
    total = nps["total"]
    assert (total["n"], total["nps"], total["promoters"], total["detractors"]) == (2, 0.0, 1, 1)
    assert (total["asked"], total["sent"], total["response_rate"]) == (2, 1, 1.0)
    assert (total["held"], total["not_asked"]) == ({"issue_open": 1}, {"cooldown": 1})
    assert {cohort: sample["nps"] for cohort, sample in nps["cohorts"].items()} == {
        "clean": -100.0, "late": 100.0, "issue": None,
    }  # fmt: skip
    asked = [(entry["day"], entry["total"]["asked"]) for entry in nps["days"] if entry["total"]["asked"]]
    assert asked == [(str(day(3).date()), 1), (str(day(4).date()), 1)]
    assert nps["cohorts"]["clean"]["not_asked"] == {"cooldown": 1}


async def test_a_day_ends_at_midnight_in_the_shop(client: httpx.AsyncClient, runtime: Runtime) -> None:
    """Berlin is one hour ahead of UTC in early March: half past eleven at night in UTC is the next day."""
    await runtime.fold([delivered(at=-0.02)], until=day(10))
    await runtime.command(
        ADA, Answer(invitation_id=INVITATION, score=10), actor="customer", at=day(4) + timedelta(hours=11, minutes=30)
    )
    days = {
        entry["day"] for entry in (await get(client, "/v1/nps", **{"from": "2026-03-06", "to": "2026-03-06"}))["days"]
    }
    assert days == {"2026-03-06"}


@pytest.mark.parametrize(("first", "last"), [("2026-03-02", "2026-03-01"), ("2025-01-01", "2026-03-01")])
async def test_a_span_is_no_longer_than_a_year(client: httpx.AsyncClient, first: str, last: str) -> None:
    answer = await client.get("/v1/nps", params={"from": first, "to": last})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_span")


async def test_why_not_is_answered_over_http(client: httpx.AsyncClient, runtime: Runtime, time_is: TimeIs) -> None:
    await runtime.fold(
        [confirmed("o0", at=0), delivered("o1"), opened("o2", at=3.5), delivered("o2", at=1)], until=day(5)
    )
    await time_is(day(5))
    shown = await get(client, f"/v1/customers/{ADA}/eligibility")
    assert [(order["order_id"], order["state"], order["verdict"], order["reason"]) for order in shown["orders"]] == [
        ("o0", None, "held", "not_delivered"),
        ("o1", "asked", None, None),
        ("o2", "not_asked", None, "cooldown"),
    ]
    assert (await get(client, "/v1/customers/nobody/eligibility"))["orders"] == []


async def test_lists_are_paged_without_gaps(client: httpx.AsyncClient, runtime: Runtime) -> None:
    orders = [f"o{number}" for number in range(7)]
    await runtime.fold([delivered(order_id, at=0) for order_id in orders[:4]], until=day(1))
    await runtime.fold([delivered(order_id, at=number / 7) for number, order_id in enumerate(orders[4:])], until=day(1))
    found: list[str] = []
    cursor = None
    while True:
        page = await get(client, "/v1/invitations", limit=2, customer_id=ADA, **({"cursor": cursor} if cursor else {}))
        found += [invitation["order_id"] for invitation in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(found) == orders
    assert (await get(client, "/v1/invitations", state="planned"))["data"][0]["look_at"]
    assert (await get(client, "/v1/invitations", customer_id="nobody"))["data"] == []


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJ4IiwieSJd", "WzEsMl0", "WyIyMDI2LTAzLTAxVDEyOjAwOjAwIiwieSJd"])
@pytest.mark.parametrize("path", ["/v1/invitations", "/v1/responses", "/v1/cases"])
async def test_a_made_up_cursor_is_refused(client: httpx.AsyncClient, path: str, cursor: str) -> None:
    answer = await client.get(path, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


async def test_the_care_team_reads_the_words(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await runtime.fold([delivered()], until=day(4))
    answer = Answer(invitation_id=INVITATION, score=3, comment="Wet.")
    await runtime.command(ADA, answer, actor="customer", at=day(4))
    [response] = (await get(client, "/v1/responses"))["data"]
    assert (response["customer_id"], response["score"], response["comment"]) == (ADA, 3, "Wet.")


async def test_every_decision_names_its_cause(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await unhappy(runtime)
    decisions = (await get(client, f"/v1/customers/{ADA}/decisions"))["data"]
    assert {(row["rule"], row["outcome"], row["reason"], row["cause_kind"]) for row in decisions} == {
        ("survey", "asked", "eligible", "deadline"),
        ("answer", "answered", "detractor", "command"),
        ("case", "opened", "detractor", "command"),
    }
