"""The page behind the one question of the first message: the answer that was tapped, and one button that keeps it.

Looking changes nothing: mail scanners open every link, and some press what a script lets them press. So a tap in the
message chooses, a tap on the button says that a person did; nothing sends itself. Works without script.
"""

from collections.abc import Collection
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from chassis.access import opened
from chassis.errors import Rejected
from chassis.pages import WAYS_OUT, Pages
from chassis.phrases import Phrases
from chassis.runtime import Runtime
from notifier.forms import Wish
from notifier.pages import MOST_FIELDS, Visit, notice, open_visit, phrases_of, refused
from notifier.people import PartOfDay
from notifier.vaults import Vault


def question_page(runtime: Runtime, shop_name: str, vault: Vault, carried: Collection[str]) -> APIRouter:
    """The page, and where its button sends to."""
    router = APIRouter(tags=["customer's page"], default_response_class=HTMLResponse)
    pages = Pages("notifier", shop_name)

    @router.get("/preferences/{token}/question", summary="When you would rather hear from us", responses=WAYS_OUT)
    @opened("the signed link is the key to the page")
    async def show(token: str, request: Request) -> HTMLResponse:
        try:
            visit = await open_visit(runtime, vault, token, carried)
        except Rejected as refusal:
            return refused(pages, refusal, request)
        asked = Wish.sent(request.query_params)
        wish = asked if any(asked) and not asked.problems(visit.channels) else Wish.of(visit.person)
        return _page(pages, visit, phrases_of(visit.person, request), wish)

    @router.post("/preferences/{token}/question", summary="The answer to that", responses=WAYS_OUT)
    @opened("the signed link is the key to the page")
    async def choose(token: str, request: Request) -> HTMLResponse:
        fields = await request.form(max_files=0, max_fields=MOST_FIELDS)
        try:
            visit = await open_visit(runtime, vault, token, carried)
        except Rejected as refusal:
            return refused(pages, refusal, request)
        wish, say = Wish.sent(fields), phrases_of(visit.person, request)
        if problems := wish.problems(visit.channels):
            return _page(pages, visit, say, wish, problems=problems)
        try:
            await runtime.command(visit.claims.customer_id, wish.choice(visit.source), actor="customer")
        except Rejected:
            return _page(pages, visit, say, wish, later=True)
        what = ", ".join(say(key) for key in wish.words()) or say("hour_any")
        onward = (f"../{token}", say("onward"))
        return notice(pages, say, "question_saved", HTTPStatus.OK, say("question_saved", what=what), onward=onward)

    return router


def _page(
    pages: Pages, visit: Visit, say: Phrases, wish: Wish, *, problems: dict[str, str] | None = None, later: bool = False
) -> HTMLResponse:
    channels = visit.channels
    failed = HTTPStatus.SERVICE_UNAVAILABLE if later else HTTPStatus.OK
    return pages.page(
        "question.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if problems else failed,
        language=say.language,
        say=say,
        wish=wish,
        hours=[("", say("hour_any")), *((str(part), say(f"hour_{part}")) for part in PartOfDay)],
        channels=[(str(one), say(f"by_{one}")) for one in channels] if len(channels) > 1 else [],
        problems=problems or {},
        later=later,
    )
