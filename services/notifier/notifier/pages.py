"""The customer's page: what they want to hear from us, behind the signed link of every mail. Works without script.

Looking changes nothing (mail scanners open links); only sending the form does, or the one click of a mail program
(RFC 8058), which posts to the same address. Nothing is logged here: the link is the key to the page.
"""

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from babel.dates import format_skeleton, get_timezone_location
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from chassis.access import opened
from chassis.errors import Rejected
from chassis.links import LinkClaims
from chassis.pages import WAYS_OUT, Notice, Pages
from chassis.phrases import Phrases
from chassis.runtime import Runtime
from contracts.vocabulary import Channel, Purpose
from notifier import people_store, withdrawal_store
from notifier.forms import KEEP, PAUSES_DAYS, Form, box, sent, shown
from notifier.people import PartOfDay, Person, masked_on, zone_of
from notifier.phrases import PHRASES, phrases_for
from notifier.preferences import LINK_PURPOSE, Source, Withdrawal, channels_of, offered, unsubscription
from notifier.vaults import Vault

MOST_FIELDS = 50
STATUSES = {
    "bad_link": HTTPStatus.NOT_FOUND,
    "link_expired": HTTPStatus.GONE,
    "erased": HTTPStatus.GONE,
    "not_by_one_click": HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Of what is said instead of the page, by the code of the refusal; the words are in `phrases`."""


class Visit(NamedTuple):
    """A page that was opened by its link."""

    claims: LinkClaims
    source: Source
    person: Person
    now: datetime
    carried: Collection[str]
    """The channels that have a provider."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """On which they are reached; a channel that carries nothing is none to choose."""
        return channels_of(self.person, self.carried)

    @property
    def offered(self) -> tuple[Channel, ...]:
        """On which there is something to choose."""
        return offered(self.person, self.carried)


def page(runtime: Runtime, shop_name: str, vault: Vault, carried: Collection[str]) -> APIRouter:
    """The form, and where it and mail programs send to."""
    router = APIRouter(tags=["customer's page"], default_response_class=HTMLResponse)
    pages = Pages("notifier", shop_name)

    @router.get("/preferences/{token}", summary="What you want to hear, as a form", responses=WAYS_OUT)
    @opened("the signed link is the key to the page")
    async def show(token: str, request: Request) -> HTMLResponse:
        try:
            visit = await open_visit(runtime, vault, token, carried)
        except Rejected as refusal:
            return refused(pages, refusal, request)
        return _form(
            pages, runtime, visit, phrases_of(visit.person, request), shown(visit.person, visit.now, visit.offered)
        )

    @router.post(
        "/preferences/{token}", summary="A choice, or the one click of a mail program", responses=WAYS_OUT,
        openapi_extra=_BODY,
    )  # fmt: skip
    @opened("the signed link is the key; a mail program that is sent away does not come again", limited=False)
    async def choose(token: str, request: Request) -> HTMLResponse:
        fields = await request.form(max_files=0, max_fields=MOST_FIELDS)
        try:
            if fields.get("List-Unsubscribe") == "One-Click":
                return await _unsubscribe(pages, runtime, vault, token, request)
            visit = await open_visit(runtime, vault, token, carried)
        except Rejected as refusal:
            return refused(pages, refusal, request)
        form, say = sent(fields, visit.offered), phrases_of(visit.person, request)
        if problems := form.problems():
            return _form(pages, runtime, visit, say, form, problems=problems)
        try:
            choice = form.choice(visit.person, visit.source, visit.now)
            await runtime.command(visit.claims.customer_id, choice, actor="customer")
        except Rejected:
            return _form(pages, runtime, visit, say, form, later=True)
        visit = await open_visit(runtime, vault, token, carried)
        return _form(
            pages,
            runtime,
            visit,
            phrases_of(visit.person, request),
            shown(visit.person, visit.now, visit.offered),
            saved=True,
        )

    return router


async def _unsubscribe(pages: Pages, runtime: Runtime, vault: Vault, token: str, request: Request) -> HTMLResponse:
    """At once, whatever the age of the mail."""
    claims = runtime.links.verify(token, purpose=LINK_PURPOSE)
    source = Source.of(claims.subject)
    leaving, person = unsubscription(source), await _person(runtime, vault, claims.customer_id)
    say = phrases_of(person, request)
    what = say(source.purpose)
    try:
        await runtime.command(claims.customer_id, leaving, actor="customer")
    except Rejected:  # a mail program does not come again
        at = await runtime.now(claims.customer_id)
        async with runtime.transaction() as tx:
            await withdrawal_store.keep(tx, Withdrawal(claims.customer_id, source.purpose, source.message_id, at))
        return notice(pages, say, "unsubscribed", HTTPStatus.ACCEPTED, say("unsubscribed_soon", what=what))
    words = say("unsubscribed", what=what)
    return notice(pages, say, "unsubscribed", HTTPStatus.OK, words, onward=("", say("onward")))


async def open_visit(runtime: Runtime, vault: Vault, token: str, carried: Collection[str]) -> Visit:
    """Raises `Rejected` with a code of `STATUSES`."""
    claims = runtime.links.verify(token, purpose=LINK_PURPOSE)
    source, now = Source.of(claims.subject), await runtime.now(claims.customer_id)
    claims.check_open(now)
    person = await _person(runtime, vault, claims.customer_id)
    if person.erased:
        raise Rejected("erased", "This customer asked to be forgotten.")
    return Visit(claims, source, person, now, carried)


async def _person(runtime: Runtime, vault: Vault, customer_id: str) -> Person:
    async with runtime.transaction() as tx:
        person, _ = (await people_store.people_and_circumstances_of(tx, vault, [customer_id]))[customer_id]
    return person


def phrases_of(person: Person | None, request: Request) -> Phrases:
    return phrases_for(person.language if person else None, request.headers.get("accept-language", ""))


def refused(pages: Pages, refusal: Rejected, request: Request) -> HTMLResponse:
    say = phrases_of(None, request)
    return notice(pages, say, refusal.code, STATUSES[refusal.code], say(refusal.code))


def notice(
    pages: Pages, say: Phrases, key: str, status: HTTPStatus, words: str, onward: tuple[str, str] | None = None
) -> HTMLResponse:
    return pages.notice(Notice(status, say(f"{key}_title"), words, onward), language=say.language)


def _form(
    pages: Pages, runtime: Runtime, visit: Visit, say: Phrases, form: Form, *, problems: dict[str, str] | None = None,
    later: bool = False, saved: bool = False,
) -> HTMLResponse:  # fmt: skip
    status = HTTPStatus.SERVICE_UNAVAILABLE if later else HTTPStatus.OK
    zone_name = visit.person.zone or runtime.settings.shop_zone
    return pages.page(
        "preferences.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if problems else status,
        language=say.language,
        say=say,
        form=form,
        problems=problems or {},
        later=later,
        saved=saved,
        boxes=[_Boxes.of(channel, visit.person) for channel in form.channels],
        ways=_ways(form, say),
        zone=place(zone_name, say.language),
        pauses=_pauses(visit, say, zone_name),
        hours=[("", say("hour_any")), *((str(part), say(f"hour_{part}")) for part in PartOfDay)],
        tongues=[("", say("language_usual")), *((one, PHRASES[one]("name")) for one in PHRASES)],
        languages=list(PHRASES),
    )


class _Boxes(NamedTuple):
    """What there is to choose on one channel."""

    channel: Channel
    address: str | None
    """Masked."""
    boxes: list[tuple[str, str]]
    """Their names, and for what each is."""

    @classmethod
    def of(cls, channel: Channel, person: Person) -> "_Boxes":
        address = person.addresses.get(channel)
        shown = masked_on(channel, address) if address else None
        return cls(channel, shown, [(box(channel, purpose), str(purpose)) for purpose in Purpose])


def _ways(form: Form, say: Phrases) -> list[tuple[str, str]]:
    """On which channel rather; there is nothing to ask about one."""
    if len(form.channels) < 2:
        return []
    return [("", say("channel_usual")), *((str(one), say(f"by_{one}")) for one in form.channels)]


def _pauses(visit: Visit, say: Phrases, zone_name: str) -> list[tuple[str, str]]:
    """The lengths that can be chosen, and the pause that holds now."""
    lengths = [("", say("pause_none")), *((str(days), say(f"pause_{days}")) for days in PAUSES_DAYS)]
    until = visit.person.paused(Purpose.marketing, visit.now)
    if until is None:
        return lengths
    day = until.astimezone(zone_of(zone_name)).date()
    return [(KEEP, say("pause_until", day=format_skeleton("MMMMd", day, locale=say.language))), *lengths]


def place(zone_name: str, locale: str) -> str:
    """The city that a time zone is named for, as the language calls it: Europe/Berlin is Berlim."""
    city = get_timezone_location(zone_name, locale=locale, return_city=True)
    return city.rpartition("/")[2].replace("_", " ")


_ONE_CLICK = {"type": "object", "properties": {"List-Unsubscribe": {"const": "One-Click"}}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/x-www-form-urlencoded": {"schema": _ONE_CLICK},
            "multipart/form-data": {"schema": _ONE_CLICK},
        }
    }
}
