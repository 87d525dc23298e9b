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
from chassis.runtime import Runtime
from feedback import store
from feedback.answers import LONGEST_COMMENT, Answer, answerable
from feedback.scores import HIGHEST, LOWEST

PURPOSE = "survey"
"""What a link must have been minted for."""
SCORES = {str(score): score for score in range(LOWEST, HIGHEST + 1)}
MOST_FIELDS = 10

LATER = "We could not keep your answer just now. Please send it again later."
UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE
THANKS = Notice(HTTPStatus.OK, "Thank you", "Your answer has reached us.")
NOTICES = {
    "already_answered": Notice(
        HTTPStatus.OK, "You have already answered", "Thank you. We have kept your first answer."
    ),
    "bad_link": Notice(
        HTTPStatus.NOT_FOUND, "This link does not work", "Please open it again from the message we sent you."
    ),
    "link_expired": Notice(HTTPStatus.GONE, "This question is closed", "The time to answer has passed."),
    "invitation_expired": Notice(HTTPStatus.GONE, "This question is closed", "The time to answer has passed."),
    "unknown_invitation": Notice(HTTPStatus.GONE, "This question is closed", "There is nothing left to answer."),
}


def page(runtime: Runtime, shop_name: str) -> APIRouter:
    """The form and where it is sent."""
    router = APIRouter(tags=["customer's page"], default_response_class=HTMLResponse)
    pages = Pages("feedback", shop_name)

    @router.get("/s/{token}", summary="The question, as a form", responses=WAYS_OUT)
    @opened("the signed link is the key to the page")
    async def ask(token: str) -> HTMLResponse:
        try:
            await _open_question(runtime, token)
        except Rejected as refusal:
            return pages.notice(NOTICES[refusal.code])
        return _question(pages)

    @router.post("/s/{token}", summary="The answer, once", responses=WAYS_OUT, openapi_extra=_FORM)
    @opened("the signed link is the key to the page")
    async def answer(token: str, request: Request) -> HTMLResponse:
        try:
            claims = await _open_question(runtime, token)
        except Rejected as refusal:
            return pages.notice(NOTICES[refusal.code])
        form = await request.form(max_files=0, max_fields=MOST_FIELDS)
        score, comment = SCORES.get(_text(form.get("score"))), _text(form.get("comment"))
        if score is None or len(comment) > LONGEST_COMMENT:
            return _question(pages, problem=_problem(score), score=score, comment=comment)
        command = Answer(invitation_id=claims.subject, score=score, comment=comment or None)
        try:
            await runtime.command(claims.customer_id, command, actor="customer")
        except Rejected as refusal:
            if refusal.code in NOTICES:
                return pages.notice(NOTICES[refusal.code])
            return _question(pages, problem=LATER, status=UNAVAILABLE, score=score, comment=comment)
        return pages.notice(THANKS)

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


def _problem(score: int | None) -> str:
    if score is None:
        return "Please choose a number from 0 to 10."
    return f"Please shorten your words to {LONGEST_COMMENT} characters."


def _question(
    pages: Pages,
    *,
    problem: str | None = None,
    status: HTTPStatus | None = None,
    score: int | None = None,
    comment: str = "",
) -> HTMLResponse:
    usual = HTTPStatus.OK if problem is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return pages.page(
        "question.html", status or usual, scores=SCORES.values(), longest_comment=LONGEST_COMMENT, problem=problem,
        score=score, comment=comment,
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
