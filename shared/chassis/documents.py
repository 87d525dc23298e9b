"""The OpenAPI document and the page that shows it: open, for they say what can be asked and nothing of what is known.

The page's own program comes from where its makers publish it; the policy of the page lets nothing else in.
"""

import base64
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse

from chassis.access import opened

PUBLISHED = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def documents(title: str, document: Callable[[], dict[str, Any]]) -> APIRouter:
    """Both."""
    router = APIRouter(include_in_schema=False)
    page = get_swagger_ui_html(openapi_url="openapi.json", title=title, swagger_ui_parameters=_SHOWN)
    content = bytes(page.body).decode()
    headers = {"Content-Security-Policy": policy(content)}

    @router.get("/openapi.json")
    @opened("it holds nothing that is known of anybody", limited=False)
    async def described() -> JSONResponse:
        return JSONResponse(document())

    @router.get("/docs")
    @opened("it holds nothing that is known of anybody", limited=False)
    async def shown() -> HTMLResponse:
        return HTMLResponse(content, headers=headers)

    return router


def policy(page: str) -> str:
    """Scripts and style of the page's makers, the few lines that start them, and requests to this service alone."""
    hashes = [base64.b64encode(sha256(lines.encode()).digest()).decode() for lines in _INLINE.findall(page)]
    starts = " ".join(f"'sha256-{one}'" for one in hashes)
    return (
        f"default-src 'none'; script-src {PUBLISHED} {starts}; style-src {PUBLISHED} 'unsafe-inline'; "
        "img-src 'self' data: https://fastapi.tiangolo.com; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


_SHOWN = {"persistAuthorization": False, "tryItOutEnabled": True}
