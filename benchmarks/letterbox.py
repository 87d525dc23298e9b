"""Customers of the notifier and what is to be said to them, by number; and the sink that takes their mails.

Rows go in by the notifier's own store, many together, so that they are as it keeps them.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.machine import FOLDER, MASTER_KEYS, Machine
from benchmarks.plan import PARTITIONS
from chassis import customers, deadlines
from chassis.database import create_engine
from chassis.items import Due
from chassis.partitions import partition_of
from chassis.service import Tx
from contracts.vocabulary import Channel, IssueKind, Purpose, Severity
from deploy.local.ports import HOST, free_port
from deploy.local.processes import Process, ProcessError
from notifier import people_store, store
from notifier.circumstances import Circumstances, Issue
from notifier.correspondence import SEND
from notifier.kinds import KINDS
from notifier.messages import Message, State, message_id_of
from notifier.people import Consent, Person
from notifier.turns import turn
from notifier.vaults import Vault

CHUNK = 2_000
"""Customers whose rows go in together."""
POLICY = """
version: bench
quiet_hours: {begins: 00:00, ends: 00:00}
countries: {}
group_window: 0 minutes
"""
"""Nothing holds anything."""


class Accepted(NamedTuple):
    """One mail that the sink took."""

    at: datetime
    recipient: str
    message_id: str


class Sink:
    """The SMTP server of a run, and its ledger."""

    def __init__(self, machine: Machine, per_s: float = 0.0) -> None:
        self.port = free_port()
        self.ledger = FOLDER / f"mails-{self.port}"
        self.ledger.parent.mkdir(parents=True, exist_ok=True)
        self.ledger.write_bytes(b"")
        settings = {
            "BENCH_SMTP_PORT": str(self.port),
            "BENCH_SINK_LEDGER": str(self.ledger),
            "BENCH_MAILS_PER_S": str(per_s),
        }
        self._process = machine.process("benchmarks.modes.mail_sink", settings)
        self._read, self._lines = 0, 0

    @contextmanager
    def open(self) -> Iterator["Sink"]:
        """Listening until the end of the block."""
        self._process.start()
        try:
            self._process.wait_until(lambda: _listens(self.port))
            yield self
            self._process.check()
        finally:
            self._process.stop()

    @property
    def process(self) -> Process:
        """The child that is the sink."""
        return self._process

    def number(self) -> int:
        """How many mails it has taken."""
        with self.ledger.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        self._lines += new.count(b"\n")
        return self._lines

    def accepted(self) -> list[Accepted]:
        """All of them, in the order in which they were taken."""
        lines = (line.split(" ") for line in self.ledger.read_text().splitlines())
        return [Accepted(datetime.fromtimestamp(int(at) / 1e9, UTC), to, mail[1:-1]) for at, to, mail in lines]


def _listens(port: int) -> bool:
    async def connects() -> bool:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            return False
        writer.close()
        return True

    return asyncio.run(connects())


def settings_of(port: int) -> dict[str, str]:
    """What a notifier needs that sends signed mail there, at any hour."""
    policy, key = FOLDER / "policy.yaml", FOLDER / "dkim.pem"
    if not policy.exists():
        policy.write_text(POLICY)
        _write_key(key)
    return {
        "NOTIFIER_POLICY_FILE": str(policy),
        "SMTP_HOST": HOST,
        "SMTP_PORT": str(port),
        "DKIM_KEY_FILE": str(key),
        "HTTP_PORT": str(free_port()),
    }


def _write_key(file: Path) -> None:
    key = generate_private_key(public_exponent=65_537, key_size=2_048)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as written:
        written.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def customer_of(number: int) -> str:
    """The id of the customer of that number."""
    return f"c-{number:07}"


def address_of(customer_id: str) -> str:
    """Where their mail goes."""
    return f"{customer_id}@mail.example"


def person(customer_id: str) -> Person:
    """Who wants to hear everything."""
    consent = Consent(given=True, evidence="bench", said_at=datetime(2026, 1, 1, tzinfo=UTC))
    return Person(
        addresses={Channel.email: address_of(customer_id)}, given_name="Ada",
        locale="en-GB", zone="Europe/Berlin", country="DE",
        consents={f"{Channel.email}:{Purpose.marketing}": consent}, said_at=consent.said_at,
    )  # fmt: skip


MIX = ("order_confirmed", "issue_opened", "points_earned", "order_shipped")
"""Kinds, one like the next in turn."""


def message(number: int, at: datetime, *, kind: str | None = None, state: State = State.ready) -> Message:
    """What is said to the customer of that number."""
    customer_id, kind = customer_of(number), kind or MIX[number % len(MIX)]
    subject = f"o-{number:07}"
    about_issue = kind.startswith("issue_")
    rules = KINDS[kind]
    concern = list(type(rules.concern)).index(rules.concern)
    ready = state is State.ready
    return Message(
        message_id=message_id_of(customer_id, kind, subject), customer_id=customer_id, kind=kind, subject=subject,
        intended_at=at, expires_at=at + timedelta(days=2), order_id=subject, issue_id=subject if about_issue else None,
        content={**_CONTENT[kind], **(_issue(subject, at).content() if about_issue else {})}, state=state,
        reason=None if ready else "quiet_hours", held_until=None if ready else at, ready_at=at if ready else None,
        attempts=int(ready), priority=concern * 100 + 99 if ready else 0, correlation_id=f"shop-{number:08}",
    )  # fmt: skip


_POINTS: dict[str, object] = {"points": 59, "available_points": 120}
_CONTENT: Mapping[str, dict[str, object]] = {
    "order_confirmed": {"pieces": 2, "promised_by": "2026-03-06T17:00:00+00:00", "total_minor": 5_990,
                        "currency": "EUR"},
    "issue_opened": {"sorry": True},
    "order_shipped": {"carrier": "dhl", "promised_by": "2026-03-06T17:00:00+00:00"},
    "points_earned": _POINTS,
    "points_vested": _POINTS,
    "survey": {"survey": "delivery"},
}  # fmt: skip


def _issue(order_id: str, at: datetime) -> Issue:
    return Issue(
        order_id=order_id, kind=IssueKind.delivery_late, severity=Severity.serious, said_at=at,
        known="The parcel was promised for today and has not arrived.", promised_by=at,
        expected_by=at + timedelta(days=2),
    )  # fmt: skip


Tell = Callable[[int], Message]
"""What is said to the customer of a number."""


def fill(machine: Machine, database: str, number: int, tell: Tell) -> None:
    """Customers of 0 to `number` - 1, each with one message; one that is held is due when it is held until."""
    asyncio.run(_fill(machine.postgres.url(database), Vault.from_setting(MASTER_KEYS), number, tell))
    for statement in ("vacuum analyze", "checkpoint"):
        machine.postgres.run(statement, database=database)


def fill_people(machine: Machine, database: str, number: int, *, first: int = 0) -> None:
    """Customers of whom nothing is known but who they are."""
    asyncio.run(
        _fill_people(
            machine.postgres.url(database),
            Vault.from_setting(MASTER_KEYS),
            [customer_of(first + one) for one in range(number)],
        )
    )
    machine.postgres.run("vacuum analyze", database=database)


async def _fill_people(url: str, vault: Vault, customer_ids: Sequence[str]) -> None:
    engine = create_engine(url, connections=2)
    try:
        async with engine.begin() as tx:
            await customers.lock(tx, customer_ids)
            await people_store.keep_people(
                tx, vault, {customer_id: person(customer_id) for customer_id in customer_ids}
            )
    finally:
        await engine.dispose()


async def _fill(url: str, vault: Vault, number: int, tell: Tell) -> None:
    engine = create_engine(url, connections=2)
    try:
        for start in range(0, number, CHUNK):
            async with engine.begin() as tx:
                await _put(tx, vault, [tell(one) for one in range(start, min(start + CHUNK, number))])
    finally:
        await engine.dispose()


async def _put(tx: Tx, vault: Vault, messages: Sequence[Message]) -> None:
    await customers.lock(tx, {one.customer_id for one in messages})
    await people_store.keep_people(tx, vault, {one.customer_id: person(one.customer_id) for one in messages})
    troubled = {one.customer_id: one for one in messages if one.rules.about_issue}
    facts = {
        customer_id: Circumstances(issues={one.subject: _issue(one.subject, one.intended_at)})
        for customer_id, one in troubled.items()
    }
    await people_store.keep_circumstances(tx, facts)
    await store.keep_messages(tx, messages)
    waiting = {(one.customer_id, SEND, one.message_id): _due(one) for one in messages if one.held_until}
    if waiting:
        await deadlines.write(tx, waiting, lambda customer_id: partition_of(customer_id, PARTITIONS))


def _due(message: Message) -> Due:
    if message.held_until is None:
        raise ProcessError(f"{message.message_id} waits for nothing")
    return Due(
        customer_id=message.customer_id, kind=SEND, subject=message.message_id,
        due_at=message.held_until + turn(message),
        set_by="bench", correlation_id=message.correlation_id, traceparent=None,
    )  # fmt: skip
