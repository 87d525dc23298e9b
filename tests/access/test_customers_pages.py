"""Whatever goes wrong, who opens a page in a browser reads words; programs get the problem."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx
import pytest

from chassis import apologies
from chassis.runtime import Runtime
from deploy.local.ports import HOST, free_port
from tests.access.services import compose, document_of, operations
from tests.conftest import ClientOf, RuntimeOf

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SHOP = "Tea & <Toast>"


class Page(NamedTuple):
    """A page behind a link."""

    service: str
    purpose: str
    subject: str
    path: str

    def address(self, runtime: Runtime, *, days: int = 1) -> str:
        """With a link that holds for so many days."""
        until = datetime.now(UTC) + timedelta(days=days)
        token = runtime.links.mint(purpose=self.purpose, subject=self.subject, customer_id="ada", expires_at=until)
        return self.path.format(token=token)


PAGES = (
    Page("feedback", "survey", "i1", "/s/{token}"),
    Page("notifier", "preferences", "service:m1", "/preferences/{token}"),
    Page("notifier", "preferences", "service:m1", "/preferences/{token}/question"),
)
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)


async def service_of(page: Page, runtime_of: RuntimeOf, **settings: str) -> Runtime:
    return await runtime_of(compose(page.service), **{f"{page.service.upper()}_SHOP_NAME": SHOP}, **settings)


async def without_database(page: Page, runtime_of: RuntimeOf) -> Runtime:
    nowhere = f"postgresql+asyncpg://nobody@{HOST}:{free_port()}/nowhere"
    return await service_of(page, runtime_of, **{f"{page.service.upper()}_DATABASE_URL": nowhere})


def is_page(answer: httpx.Response, status: int, language: str, key: str) -> None:
    """Such words, in that language, by that shop, hardened as every page is."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert answer.headers["content-language"] == language
    assert f'<html lang="{language}">' in answer.text
    assert apologies.WORDS[language](f"{key}_title") in answer.text
    assert apologies.WORDS[language](key) in answer.text
    assert "Tea &amp; &lt;Toast&gt;" in answer.text
    assert "style-src 'sha256-" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


@every_page
@pytest.mark.parametrize(("accepted", "language"), [("de-AT,de;q=0.9,en;q=0.8", "de"), ("pt-BR", "pt"), ("ja", "en")])
async def test_who_opens_a_page_while_the_database_is_away_reads_to_try_again(
    runtime_of: RuntimeOf, client_of: ClientOf, page: Page, accepted: str, language: str
) -> None:
    runtime = await without_database(page, runtime_of)
    client = await client_of(runtime, keyed=False)
    headers = {"Accept": BROWSER, "Accept-Language": accepted}
    looked = await client.get(page.address(runtime), headers=headers)
    is_page(looked, 503, language, "away")
    assert looked.headers["retry-after"] == "5"
    assert re.findall(r'<a href="([^"]*)">', looked.text) == [""]  # the same address again
    sent = await client.post(page.address(runtime), headers=headers, data={"score": "9"})
    is_page(sent, 503, language, "unsent")
    assert sent.headers["retry-after"] == "5"
    assert "<a " not in sent.text  # going there again would not send it again


@every_page
async def test_a_program_gets_the_problem(runtime_of: RuntimeOf, client_of: ClientOf, page: Page) -> None:
    runtime = await without_database(page, runtime_of)
    client = await client_of(runtime, keyed=False)
    for accepted in ("*/*", "application/json", "text/*;q=0.1"):
        answer = await client.get(page.address(runtime), headers={"Accept": accepted})
        assert (answer.status_code, answer.json()["code"]) == (503, "away")
        assert answer.headers["content-type"] == "application/problem+json"
    answer = await client.get("/v1/positions", headers={"Accept": BROWSER})  # no page for customers
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


@every_page
async def test_who_comes_too_often_reads_to_wait(runtime_of: RuntimeOf, client_of: ClientOf, page: Page) -> None:
    runtime = await service_of(page, runtime_of, HTTP_ADDRESS_PER_S="0.2")
    client = await client_of(runtime, keyed=False)
    headers = {"Accept": BROWSER, "Accept-Language": "fr"}
    answers = [await client.get(page.address(runtime), headers=headers) for _ in range(3)]
    is_page(answers[-1], 429, "fr", "often")
    assert int(answers[-1].headers["retry-after"]) >= 1


@every_page
async def test_a_link_that_is_broken_or_old_is_answered_with_words(
    runtime_of: RuntimeOf, client_of: ClientOf, page: Page
) -> None:
    runtime = await service_of(page, runtime_of)
    client = await client_of(runtime, keyed=False)
    beginning = page.path.partition("{")[0]
    for path in (beginning, beginning.rstrip("/"), f"{beginning}a/b/c"):
        is_page(await client.get(path, headers={"Accept": BROWSER, "Accept-Language": "es"}), 404, "es", "nowhere")
    is_page(await client.put(page.address(runtime), headers={"Accept": BROWSER}), 405, "en", "nowhere")
    forged = await client.get(page.address(runtime).replace("ey", "eX"), headers={"Accept": BROWSER})
    old = await client.get(page.address(runtime, days=-1), headers={"Accept": BROWSER})
    assert [(one.status_code, one.headers["content-type"]) for one in (forged, old)] == [
        (404, "text/html; charset=utf-8"),
        (410, "text/html; charset=utf-8"),
    ]


@every_page
async def test_who_writes_too_much_or_meets_a_bug_reads_words(
    runtime_of: RuntimeOf, client_of: ClientOf, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = await service_of(page, runtime_of)
    client = await client_of(runtime, keyed=False)
    headers = {"Accept": BROWSER, "Accept-Language": "de"}
    is_page(await client.post(page.address(runtime), headers=headers, content=b"x" * 2_000_000), 413, "de", "unread")
    client._transport = httpx.ASGITransport(client._transport.app, raise_app_exceptions=False)  # type: ignore[attr-defined]
    monkeypatch.setattr(runtime, "links", None)
    is_page(await client.get(page.path.format(token="x"), headers=headers), 500, "de", "away")


async def test_all_pages_of_customers_are_looked_at_here(runtime_of: RuntimeOf, client_of: ClientOf) -> None:
    for name in ("orders_listener", "feedback", "loyalty", "notifier"):
        client = await client_of(await runtime_of(compose(name)), keyed=False)
        document = await document_of(client)
        found = {
            one.path
            for one in operations(document)
            if one.scope is None
            and "text/html" in document["paths"][one.path][one.method.lower()]["responses"]["200"].get("content", {})
        }
        assert found == {page.path for page in PAGES if page.service == name}
