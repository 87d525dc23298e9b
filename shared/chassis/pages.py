"""Pages for customers: one layout and style for the whole house, no script, nothing from elsewhere, no trace.

Owns how a page is made and the headers that protect it; each service brings its own templates and style. Nothing is
logged here: the address of such a page is the key to it.
"""

import base64
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

HTML = "text/html"
WAYS_OUT: dict[int | str, dict[str, Any]] = {
    HTTPStatus.GONE: {"description": "The link is too old, or leads to nothing any more", "content": {HTML: {}}},
    HTTPStatus.NOT_FOUND: {"description": "The link is not one of ours", "content": {HTML: {}}},
}
"""What every page behind a signed link may answer besides itself; for the OpenAPI document."""


@dataclass(frozen=True)
class Notice:
    """What is said instead of a page."""

    status: HTTPStatus
    title: str
    words: str
    onward: tuple[str, str] | None = None
    """An address that leads on, and the words for it."""


class Pages:
    """The pages of one service, from its package's `templates`: what extends `layout.html`, and `style.css`.

    Without a package there are notices alone.
    """

    def __init__(self, package: str | None, shop_name: str) -> None:
        loader = ChoiceLoader([PackageLoader(name) for name in (package, "chassis") if name])
        self._environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        styles = ("house.css", "style.css") if package else ("house.css",)
        style = "".join(self._environment.get_template(name).render() for name in styles)
        self._known = {"style": Markup(style), "shop_name": shop_name}  # noqa: S704 our own files
        self._headers = {
            "Content-Security-Policy": f"default-src 'none'; style-src '{_hash_of(style)}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
            "Cache-Control": "no-store",
        }

    def page(
        self, template: str, status: HTTPStatus = HTTPStatus.OK, *, language: str = "en", **values: Any
    ) -> HTMLResponse:
        """A template of the service with these values, in that language."""
        content = self._environment.get_template(template).render(self._known, language=language, **values)
        return HTMLResponse(content, status, headers=self._headers | {"Content-Language": language})

    def notice(self, notice: Notice, *, language: str = "en") -> HTMLResponse:
        """A few words instead of a page."""
        said = {"title": notice.title, "words": notice.words, "onward": notice.onward}
        return self.page("notice.html", notice.status, language=language, **said)


def _hash_of(style: str) -> str:
    return "sha256-" + base64.b64encode(sha256(style.encode()).digest()).decode()
