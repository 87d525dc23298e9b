"""What a customer's browser gets in the place of a problem: a few words in their language, with the shop's name.

Owns those words (`apologies.toml`) and who reads them: whoever accepts HTML, below the addresses of customers' pages.
Programs, and every other address, get the problem. Status and `Retry-After` are the problem's. Nothing is logged here:
the address of such a page is the key to it.
"""

import tomllib
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from fastapi.responses import HTMLResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.openapi import PROBLEM_JSON
from chassis.pages import HTML, Notice, Pages
from chassis.phrases import Phrasebook

FALLBACK = "en"
LOOKING = frozenset({"GET", "HEAD"})
LOST = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE})


class Place(NamedTuple):
    """Where customers' pages are."""

    pages: Pages
    beginnings: tuple[str, ...]
    """Of their paths: what stands before the link's token."""

    @classmethod
    def of(cls, shop_name: str, paths: Iterable[str]) -> "Place":
        """`paths` as routes declare them: `/s/{token}`."""
        return cls(Pages(None, shop_name), tuple({path.partition("{")[0].rstrip("/") for path in paths}))

    def instead(self, scope: Scope, status: int, told: Mapping[str, str]) -> HTMLResponse | None:
        """The page for who reads; None for whoever wants the problem itself. `told` are the problem's headers."""
        if not self._is_here(scope["path"]) or not _reads(Headers(scope=scope).get("accept", "")):
            return None
        looks = scope["method"] in LOOKING
        say = WORDS.for_browser(Headers(scope=scope).get("accept-language", ""))
        key = _key(status, looks=looks)
        onward = ("", say("again")) if looks and key in ("away", "often") else None
        notice = Notice(HTTPStatus(status), say(f"{key}_title"), say(key), onward)
        page = self.pages.notice(notice, language=say.language)
        if again := told.get("retry-after"):
            page.headers["retry-after"] = again
        return page

    def _is_here(self, path: str) -> bool:
        return any(path == one or path.startswith(f"{one}/") for one in self.beginnings)


class Apologies:
    """Sends the page in the place of whatever problem the app inside answers."""

    def __init__(self, app: ASGIApp, place: Place) -> None:
        self.app = app
        self.place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What is no problem passes untouched."""
        is_replaced = False

        async def reworded(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start":
                headers = Headers(raw=message["headers"])
                is_problem = headers.get("content-type", "").startswith(PROBLEM_JSON)
                page = self.place.instead(scope, message["status"], headers) if is_problem else None
                if page is not None:
                    is_replaced = True
                    await page(scope, receive, send)
            if not is_replaced:
                await send(message)

        await self.app(scope, receive, reworded if scope["type"] == "http" else send)


def _reads(accepted: str) -> bool:
    return any(part.partition(";")[0].strip().lower() == HTML for part in accepted.split(","))


def _key(status: int, *, looks: bool) -> str:
    """Which words a status is worth."""
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return "often"
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return "away" if looks else "unsent"
        case status if status in LOST:
            return "nowhere"
        case _:
            return "unread"


def _book() -> Phrasebook:
    words = tomllib.loads(Path(__file__).with_name("apologies.toml").read_text(encoding="utf-8"))
    return Phrasebook({FALLBACK: words[FALLBACK]} | words)


WORDS = _book()
