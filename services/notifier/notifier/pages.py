"""The customer's page: what they want to hear from us, behind the signed link of every mail. Works without script.

Looking changes nothing (mail scanners open links); only sending the form does, or the one click of a mail program
(RFC 8058), which posts to the same address. Nothing is logged here: the link is the key to the page.
"""

import base64
from hashlib import sha256
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import FormData

from chassis.errors import Rejected
from chassis.links import LinkClaims
from chassis.runtime import Runtime
from contracts.vocabulary import Purpose
from notifier import store
from notifier.people import Person, masked
from notifier.preferences import CHANNELS, LINK_PURPOSE, Choose, Source, Way, unsubscription

MOST_FIELDS = 50

_environment = Environment(loader=PackageLoader("notifier"), autoescape=True, undefined=StrictUndefined)
_STYLE = _environment.get_template("style.css").render()
_PREFERENCES = _environment.get_template("preferences.html")
_NOTICE = _environment.get_template("notice.html")
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}


class Notice(NamedTuple):
    """What is said instead of the form."""

    status: HTTPStatus
    title: str
    words: str


NOTICES = {
    "bad_link": Notice(
        HTTPStatus.NOT_FOUND, "This link does not work", "Please open it again from the message we sent you."
    ),
    "link_expired": Notice(
        HTTPStatus.GONE,
        "This link is too old",
        "Please open the link in a newer message, or answer any message of ours.",
    ),
    "erased": Notice(HTTPStatus.GONE, "There is nothing left to choose", "We have forgotten you, as you asked."),
    "not_by_one_click": Notice(
        HTTPStatus.UNPROCESSABLE_ENTITY, "Please choose on the page", "Open the link in the message."
    ),
}
LATER = "We could not keep your choice just now. Please send it again later."
UNSUBSCRIBED = Notice(HTTPStatus.OK, "Done", "You will not get such messages any more.")
WORDS = {
    Purpose.service: ("Your orders", "That they came in, left and arrived, and what is wrong with them."),
    Purpose.loyalty: ("Your points", "What you earned, and what you can do with it."),
    Purpose.survey: ("Questions", "Now and then one question: how did we do?"),
    Purpose.marketing: ("Offers and news", "What is new, and what costs less."),
}


class Choice(NamedTuple):
    """One box of the form."""

    name: str
    title: str
    more: str
    wanted: bool


def page(runtime: Runtime, shop_name: str) -> APIRouter:
    """The form, and where it and mail programs send to."""
    router = APIRouter(tags=["customer's page"], default_response_class=HTMLResponse)

    @router.get("/preferences/{token}", summary="What you want to hear, as a form", responses=_RESPONSES)
    async def show(token: str) -> HTMLResponse:
        try:
            claims = await _open(runtime, token)
            return _form(shop_name, await _person(runtime, claims))
        except Rejected as refusal:
            return _notice(NOTICES[refusal.code], shop_name)

    @router.post(
        "/preferences/{token}", summary="A choice, or the one click of a mail program", responses=_RESPONSES,
        openapi_extra=_BODY,
    )  # fmt: skip
    async def choose(token: str, request: Request) -> HTMLResponse:
        form = await request.form(max_files=0, max_fields=MOST_FIELDS)
        try:
            if form.get("List-Unsubscribe") == "One-Click":
                return await _unsubscribe(runtime, token, shop_name)
            claims = await _open(runtime, token)
            person = await _person(runtime, claims)
            chosen = _chosen(form, person, Source.of(claims.subject))
        except Rejected as refusal:
            return _notice(NOTICES[refusal.code], shop_name)
        try:
            await runtime.command(claims.customer_id, chosen, actor="customer")
        except Rejected:
            return _form(shop_name, person, problem=LATER)
        return _form(shop_name, await _person(runtime, claims), saved=True)

    return router


async def _unsubscribe(runtime: Runtime, token: str, shop_name: str) -> HTMLResponse:
    """At once, whatever the age of the mail."""
    claims = runtime.links.verify(token, purpose=LINK_PURPOSE)
    leaving = unsubscription(Source.of(claims.subject))
    try:
        await runtime.command(claims.customer_id, leaving, actor="customer")
    except Rejected:
        return _notice(Notice(HTTPStatus.SERVICE_UNAVAILABLE, "Not yet", LATER), shop_name)
    return _notice(UNSUBSCRIBED, shop_name)


async def _open(runtime: Runtime, token: str) -> LinkClaims:
    """Raises `Rejected` with a code of `NOTICES`."""
    claims = runtime.links.verify(token, purpose=LINK_PURPOSE)
    claims.check_open(await runtime.now(claims.customer_id))
    return claims


async def _person(runtime: Runtime, claims: LinkClaims) -> Person:
    async with runtime.transaction() as tx:
        person, _ = (await store.people_and_circumstances_of(tx, [claims.customer_id]))[claims.customer_id]
    if person.erased:
        raise Rejected("erased", "This customer asked to be forgotten.")
    return person


def _chosen(form: FormData, person: Person, source: Source) -> Choose:
    """What differs from what holds: a box that nobody touched says nothing."""
    wanted: dict[Any, dict[Purpose, bool]] = {}
    for channel in CHANNELS:
        boxes = {purpose: form.get(f"{channel}-{purpose}") == "yes" for purpose in Purpose}
        wanted[channel] = {
            purpose: given for purpose, given in boxes.items() if given is not person.allows(channel, purpose)
        }
    return Choose(wanted=wanted, way=Way.page, evidence=f"preference page, opened from message {source.message_id}")


def _form(shop_name: str, person: Person, *, problem: str | None = None, saved: bool = False) -> HTMLResponse:
    channels = [
        (
            channel,
            [Choice(f"{channel}-{purpose}", *WORDS[purpose], person.allows(channel, purpose)) for purpose in Purpose],
        )
        for channel in CHANNELS
    ]
    content = _PREFERENCES.render(
        style=Markup(_STYLE),  # noqa: S704 our own file
        shop_name=shop_name, address=masked(person.email), channels=channels, problem=problem, saved=saved,
    )  # fmt: skip
    status = HTTPStatus.SERVICE_UNAVAILABLE if problem else HTTPStatus.OK
    return HTMLResponse(content, status, headers=_HEADERS)


def _notice(notice: Notice, shop_name: str) -> HTMLResponse:
    style = Markup(_STYLE)  # noqa: S704 our own file
    content = _NOTICE.render(style=style, shop_name=shop_name, title=notice.title, words=notice.words)
    return HTMLResponse(content, notice.status, headers=_HEADERS)


_RESPONSES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.GONE: {"description": "The link is too old", "content": {"text/html": {}}},
    HTTPStatus.NOT_FOUND: {"description": "The link is not one of ours", "content": {"text/html": {}}},
}
_ONE_CLICK = {"type": "object", "properties": {"List-Unsubscribe": {"const": "One-Click"}}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/x-www-form-urlencoded": {"schema": _ONE_CLICK},
            "multipart/form-data": {"schema": _ONE_CLICK},
        }
    }
}
