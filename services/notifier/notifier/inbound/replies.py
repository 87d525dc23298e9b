"""What somebody wrote, without the mail that they answer: by what mail programs put between the two.

By lines, each looked at a fixed number of times. Where nothing is left, everything is kept: too much is better than
too little.
"""

import html
import re

LONGEST = 10_000
"""Signs; as `contact-received` takes them."""
MOST_LINES = 5_000

_WROTE = {
    "on": ("wrote",), "am": ("schrieb",), "le": ("a écrit",), "el": ("escribió",), "em": ("escreveu",),
    "no dia": ("escreveu",), "il": ("ha scritto",), "op": ("schreef",), "den": ("skrev",),
}  # fmt: skip
"""How the line above a quoted mail begins in some language, and what else stands in it; it ends in a colon."""
_FROM = ("from:", "von:", "de:", "da:", "van:")
_SENT = ("sent:", "date:", "gesendet:", "datum:", "enviado:", "fecha:", "envoyé:", "envoyé :", "data:", "enviada:")
"""The head of a mail as some programs write it out."""
_SIGNATURES = ("--", "-- ")
_LONGEST_ATTRIBUTION = 400
_STOP = frozenset({
    "stop", "unsubscribe", "abmelden", "abbestellen", "austragen", "baja", "cancelar suscripción", "darse de baja",
    "désabonner", "se désabonner", "désinscription", "cancelar inscrição", "remover", "sair",
})  # fmt: skip
_TAG = re.compile(r"<[^<>]{0,2000}>")
_BREAK = re.compile(r"</?(?:br|p|div|tr|li|h[1-6]|table|ul|ol)\b[^<>]{0,500}>", re.IGNORECASE)
_QUOTES = ("<blockquote", 'class="gmail_quote', 'id="appendonsend"', 'id="divrplyfwdmsg"')


def reply_in(text: str) -> str:
    """What was written, at most `LONGEST` signs of it."""
    lines = [line.rstrip() for line in text.split("\n")[:MOST_LINES]]
    place = _original_begins(lines)
    own = _without_signature(_without_quoted_head(lines[:place]))
    if not _joined(own):  # answered below the original, or between its lines
        own = _without_signature([line for line in lines if not (_quoted(line) or _attributes([line]))])
    return (_joined(own) or _joined(lines))[:LONGEST].strip()


def text_of_html(page: str) -> str:
    """A page as plain text, up to the mail that it quotes."""
    small = page.lower()
    places = [place for sign in _QUOTES if (place := small.find(sign)) > 0]
    if len(small) == len(page) and places:
        cut = page[: small.rfind("<", 0, min(places) + 1)]
        page = cut if _plain(cut).strip() else page
    return _plain(page)


def asks_to_stop(text: str) -> bool:
    """Nothing but a word that ends newsletters elsewhere. Whoever reads it decides; nothing follows by itself."""
    return text.strip(" .!\n\t").casefold() in _STOP


def _without_quoted_head(lines: list[str]) -> list[str]:
    place = next((place for place, line in enumerate(lines) if line and not _quoted(line)), len(lines))
    return lines[place:]


def _original_begins(lines: list[str]) -> int:
    for place, line in enumerate(lines):
        if _separates(line) or _heads(lines, place) or _attributes(lines[place : place + 3]):
            return place
        if _quoted(line) and all(not later or _quoted(later) for later in lines[place : place + 200]):
            return place
    return len(lines)


def _separates(line: str) -> bool:
    ruled = line.startswith("-----") and line.endswith("-----") and len(line) < 80
    return ruled or (len(line) >= 20 and set(line) == {"_"})


def _heads(lines: list[str], place: int) -> bool:
    if not _begins(lines[place], _FROM):
        return False
    return any(_begins(later, _SENT) for later in lines[place + 1 : place + 5])


def _begins(line: str, words: tuple[str, ...]) -> bool:
    return line.lstrip("*> ").replace("*", "").casefold().startswith(words)


def _attributes(lines: list[str]) -> bool:
    """`On … wrote:`, on up to three lines."""
    said = ""
    for line in lines:
        said = f"{said} {line.lstrip('> ')}".strip()
        if len(said) > _LONGEST_ATTRIBUTION:
            return False
        if said.endswith(":"):
            small = said.casefold()
            if not any(sign.isdigit() for sign in small):  # a date; otherwise they say so themselves
                return False
            return any(small.startswith(f"{begin} ") and verb in small for begin, [verb] in _WROTE.items())
    return False


def _quoted(line: str) -> bool:
    return line.lstrip().startswith(">")


def _without_signature(lines: list[str]) -> list[str]:
    place = next((place for place, line in enumerate(lines) if line in _SIGNATURES and place), len(lines))
    return lines[:place]


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip()


def _plain(page: str) -> str:
    for name in ("style", "script", "title"):
        page = _without(page, name)
    text = html.unescape(_TAG.sub("", _BREAK.sub("\n", page)))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _without(page: str, name: str) -> str:
    """Without elements of that name; one that does not end takes the rest with it."""
    kept, place, small = [], 0, page.lower()
    if len(small) != len(page):
        return page
    while (begin := small.find(f"<{name}", place)) >= 0:
        kept.append(page[place:begin])
        end = small.find(f"</{name}", begin)
        if end < 0:
            return "".join(kept)
        place = max(small.find(">", end), end) + 1
    return "".join([*kept, page[place:]])
