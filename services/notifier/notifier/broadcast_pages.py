"""A live page for staff: how far a broadcast is, and two buttons. Works without script; it loads itself again.

Who presses is asked once and stays in the page's address. A page of another origin cannot press a button.
"""

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from chassis import audits
from chassis.access import READ, WRITE, needs
from chassis.errors import NotFound
from chassis.pages import HTML, Notice, Pages
from chassis.runtime import Runtime
from notifier import broadcast_store
from notifier.broadcast_schemas import BroadcastBody
from notifier.broadcasts import Broadcast, Step

AGAIN_AFTER_S = 2
ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"content": {HTML: {}}} for status in (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
}
_NAME = re.compile(r"[\x21-\x7E]{1,64}")


def broadcast_pages(runtime: Runtime, shop_name: str, usual: float) -> APIRouter:
    """The list, and one page for each."""
    router = APIRouter(tags=["staff's pages"], default_response_class=HTMLResponse)
    pages = Pages("notifier", shop_name)

    @router.get("/broadcasts", summary="The last broadcasts, as a page")
    @needs(READ, in_browser=True)
    async def listed(by: str = "") -> HTMLResponse:
        async with runtime.transaction() as tx:
            found = await broadcast_store.broadcasts(tx, most=20, usual_per_second=usual)
        return _live(pages.page("broadcasts.html", by=_name(by), broadcasts=[_shown(one) for one in found]))

    @router.get("/broadcasts/{broadcast_id}", summary="How far a broadcast is, as a page", responses=ANSWERS)
    @needs(READ, in_browser=True)
    async def show(broadcast_id: str, by: str = "") -> HTMLResponse:
        try:
            async with runtime.transaction() as tx:
                found = await broadcast_store.broadcast(tx, broadcast_id, usual_per_second=usual)
        except NotFound as refusal:
            return pages.notice(Notice(HTTPStatus.NOT_FOUND, "No such broadcast", refusal.message))
        shown = pages.page("broadcast.html", by=_name(by), one=_shown(found), share=found.settled_share)
        return _live(shown) if _name(by) else shown

    @router.post("/broadcasts/{broadcast_id}/{step}", summary="A button of that page", status_code=303)
    @needs(WRITE, in_browser=True)
    async def press(broadcast_id: str, step: Step, request: Request, by: str = "") -> Response:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return pages.notice(Notice(HTTPStatus.FORBIDDEN, "Not from there", "Press the button on our own page."))
        if not _name(by) or step is Step.pace:
            return pages.notice(Notice(HTTPStatus.UNPROCESSABLE_ENTITY, "Who are you?", "Say your name first."))
        try:
            async with runtime.transaction() as tx:
                if await broadcast_store.steer(tx, broadcast_id, step, actor=f"staff:{by}"):
                    await audits.write(tx, on_behalf_of=f"staff:{by}")
        except NotFound as refusal:
            return pages.notice(Notice(HTTPStatus.NOT_FOUND, "No such broadcast", refusal.message))
        return RedirectResponse(f"../{broadcast_id}?by={by}", HTTPStatus.SEE_OTHER)

    return router


def _name(by: str) -> str:
    return by if _NAME.fullmatch(by) else ""


def _shown(found: Broadcast) -> BroadcastBody:
    return BroadcastBody.of(found, datetime.now(UTC))


def _live(page: HTMLResponse) -> HTMLResponse:
    page.headers["Refresh"] = str(AGAIN_AFTER_S)
    return page
