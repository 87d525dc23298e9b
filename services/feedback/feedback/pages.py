"""The customers' page: one question behind a signed link. Works without script.

Looking at it answers nothing (mail scanners open links); only sending the form does. Neither the link's token nor
what is written may go anywhere but into the answer: nothing is logged here.
"""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from chassis.access import opened
from chassis.errors import Rejected
from chassis.links import LinkClaims
from chassis.pages import WAYS_OUT, Notice, Pages
from chassis.phrases import Phrases
from chassis.runtime import Runtime
from feedback import store
from feedback.answers import LONGEST_COMMENT, Answer, answerable
from feedback.phrases import PHRASES
from feedback.scores import HIGHEST, LOWEST

PURPOSE = "survey"
"""What a link must have been minted for."""
SCORES = {str(score): score for score in range(LOWEST, HIGHEST + 1)}
MOST_FIELDS = 10

UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE
NOTICES = {
    "thanks": (HTTPStatus.OK, "thanks"),
    "already_answered": (HTTPStatus.OK, "already_answered"),
    "bad_link": (HTTPStatus.NOT_FOUND, "bad_link"),
    "link_expired": (HTTPStatus.GONE, "closed"),
    "invitation_expired": (HTTPStatus.GONE, "closed"),
    "unknown_invitation": (HTTPStatus.GONE, "unknown_invitation"),
}
"""What is said instead of the question, by the code of the refusal: the status, and the key of its words."""


def page(runtime: Runtime, shop_name: str) -> APIRouter:
    """The form and where it is sent."""
    router = APIRouter(tags=["customer's page"], default_response_class=HTMLResponse)
    pages = Pages("feedback", shop_name)

    @router.get("/s/{token}", summary="The question, as a form", responses=WAYS_OUT)
    @opened("the signed link is the key to the page")
    async def ask(token: str, request: Request) -> HTMLResponse:
        say = _phrases(request)
        try:
            await _open_question(runtime, token)
        except Rejected as refusal:
            return _notice(pages, say, refusal.code)
        return _question(pages, say)

    @router.post("/s/{token}", summary="The answer, once", responses=WAYS_OUT, openapi_extra=_FORM)
    @opened("the signed link is the key to the page")
    async def answer(token: str, request: Request) -> HTMLResponse:
        say = _phrases(request)
        try:
            claims = await _open_question(runtime, token)
        except Rejected as refusal:
            return _notice(pages, say, refusal.code)
        form = await request.form(max_files=0, max_fields=MOST_FIELDS)
        score, comment = SCORES.get(_text(form.get("score"))), _text(form.get("comment"))
        if score is None or len(comment) > LONGEST_COMMENT:
            return _question(pages, say, problem=_problem(say, score), score=score, comment=comment)
        command = Answer(invitation_id=claims.subject, score=score, comment=comment or None)
        try:
            await runtime.command(claims.customer_id, command, actor="customer")
        except Rejected as refusal:
            if refusal.code in NOTICES:
                return _notice(pages, say, refusal.code)
            return _question(pages, say, problem=say("later"), status=UNAVAILABLE, score=score, comment=comment)
        return _notice(pages, say, "thanks")

    return router


async def _open_question(runtime: Runtime, token: str) -> LinkClaims:
    """Raises `Rejected` with a code of `NOTICES` when there is nothing to answer."""
    claims = runtime.links.verify(token, purpose=PURPOSE)
    now = await runtime.now(claims.customer_id)
    claims.check_open(now)
    async with runtime.transaction() as tx:
        customers = await store.customers_by_id(tx, [claims.customer_id])
    answerable(customers[claims.customer_id], claims.subject, now)
    return claims


def _text(value: Any) -> str:
    """A field as text: one kind of line end, and without U+0000, which PostgreSQL cannot hold."""
    return value.replace("\r\n", "\n").replace("\x00", "").strip() if isinstance(value, str) else ""


def _phrases(request: Request) -> Phrases:
    return PHRASES.for_browser(request.headers.get("accept-language", ""))


def _notice(pages: Pages, say: Phrases, code: str) -> HTMLResponse:
    status, key = NOTICES[code]
    return pages.notice(Notice(status, say(f"{key}_title"), say(key)), language=say.language)


def _problem(say: Phrases, score: int | None) -> str:
    return say("no_score") if score is None else say("too_long", most=str(LONGEST_COMMENT))


def _question(
    pages: Pages,
    say: Phrases,
    *,
    problem: str | None = None,
    status: HTTPStatus | None = None,
    score: int | None = None,
    comment: str = "",
) -> HTMLResponse:
    usual = HTTPStatus.OK if problem is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return pages.page(
        "question.html", status or usual, language=say.language, say=say, scores=SCORES.values(),
        longest_comment=LONGEST_COMMENT, problem=problem, score=score, comment=comment,
    )  # fmt: skip


_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["score"],
                    "properties": {
                        "score": {"type": "integer", "minimum": LOWEST, "maximum": HIGHEST},
                        "comment": {"type": "string", "maxLength": LONGEST_COMMENT},
                    },
                }
            }
        },
    }
}
