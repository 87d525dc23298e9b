"""Words as staff sees them: every kind of message in every language with sample data, and a mail of it to themselves.

Nothing here is said to a customer, and nothing is recorded as said.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from msgspec.structs import replace

from chassis import audits
from chassis.access import READ, WRITE, needs
from chassis.errors import NotFound, Rejected
from chassis.openapi import answer, refusal
from chassis.pages import Pages
from contracts.storefront import Contact
from contracts.vocabulary import Channel
from notifier.letters import Letters
from notifier.mail import Answer
from notifier.material import MATERIALS
from notifier.outgoing import Composed
from notifier.people import email_of
from notifier.samples import SHOWN, sample_message, sample_person, sample_ways
from notifier.template_schemas import TEMPLATE, TEMPLATES, TEST_SENT, TemplateBody, TemplatesBody, TestSend, TestSent
from notifier.tongues import keys_of
from notifier.words import Words

Send = Callable[[str, bytes], Awaitable[Answer]]
MOST_TESTS, WITHIN_S = 10, 60.0
"""Mails to try words with: so many in so long, from this process."""
CHANNELS = (Channel.sms, Channel.push, Channel.chat)
_MAIL_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Of the mail in its frame: what mail programs allow, and less."""


class Tests:
    """Counts mails that try words, so that nobody's mailbox is filled through this door."""

    def __init__(self) -> None:
        self._sent_at: deque[float] = deque()

    def take(self) -> None:
        """One more; a 429 when there were too many."""
        now = monotonic()
        while self._sent_at and now - self._sent_at[0] > WITHIN_S:
            self._sent_at.popleft()
        if len(self._sent_at) >= MOST_TESTS:
            raise HTTPException(429, f"At most {MOST_TESTS} test mails in a minute; try again in a while.")
        self._sent_at.append(now)


def preview(letters: Letters, send: Send) -> APIRouter:
    """The page, and the same as JSON."""
    router = APIRouter()
    words = letters.words
    router.include_router(_page(words, Pages("notifier", words.shop.name)))
    router.include_router(_templates(letters, send))
    return router


def _page(words: Words, pages: Pages) -> APIRouter:
    router = APIRouter(tags=["preview of words"], default_response_class=HTMLResponse)

    @router.get("/preview", summary="Every kind of message in every language, with sample data")
    @needs(READ, in_browser=True)
    async def show(
        kind: Annotated[str, Query(max_length=64)] = "issue_opened.delivery_late",
        locale: Annotated[str | None, Query(max_length=16)] = None,
    ) -> HTMLResponse:
        locale = locale or words.tongues.own
        composed = _composed(words, kind, locale, Channel.email)
        shorts = {channel: _composed(words, kind, locale, channel) for channel in CHANNELS}
        shown = pages.page(
            "preview.html", kind=kind, locale=locale, composed=composed, shorts=shorts, kinds=SHOWN,
            locales=words.locales, names=sorted(MATERIALS[kind].names), spoken=_spoken(words, kind),
        )  # fmt: skip
        shown.headers["Content-Security-Policy"] += "; frame-src 'self'"
        return shown

    @router.get("/preview/{kind}/{locale}/mail", summary="The mail alone, as its reader has it")
    @needs(READ, in_browser=True)
    async def mail(kind: str, locale: str) -> HTMLResponse:
        composed = _composed(words, kind, locale, Channel.email)
        return HTMLResponse(composed.html, headers=_MAIL_HEADERS | {"Content-Language": composed.locale})

    return router


def _templates(letters: Letters, send: Send) -> APIRouter:
    router = APIRouter(prefix="/v1/templates", tags=["notifier"])
    words, tests = letters.words, Tests()

    @router.get(
        "", summary="What can be said, in which languages, and what sentences may name", responses=answer(TEMPLATES)
    )
    @needs(READ)
    async def list_templates() -> TemplatesBody:
        kinds = [_kind(words, key) for key in SHOWN]
        return TemplatesBody(
            version=words.version, language=words.tongues.own, locales=list(words.locales), kinds=kinds
        )

    @router.get(
        "/{kind}/{locale}",
        summary="One kind in one language with sample data, on every channel",
        responses=answer(TEMPLATE),
    )
    @needs(READ)
    async def show_template(kind: str, locale: str) -> TemplateBody:
        mail = _composed(words, kind, locale, Channel.email)
        shorts = {channel: _composed(words, kind, locale, channel).text for channel in CHANNELS}
        return TemplateBody(
            kind=kind, locale=locale, said_in=mail.locale, version=mail.version, subject=mail.subject, text=mail.text,
            html=mail.html or "", shorts=shorts,
        )  # fmt: skip

    @router.post(
        "/{kind}/{locale}/test-send", summary="Send that mail to somebody who wants to see it; nothing is recorded",
        responses=answer(TEST_SENT) | refusal(429, "too_many_requests", "At most 10 test mails in a minute."),
    )  # fmt: skip
    @needs(WRITE)
    async def test_send(kind: str, locale: str, body: TestSend, request: Request) -> TestSent:
        if email_of((Contact(channel=Channel.email, address=body.to),)) is None:
            raise Rejected("bad_address", "Write a plain e-mail address, like you@shop.example.")
        _check(words, kind)
        tests.take()
        async with request.app.state.runtime.transaction() as tx:
            await audits.write(tx)
        message = replace(sample_message(kind), message_id=f"test-{uuid4()}")
        person, ways = sample_person(locale, body.to), sample_ways(kind)
        composed = words.compose(message, person, Channel.email, ways)
        composed = replace(composed, subject=f"[Test] {composed.subject}")
        sent = await send(body.to, letters.mail(message, person, composed, ways))
        return TestSent(result=str(sent.result), code=sent.code)

    return router


def _composed(words: Words, kind: str, locale: str, channel: Channel) -> Composed:
    _check(words, kind)
    return words.compose(sample_message(kind), sample_person(locale), channel, sample_ways(kind))


def _check(words: Words, kind: str) -> None:
    if kind not in SHOWN or not words.tongues.known["en"].issuperset([kind]):
        raise NotFound("no_such_kind", "There is no such kind of message; GET /v1/templates lists them.")


def _spoken(words: Words, kind: str) -> list[str]:
    keys = keys_of(kind.partition(".")[0], sample_message(kind).content)
    return [locale for locale in words.locales if words.tongues.known[locale].issuperset(keys)]


def _kind(words: Words, key: str) -> dict[str, Any]:
    return {"kind": key, "locales": _spoken(words, key), "names": sorted(MATERIALS[key].names)}
