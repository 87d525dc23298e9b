"""The customers' page: looking answers nothing, sending answers once."""

import base64
import html
import logging
import re
from hashlib import sha256

import httpx
import pytest
from sqlalchemy import text

from chassis.runtime import Runtime
from feedback.customers import invitation_id_of
from feedback.pages import NOTICES
from feedback.phrases import PHRASES
from tests.feedback.conftest import TimeIs, link
from tests.feedback.shop import day, delivered, erased

INVITATION = invitation_id_of("o1")


@pytest.fixture
async def path(runtime: Runtime, time_is: TimeIs) -> str:
    """Ada was asked on day 3; it is day 4."""
    await runtime.fold([delivered()], until=day(4))
    await time_is(day(4))
    return link(runtime, INVITATION, expires_at=day(17))


async def answers(runtime: Runtime) -> list[tuple[int, str | None]]:
    async with runtime.transaction() as tx:
        return [(row.score, row.comment) for row in await tx.execute(text("select score, comment from responses"))]


async def test_looking_at_the_page_answers_nothing(client: httpx.AsyncClient, runtime: Runtime, path: str) -> None:
    for _ in range(3):
        page = await client.get(path)
        assert page.status_code == 200
    assert await answers(runtime) == []
    assert (await client.head(path)).status_code == 405


async def test_the_page_asks_for_eleven_scores_that_everybody_can_reach(client: httpx.AsyncClient, path: str) -> None:
    page = (await client.get(path)).text
    assert re.findall(
        r'<label><input type="radio" name="score" value="(\d+)" required><span>\1</span></label>', page
    ) == [str(score) for score in range(11)]
    assert "<fieldset" in page
    assert "<legend>" in page
    assert '<label for="comment">' in page
    assert 'content="width=device-width, initial-scale=1"' in page
    assert "<script" not in page
    assert "Tea &amp; &lt;Toast&gt;" in page


async def test_the_page_tells_nobody_where_it_is(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)
    [style] = re.findall(r"<style>(.*)</style>", page.text, re.DOTALL)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert hash_of(style) in policy
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    assert "http" not in page.text


def hash_of(style: str) -> str:
    return "'sha256-" + base64.b64encode(sha256(style.encode()).digest()).decode() + "'"


async def test_an_answer_is_kept_once(client: httpx.AsyncClient, runtime: Runtime, path: str) -> None:
    first = await client.post(path, data={"score": "9", "comment": "Lovely\r\ntea \x00☕"})
    again = await client.post(path, data={"score": "1"})
    look = await client.get(path)
    assert (first.status_code, again.status_code, look.status_code) == (200, 200, 200)
    assert "Thank you" in first.text
    assert "already answered" in again.text
    assert "already answered" in look.text
    assert await answers(runtime) == [(9, "Lovely\ntea ☕")]


@pytest.mark.parametrize(
    "form", [{}, {"score": ""}, {"score": "11"}, {"score": "-1"}, {"score": "9.5"}, {"score": "٣"}, {"comment": "only"}]
)
async def test_a_form_without_a_score_comes_back_with_what_was_written(
    client: httpx.AsyncClient, runtime: Runtime, path: str, form: dict[str, str]
) -> None:
    page = await client.post(path, data=form)
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert f">{form.get('comment', '')}</textarea>" in page.text
    assert await answers(runtime) == []


async def test_words_that_are_too_long_come_back_whole(client: httpx.AsyncClient, runtime: Runtime, path: str) -> None:
    words = "<b>x</b>" * 300
    page = await client.post(path, data={"score": "7", "comment": words})
    assert page.status_code == 422
    assert html.escape(words) in page.text
    assert 'value="7" required checked>' in page.text
    assert await answers(runtime) == []


async def test_an_answer_that_cannot_be_kept_now_is_not_lost(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    """An event of this customer is parked; until somebody has looked, nothing of theirs may change."""
    async with runtime.transaction() as tx:
        await tx.execute(text("update customers set blocked_at = now()"))
    page = await client.post(path, data={"score": "7", "comment": "Fine."})
    assert page.status_code == 503
    assert ">Fine.</textarea>" in page.text
    assert 'value="7" required checked>' in page.text


async def test_a_file_is_no_comment(client: httpx.AsyncClient, runtime: Runtime, path: str) -> None:
    page = await client.post(path, data={"score": "7"}, files={"comment": ("x.txt", b"hello")})
    assert page.status_code in (400, 422)
    assert await answers(runtime) == []


async def test_a_link_that_is_not_ours_opens_nothing(client: httpx.AsyncClient, runtime: Runtime, path: str) -> None:
    others = link(runtime, INVITATION, expires_at=day(17), purpose="redemption")
    for wrong in (others, path[:-3] + "abc", "/s/x", "/s/a.b.c", path + "%00"):
        for page in (await client.get(wrong), await client.post(wrong, data={"score": "9"})):
            assert page.status_code == 404
            assert "does not work" in page.text
            assert page.headers["referrer-policy"] == "no-referrer"
    assert await answers(runtime) == []


@pytest.mark.parametrize("at", [17, 100])
async def test_a_link_that_is_too_old_says_so(
    client: httpx.AsyncClient, runtime: Runtime, time_is: TimeIs, path: str, at: float
) -> None:
    await time_is(day(at))
    for where in (path, link(runtime, INVITATION, expires_at=day(1_000))):
        page = await client.post(where, data={"score": "9"})
        assert page.status_code == 410
        assert "time to answer has passed" in page.text
    assert await answers(runtime) == []


async def test_who_is_forgotten_has_nothing_left_to_answer_and_no_words_are_left(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    await client.post(path, data={"score": "2", "comment": "My name is Ada."})
    await runtime.fold([erased(at=5)])
    assert await answers(runtime) == [(2, None)]
    assert (await client.get(path)).status_code == 410


async def test_the_words_lie_in_one_table_and_in_no_event(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    await client.post(path, data={"score": "2", "comment": "extraordinarily wet"})
    async with runtime.transaction() as tx:
        tables = await tx.execute(text("select tablename from pg_tables where schemaname = 'public'"))
        contents = {
            name: (await tx.execute(text(f"select string_agg(cast(t as text), '') from {name} t"))).scalar_one()  # noqa: S608 our own names
            for name in tables.scalars().all()
        }
        said = (await tx.execute(text("select string_agg(convert_from(value, 'UTF8'), '') from outbox"))).scalar_one()
    assert [name for name, content in contents.items() if "extraordinarily" in (content or "")] == ["responses"]
    assert '"score":2' in said
    assert "extraordinarily" not in said


async def test_neither_token_nor_words_are_logged(
    client: httpx.AsyncClient, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await client.post(path, data={"score": "2", "comment": "extraordinarily wet"})
        await client.get(path)
    logged = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not any(path[3:] in record.getMessage() or "extraordinarily" in record.getMessage() for record in logged)


# --- in the reader's language ---


@pytest.mark.parametrize(
    ("accepted", "language", "asked"),
    [
        ("", "en", "How likely are you to recommend Tea & <Toast> to a friend or colleague?"),
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Wie wahrscheinlich ist es, dass Sie Tea & <Toast> Freunden oder Kollegen"),
        ("nl,es;q=0.5", "es", "¿Qué probabilidad hay de que recomiende Tea & <Toast> a un amigo o colega?"),
        ("fr", "fr", "Quelle est la probabilité que vous recommandiez Tea & <Toast> à un ami ou à un collègue"),
        ("PT-br", "pt", "Qual é a probabilidade de recomendar Tea & <Toast> a um amigo ou colega?"),
        ("xx;q=nonsense,,", "en", "How likely are you"),
    ],
)
async def test_the_question_is_asked_in_a_language_of_the_reader(
    client: httpx.AsyncClient, path: str, accepted: str, language: str, asked: str
) -> None:
    page = await client.get(path, headers={"accept-language": accepted})
    assert asked in html.unescape(page.text)
    assert (page.headers["content-language"], f'<html lang="{language}">' in page.text) == (language, True)


@pytest.mark.parametrize("language", PHRASES)
async def test_whatever_is_said_instead_of_the_question_has_words(client: httpx.AsyncClient, language: str) -> None:
    say = PHRASES[language]
    for _, key in NOTICES.values():
        assert say(f"{key}_title")
        assert say(key)
    lost = await client.get("/s/nothing", headers={"accept-language": language})
    assert say("bad_link") in html.unescape(lost.text)
    assert "– Tea & <Toast></title>" in html.unescape(lost.text)
