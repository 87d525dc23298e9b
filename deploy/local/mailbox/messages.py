"""Messages on disk: one `.eml` file each, as accepted, and an SQLite index. Knows neither SMTP nor pages.

The index makes ten thousand messages as quick to list as ten, and holds none of them in memory.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

PAGE = 50
SCHEMA = """
create table if not exists messages (n integer primary key, recipients text not null, document text not null);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index says of one message; `recipients` and `sender` are the envelope's."""

    n: int
    recipients: list[str]
    sender: str
    subject: str
    message_id: str
    headers: dict[str, str]
    text: str
    accepted_at: str

    def as_json(self) -> dict[str, object]:
        """The entry under the names of `/messages.json`."""
        said = asdict(self)
        return {"n": said.pop("n"), "to": said.pop("recipients"), "from": said.pop("sender"), **said}


class Messages:
    """The folder of one mailbox; what is there from an earlier run is still there. Use from one thread only."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._index = sqlite3.connect(folder / "index.sqlite", isolation_level=None)
        # A killed process loses nothing; a power cut may cost a test mail or two, and spares a flush for each.
        self._index.execute("pragma synchronous = off")
        self._index.execute("pragma journal_mode = wal")
        self._index.executescript(SCHEMA)

    def close(self) -> None:
        """Closes the index."""
        self._index.close()

    def accept(self, sender: str, recipients: Sequence[str], content: bytes) -> Entry:
        """Keeps one message. When this returns, it is in the folder and in the index."""
        (newest,) = self._index.execute("select coalesce(max(n), 0) from messages").fetchone()
        entry = _entry(newest + 1, sender, recipients, content)
        self._file(entry.n).write_bytes(content)
        row = (entry.n, " ".join(recipients).lower(), json.dumps(asdict(entry)))
        self._index.execute("insert into messages (n, recipients, document) values (?, ?, ?)", row)
        return entry

    def after(self, n: int, limit: int) -> list[Entry]:
        """At most `limit` entries that came after message `n`, oldest first."""
        found = self._index.execute("select document from messages where n > ? order by n limit ?", (n, limit))
        return [Entry(**json.loads(document)) for (document,) in found]

    def newest(self, before: int | None = None, recipient: str = "") -> list[Entry]:
        """One page of entries, newest first: older than message `before`, to addresses that contain `recipient`."""
        found = self._index.execute(
            "select document from messages where (?1 is null or n < ?1) and instr(recipients, ?2) > 0"
            " order by n desc limit ?3",
            (before, recipient.lower(), PAGE),
        )
        return [Entry(**json.loads(document)) for (document,) in found]

    def one(self, n: int) -> Entry | None:
        """The entry of message `n`, if there is one."""
        return next((entry for entry in self.after(n - 1, 1) if entry.n == n), None)

    def count(self) -> int:
        """How many messages there are."""
        return int(self._index.execute("select count(*) from messages").fetchone()[0])

    def content(self, n: int) -> bytes:
        """Message `n` exactly as accepted."""
        return self._file(n).read_bytes()

    def html(self, n: int) -> str:
        """The HTML part of message `n`; empty if it has none."""
        return _part(message_from_bytes(self.content(n)), "text/html")

    def _file(self, n: int) -> Path:
        return self._folder / f"{n:06}.eml"


def _entry(n: int, sender: str, recipients: Sequence[str], content: bytes) -> Entry:
    message = message_from_bytes(content)
    headers = _headers(message)
    named = {name.lower(): value for name, value in headers.items()}
    return Entry(
        n=n,
        recipients=list(recipients),
        sender=sender,
        subject=named.get("subject", ""),
        message_id=named.get("message-id", ""),
        headers=headers,
        text=_part(message, "text/plain"),
        accepted_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )


def _headers(message: Message) -> dict[str, str]:
    """Unfolded and decoded; the lines of a repeated header stand under each other."""
    headers: dict[str, str] = {}
    for name, value in message.raw_items():
        readable = _decoded(value)
        headers[name] = f"{headers[name]}\n{readable}" if name in headers else readable
    return headers


def _decoded(value: str) -> str:
    as_sent = value.encode("ascii", "surrogateescape").decode("utf-8", "replace")
    unfolded = "".join(as_sent.splitlines()).strip()
    try:
        return str(make_header(decode_header(unfolded)))
    except (ValueError, LookupError, HeaderParseError):  # wrong base64 or a charset nobody knows: show it as it came
        return unfolded


def _part(message: Message, kind: str) -> str:
    return next(_texts(message, kind), "")


def _texts(message: Message, kind: str) -> Iterator[str]:
    for part in message.walk():
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            payload = part.get_payload(decode=True)
            content = payload if isinstance(payload, bytes) else b""
            try:
                yield content.decode(part.get_content_charset("utf-8"), errors="replace")
            except LookupError:
                yield content.decode("utf-8", errors="replace")
