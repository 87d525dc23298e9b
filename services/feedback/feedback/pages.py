"""The customers' page: one question behind a signed link. Works without script.

Looking at it answers nothing (mail scanners open links); only sending the form does. Neither the link's token nor
what is written may go anywhere but into the answer: nothing is logged here.
"""

import base64
from hashlib import sha256
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chassis.errors import Rejected
from chassis.links import LinkClaims
from chassis.runtime import Runtime
from feedback import store
from feedback.answers import LONGEST_COMMENT, Answer, answerable
from feedback.scores import HIGHEST, LOWEST

PURPOSE = "survey"
"""What a link must have been minted for."""
SCORES = {str(score): score for score in range(LOWEST, HIGHEST + 1)}
MOST_FIELDS = 10

_environment = Environment(loader=PackageLoader("feedback"), autoescape=True, undefined=StrictUndefined)
_STYLE = _environment.get_template("style.css").render()
_QUESTION = _environment.get_template("question.html")
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
    """What is said instead of the question."""

    status: HTTPStatus
    title: str
    words: str


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

    @router.get("/s/{token}", summary="The question, as a form", responses=_RESPONSES)
    async def ask(token: str) -> HTMLResponse:
        try:
            await _open_question(runtime, token)
        except Rejected as refusal:
            return _notice(NOTICES[refusal.code], shop_name)
        return _question(shop_name)

    @router.post("/s/{token}", summary="The answer, once", responses=_RESPONSES, openapi_extra=_FORM)
    async def answer(token: str, request: Request) -> HTMLResponse:
        try:
            claims = await _open_question(runtime, token)
        except Rejected as refusal:
            return _notice(NOTICES[refusal.code], shop_name)
        form = await request.form(max_files=0, max_fields=MOST_FIELDS)
        score, comment = SCORES.get(_text(form.get("score"))), _text(form.get("comment"))
        if score is None or len(comment) > LONGEST_COMMENT:
            return _question(shop_name, problem=_problem(score), score=score, comment=comment)
        command = Answer(invitation_id=claims.subject, score=score, comment=comment or None)
        try:
            await runtime.command(claims.customer_id, command, actor="customer")
        except Rejected as refusal:
            if refusal.code in NOTICES:
                return _notice(NOTICES[refusal.code], shop_name)
            return _question(shop_name, problem=LATER, status=UNAVAILABLE, score=score, comment=comment)
        return _notice(THANKS, shop_name)

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
    shop_name: str,
    *,
    problem: str | None = None,
    status: HTTPStatus | None = None,
    score: int | None = None,
    comment: str = "",
) -> HTMLResponse:
    content = _QUESTION.render(
        style=Markup(_STYLE),  # noqa: S704 our own file
        shop_name=shop_name,
        scores=SCORES.values(),
        longest_comment=LONGEST_COMMENT,
        problem=problem,
        score=score,
        comment=comment,
    )
    usual = HTTPStatus.OK if problem is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return HTMLResponse(content, status or usual, headers=_HEADERS)


def _notice(notice: Notice, shop_name: str) -> HTMLResponse:
    style = Markup(_STYLE)  # noqa: S704 our own file
    content = _NOTICE.render(style=style, shop_name=shop_name, title=notice.title, words=notice.words)
    return HTMLResponse(content, notice.status, headers=_HEADERS)


_RESPONSES: dict[int | str, dict[str, Any]] = {
    HTTPStatus.GONE: {"description": "The time to answer has passed", "content": {"text/html": {}}},
    HTTPStatus.NOT_FOUND: {"description": "The link is not one of ours", "content": {"text/html": {}}},
}
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
