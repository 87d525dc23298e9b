"""The mailbox's pages and its JSON list. Everything shown was written by strangers: escaped, boxed in, no scripts."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from starlette.middleware.trustedhost import TrustedHostMiddleware

from deploy.local.mailbox.messages import PAGE, Entry, Messages
from deploy.local.mailbox.smtp import Acceptance, serve

LIST_LIMIT = 10_000
BOX = "allow-popups allow-popups-to-escape-sandbox"  # links of a mail open in a tab of their own
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'"
MAIL_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox {BOX}"
TEMPLATES = Jinja2Templates(Path(__file__).with_name("templates"))  # escapes everything in .html by default


def mailbox(messages: Messages, smtp_port: int) -> FastAPI:
    """The whole mailbox as one application: while it runs, so does its SMTP server."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        server = await serve(Acceptance(messages), smtp_port)
        yield
        server.close()
        messages.close()

    app = FastAPI(title="Mailbox", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    # Without this, a page of the internet could read the mails through a name that it points to this machine.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    app.middleware("http")(_with_policy)
    _add_routes(app, messages)
    return app


async def _with_policy(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    response.headers.update({"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"})
    return response


def _add_routes(app: FastAPI, messages: Messages) -> None:
    def existing(n: int) -> Entry:
        if (entry := messages.one(n)) is None:
            raise HTTPException(404, "no such message")
        return entry

    @app.get("/health")
    async def health() -> dict[str, object]:
        return {"status": "ok", "messages": messages.count()}

    @app.get("/messages.json")
    async def listed(
        after: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=LIST_LIMIT)] = LIST_LIMIT
    ) -> list[dict[str, object]]:
        return [entry.as_json() for entry in messages.after(after, limit)]

    @app.get("/", response_class=HTMLResponse)
    async def newest(request: Request, before: Annotated[int | None, Query(ge=1)] = None, to: str = "") -> Response:
        entries = messages.newest(before, to.strip())
        older = entries[-1].n if len(entries) == PAGE else None
        shown = {"entries": entries, "older": older, "before": before, "to": to, "count": messages.count()}
        return TEMPLATES.TemplateResponse(request, "messages.html", shown)

    @app.get("/messages/{n}", response_class=HTMLResponse)
    async def shown(request: Request, n: int) -> Response:
        entry = existing(n)
        context = {"entry": entry, "has_html": bool(messages.html(n)), "box": BOX}
        return TEMPLATES.TemplateResponse(request, "message.html", context)

    @app.get("/messages/{n}/html")
    async def html_part(n: int) -> Response:
        page = f'<!doctype html><meta charset="utf-8"><base target="_blank">{messages.html(existing(n).n)}'
        return HTMLResponse(page, headers={"Content-Security-Policy": MAIL_POLICY})

    @app.get("/messages/{n}/source")
    async def source(n: int) -> Response:
        return Response(messages.content(existing(n).n), media_type="text/plain; charset=utf-8")
