"""What a customer's signed link opens is theirs: no page, no answer and no choice of anybody else."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from chassis.runtime import Runtime
from feedback.customers import invitation_id_of
from tests.access.services import NAMES, compose, document_of
from tests.conftest import ClientOf, RuntimeOf
from tests.feedback.shop import delivered
from tests.notifier.correspondent import known
from tests.running import rows

ADA, BOB = "ada", "bob"
SOON = datetime.now(UTC) + timedelta(days=30)


class Page(NamedTuple):
    """A page behind a signed link, and what may be sent to it."""

    purpose: str
    form: dict[str, str]
    table: str


PAGES = {
    "/s/{token}": Page("survey", {"score": "9"}, "responses"),
    "/preferences/{token}": Page("preferences", {"List-Unsubscribe": "One-Click"}, "commands"),
    "/preferences/{token}/question": Page("preferences", {"hour": "evening"}, "commands"),
}


def subject(page: Page, customer_id: str) -> str:
    return invitation_id_of(f"order of {customer_id}") if page.purpose == "survey" else f"loyalty:m-{customer_id}"


@pytest.fixture(params=PAGES)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def runtime(path: str, runtime_of: RuntimeOf) -> Runtime:
    """Ada and Bob may both answer, or choose."""
    surveys = PAGES[path].purpose == "survey"
    made = await runtime_of(compose("feedback" if surveys else "notifier"), CLOCK="real")
    now = datetime.now(UTC)
    for name in (ADA, BOB):
        event = delivered(f"order of {name}", customer_id=name) if surveys else known()
        fact = replace(event.data, customer_id=name, occurred_at=now - timedelta(days=9))
        await made.fold([replace(event, id=f"{name}-1", time=fact.occurred_at, data=fact)], until=now)
    return made


@pytest.fixture
async def client(runtime: Runtime, client_of: ClientOf) -> httpx.AsyncClient:
    return await client_of(runtime, keyed=False)


def minted(runtime: Runtime, page: Page, customer_id: str, **changes: Any) -> str:
    named = {"purpose": page.purpose, "subject": subject(page, customer_id), "expires_at": SOON}
    return runtime.links.mint(customer_id=customer_id, **(named | changes))


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def _rewritten(token: str, **changes: str) -> str:
    """The same signature under other words."""
    head, _, signature = token.split(".")
    body = base64.urlsafe_b64encode(json.dumps(_claims(token) | changes).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


def _unsigned(token: str) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none","kid":"test"}').decode().rstrip("=")
    return f"{head}.{token.split('.')[1]}."


async def touched(runtime: Runtime, table: str) -> set[str]:
    return {row["customer_id"] for row in await rows(runtime, f"select customer_id from {table}")}  # noqa: S608 ours


async def test_a_link_opens_its_own_page_and_changes_its_own_customer(
    path: str, runtime: Runtime, client: httpx.AsyncClient
) -> None:
    page, url = PAGES[path], path.replace("{token}", minted(runtime, PAGES[path], ADA))
    before = await touched(runtime, page.table)
    assert (await client.get(url)).status_code == 200
    assert await touched(runtime, page.table) == before
    assert (await client.post(url, data=page.form)).status_code == 200
    assert await touched(runtime, page.table) - before <= {ADA}
    assert ADA in await touched(runtime, page.table)


async def test_no_link_of_ada_opens_anything_of_bob(path: str, runtime: Runtime, client: httpx.AsyncClient) -> None:
    page = PAGES[path]
    hers, his = minted(runtime, page, ADA), minted(runtime, page, BOB)
    others: Mapping[str, str] = {
        "his customer id under her signature": _rewritten(hers, cus=BOB),
        "his subject under her signature": _rewritten(hers, sub=subject(page, BOB)),
        "his words under her signature": ".".join((*his.split(".")[:2], hers.split(".")[2])),
        "his words, unsigned": _unsigned(his),
        "a link of hers to another page": minted(runtime, page, BOB, purpose="preferences, of old"),
        "no link at all": "nonsense",
        "a cut one": his[:-2],
    }
    before = await touched(runtime, page.table)
    for name, token in others.items():
        for method in ("GET", "POST"):
            url = path.replace("{token}", token)
            answer = await client.request(method, url, data=page.form if method == "POST" else None)
            assert answer.status_code == 404, (name, method)
            assert BOB not in answer.text.lower()
    assert await touched(runtime, page.table) == before


async def test_a_page_takes_no_link_to_any_other_page(path: str, runtime: Runtime, client: httpx.AsyncClient) -> None:
    for purpose in {page.purpose for page in PAGES.values()} - {PAGES[path].purpose}:
        token = minted(runtime, PAGES[path], ADA, purpose=purpose)
        assert (await client.get(path.replace("{token}", token))).status_code == 404


async def test_an_old_link_opens_nothing(path: str, runtime: Runtime, client: httpx.AsyncClient) -> None:
    token = minted(runtime, PAGES[path], ADA, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert (await client.get(path.replace("{token}", token))).status_code == 410


async def test_a_link_to_a_question_that_is_anothers_answers_nothing(
    runtime_of: RuntimeOf, client_of: ClientOf
) -> None:
    """Such a link was never signed by us; even so."""
    page = PAGES["/s/{token}"]
    runtime = await runtime_of(compose("feedback"), CLOCK="real")
    event, now = delivered("order of bob", customer_id=BOB), datetime.now(UTC)
    fact = replace(event.data, occurred_at=now - timedelta(days=9))
    await runtime.fold([replace(event, time=fact.occurred_at, data=fact)], until=now)
    client = await client_of(runtime, keyed=False)
    url = f"/s/{minted(runtime, page, ADA, subject=subject(page, BOB))}"
    assert (await client.post(url, data=page.form)).status_code == 410
    async with runtime.transaction() as tx:
        assert (await tx.execute(text("select count(*) from responses"))).scalar_one() == 0


@pytest.mark.parametrize("name", NAMES)
async def test_every_page_behind_a_link_stands_in_this_table(
    name: str, runtime_of: RuntimeOf, client_of: ClientOf
) -> None:
    document = await document_of(await client_of(await runtime_of(compose(name)), keyed=False))
    assert {path for path in document["paths"] if "{token}" in path} <= PAGES.keys()
