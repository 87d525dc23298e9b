"""The simulated customers answer as people do: through the mail, the link and the form."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Form, Response
from fastapi.responses import HTMLResponse

from storefront.customers import Customers, Mail
from storefront.simulation.stories import Story
from storefront.simulator import Shop

SHOP = Shop(7)
STORIES = [story for story in SHOP.stories() if story.delivered_at is not None]
WILLING = next(story for story in STORIES if story.order.person.answers)
SILENT = next(story for story in STORIES if not story.order.person.answers)

PAGE = """<!doctype html><form method="get" action="/search"><input name="q"></form>
<form method="post"><input type="hidden" name="survey" value="nps">
<fieldset>{scores}</fieldset><textarea name="comment"></textarea><button>Send</button></form>"""
SCORES = "".join(f'<input type="radio" name="score" value="{score}">' for score in range(11))


class Pages:
    """The far side of the link: it keeps what was answered, once for each link."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[str, int, str]] = {}
        self.app = FastAPI()
        self.app.get("/s/{token}")(self.shown)
        self.app.post("/s/{token}")(self.answered)

    async def shown(self, token: str) -> Response:
        known = token.startswith("good")
        return HTMLResponse(PAGE.format(scores=SCORES if known else ""), status_code=200 if token != "gone" else 410)

    async def answered(
        self,
        token: str,
        survey: Annotated[str, Form()],
        score: Annotated[int, Form()],
        comment: Annotated[str, Form()] = "",
    ) -> Response:
        if token in self.answers:
            return HTMLResponse("Thank you, you have answered already.", status_code=410)
        self.answers[token] = survey, score, comment
        return HTMLResponse("Thank you!")


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
async def client(pages: Pages) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(pages.app), follow_redirects=True) as browser:
        yield browser


def _mail(story: Story, token: str, *, named: bool = True) -> Mail:
    return {
        "to": [story.order.person.address],
        "text": f"How was it?\n\nhttp://127.0.0.1:8104/s/{token}\n\nThank you.",
        "headers": {"X-Rapport-Order": story.order_id} if named else {},
    }


async def test_a_willing_customer_gives_the_drawn_answer(pages: Pages, client: httpx.AsyncClient) -> None:
    customers = Customers(SHOP, client)
    assert WILLING.delivered_at is not None
    customers.read(_mail(WILLING, "good.1-_x"), WILLING.delivered_at)
    await customers.answer()

    drawn = SHOP.answer_of(WILLING.customer_id, WILLING.order_id)
    assert drawn is not None
    assert pages.answers == {"good.1-_x": ("nps", drawn.score, drawn.comment or "")}
    assert customers.counts.answered == 1


async def test_an_answer_takes_its_time(pages: Pages, client: httpx.AsyncClient) -> None:
    customers = Customers(SHOP, client)
    drawn = SHOP.answer_of(WILLING.customer_id, WILLING.order_id)
    assert WILLING.delivered_at is not None
    assert drawn is not None
    customers.read(_mail(WILLING, "good"), WILLING.delivered_at)

    assert await customers.answer(WILLING.delivered_at) == 0
    assert await customers.answer(WILLING.delivered_at + timedelta(hours=drawn.delay_hours)) == 1
    assert len(pages.answers) == 1


async def test_without_a_header_they_think_of_the_last_order_that_came(pages: Pages, client: httpx.AsyncClient) -> None:
    customers = Customers(SHOP, client)
    assert WILLING.delivered_at is not None
    customers.read(_mail(WILLING, "good", named=False), WILLING.delivered_at)
    await customers.answer()

    assert len(pages.answers) == 1


@pytest.mark.parametrize("token", ["gone", "without-scores"])
async def test_a_page_that_takes_no_answer_is_counted(client: httpx.AsyncClient, token: str) -> None:
    customers = Customers(SHOP, client)
    assert WILLING.delivered_at is not None
    customers.read(_mail(WILLING, token), WILLING.delivered_at)
    await customers.answer()

    assert (customers.counts.answered, customers.counts.refused) == (0, 1)


async def test_a_second_answer_is_refused_by_the_page(client: httpx.AsyncClient) -> None:
    customers = Customers(SHOP, client)
    assert WILLING.delivered_at is not None
    for _ in range(2):
        customers.read(_mail(WILLING, "good"), WILLING.delivered_at)
    await customers.answer()

    assert (customers.counts.answered, customers.counts.refused) == (1, 1)


async def test_some_are_silent_and_some_mails_ask_nothing(pages: Pages, client: httpx.AsyncClient) -> None:
    customers = Customers(SHOP, client)
    assert SILENT.delivered_at is not None
    customers.read(_mail(SILENT, "good"), SILENT.delivered_at)
    customers.read(
        {"to": SILENT.order.person.address, "text": "Your parcel is late. We are sorry."}, SILENT.delivered_at
    )
    customers.read({"to": "stranger@example.org", "text": "http://x/s/good"}, SILENT.delivered_at)
    await customers.answer()

    assert pages.answers == {}
    assert (customers.counts.read, customers.counts.asked, customers.counts.silent) == (3, 2, 2)
