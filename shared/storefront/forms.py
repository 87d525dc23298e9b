"""Reads the one form of an HTML page as a browser would: where it goes, what is hidden, what may be chosen."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin


@dataclass(slots=True)
class Form:
    """A form that is sent by POST. `choices` are radio buttons by name, `texts` the names of free text fields."""

    url: str
    hidden: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def filled(self, choice: str, text: str | None) -> dict[str, str] | None:
        """What is sent for one choice and a text; None when the page does not offer that choice."""
        name = next((name for name, values in self.choices.items() if choice in values), None)
        if name is None:
            return None
        return self.hidden | dict.fromkeys(self.texts[:1], text or "") | {name: choice}


def form_of(html: str, page_url: str) -> Form | None:
    """The page's first form that is sent by POST, or None."""
    reader = _Reader(page_url)
    reader.feed(html)
    return reader.form


class _Reader(HTMLParser):
    def __init__(self, page_url: str) -> None:
        super().__init__()
        self.page_url = page_url
        self.form: Form | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None and given.get("method", "get").lower() == "post":
            self.form = Form(urljoin(self.page_url, given.get("action", "")))
            self._inside = True
        elif self._inside and self.form is not None:
            self._field(self.form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

    def _field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        match tag, given.get("type", "text"):
            case "input", "radio":
                form.choices.setdefault(name, []).append(given.get("value", "on"))
            case "input", "hidden":
                form.hidden[name] = given.get("value", "")
            case ("textarea", _) | ("input", "text"):
                form.texts.append(name)
