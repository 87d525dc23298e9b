"""A service at work: its database, its time, and the one way to do something for one customer over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import audits, customers, inbox, metrics, steps
from chassis.applying import apply_together
from chassis.database import WORK_PATIENCE_S, create_engine, is_transient
from chassis.errors import Conflict, Rejected
from chassis.items import Command, Item
from chassis.links import Links
from chassis.outcomes import DUPLICATE, Outcome
from chassis.partitions import partition_of
from chassis.sequence import LONG_AGO, Folded, Refused
from chassis.service import Service, Tx
from chassis.settings import ClockKind, ServiceSettings
from contracts import Event
from contracts.envelope import entry_of
from tracing import Traces
from tracing.exporter import headers_of


class Failed(Rejected):
    """A command that nobody refused, but that could not be folded or saved: `error` is a bug or a broken rule."""

    def __init__(self, code: str, error: Exception) -> None:
        super().__init__(code, type(error).__name__)
        self.error = error


@dataclass
class Runtime:
    """What routes and background tasks of a service work with."""

    service: Service
    settings: ServiceSettings
    engine: AsyncEngine
    links: Links
    outbox_filled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after a commit that put something into the outbox: the relay need not wait for its next look."""
    traces: Traces | None = None
    """Where spans go; None, as by default: none are made."""
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What routes have opened beside the database, to be closed with it."""

    @classmethod
    def of(cls, service: Service, settings: ServiceSettings, patience_s: float | None = WORK_PATIENCE_S) -> "Runtime":
        """Connects lazily; nothing is opened before the first transaction. `patience_s` as in `chassis.database`."""
        url = settings.database_url.get_secret_value()
        engine = create_engine(url, connections=_connections(settings), patience_s=patience_s)
        for fact in service.publishes:  # said never yet is 0: the first one counts as an increase
            metrics.facts.labels(entry_of(fact).type)
        links = Links.from_setting(settings.link_keys.get_secret_value())
        return cls(service, settings, engine, links, traces=_traces(service, settings))

    @property
    def connections(self) -> int:
        """So many this process may hold to its database."""
        return _connections(self.settings)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction that commits at the end of the block, or rolls back."""
        async with self.engine.begin() as tx:
            yield tx

    async def now(self, customer_id: str | None = None) -> datetime:
        """The clock; with simulated time, the moment that this customer's partition, or every one, has come to."""
        if self.settings.clock is ClockKind.real:
            return datetime.now(UTC)
        async with self.engine.connect() as tx:
            partition = None if customer_id is None else self.partition_of(customer_id)
            row = await tx.execute(_SETTLED, {"partition": partition})
            return row.scalar_one_or_none() or datetime(2000, 1, 1, tzinfo=UTC)

    def partition_of(self, customer_id: str) -> int:
        """The partition of a customer, the same on every topic."""
        return partition_of(customer_id, self.settings.partitions)

    async def command(
        self,
        customer_id: str,
        data: Any,
        *,
        actor: str,
        command_id: str | None = None,
        at: datetime | None = None,
        correlation_id: str | None = None,
        traceparent: str | None = None,
    ) -> Outcome:
        """Fold one command for one customer, in a transaction of its own, under the customer's lock.

        Raises what the fold raises (`Rejected`, `NotFound`, `Conflict`); nothing is written then. The same
        `command_id` again changes nothing and answers a duplicate. A command that begins something of its own needs
        no `correlation_id`.
        """
        identity = command_id or str(uuid4())
        command: Command[Any] = Command(
            id=identity,
            at=at or await self.now(customer_id),
            customer_id=customer_id,
            data=data,
            actor=actor,
            correlation_id=correlation_id or identity,
            traceparent=traceparent,
        )
        (answer,) = await self.commands([command])
        if isinstance(answer, Rejected):
            raise answer.error if isinstance(answer, Failed) else answer
        return answer

    async def commands(self, commands: Sequence[Command[Any]]) -> list[Outcome | Rejected]:
        """Fold commands in their order, all in one transaction, under their customers' locks.

        What is refused is answered in its place and may be given again, the others go through; an id that was given
        before answers a duplicate. When they cannot be saved together they are tried one by one, and who cannot be
        saved alone has `Failed`. Raises only what passes by itself: then give all of them again, with the same ids.
        """
        try:
            return await self._give(commands)
        except Exception as error:  # whatever it is: the others go on
            if is_transient(error):
                raise
            if len(commands) == 1:
                return [Failed("save_failed", error)]
        return [answer for command in commands for answer in await self.commands([command])]

    async def _give(self, commands: Sequence[Command[Any]]) -> list[Outcome | Rejected]:
        first = {command.id: command for command in reversed(commands)}
        began_s = time.perf_counter()
        async with self.engine.connect() as tx:
            answers = await self._answers(tx, [command for command in commands if first[command.id] is command])
            if any(isinstance(answer, Outcome) for answer in answers.values()):
                await tx.commit()  # else there is nothing to keep, not even who was asked for
                self.outbox_filled.set()
        done = [(first[name], answer) for name, answer in answers.items() if isinstance(answer, Outcome)]
        self.folded([one for one in done if one[1] is not DUPLICATE], time.perf_counter() - began_s)
        again = {name: DUPLICATE if isinstance(answer, Outcome) else answer for name, answer in answers.items()}
        return [(answers if first[command.id] is command else again)[command.id] for command in commands]

    async def _answers(self, tx: Tx, commands: Sequence[Command[Any]]) -> dict[str, Outcome | Rejected]:
        """By the id of the command; `commands` name no id twice."""
        answers: dict[str, Outcome | Rejected] = {command.id: DUPLICATE for command in commands}
        await customers.lock(tx, {command.customer_id for command in commands})
        new = await inbox.enter_commands(tx, commands)
        waiting = [command for command in commands if command.id in new]
        while waiting:
            folded = await apply_together(
                tx, self.service, waiting, [], before=LONG_AGO, partition_of=self.partition_of
            )
            answers |= {item.id: outcome for item, outcome in folded.outcomes}
            answers |= {refused.item.id: _refusal(refused) for refused in folded.refused}
            # a refused event holds up what comes after it, a refused command does not: those are folded without it
            held_up = {refused.item.id for refused in folded.refused if _held_up(refused, folded)}
            waiting = [command for command in waiting if command.id in held_up]
        await inbox.forget_commands(tx, [name for name in new if isinstance(answers[name], Rejected)])
        given = [command for command in commands if command.id in new and _did_something(answers[command.id])]
        await audits.write_commands(tx, [(command.customer_id, command.actor) for command in given])
        return answers

    async def fold(self, items: Sequence[Event[Any]], *, until: datetime | None = None) -> Folded:
        """Fold events in time order with the deadlines between them, in one transaction: for tests and repairs.

        Deadlines are folded up to `until`, or to the last event's time. Nothing is parked: refusals are returned.
        """
        ordered = sorted(items, key=lambda item: item.at)
        before = until or (ordered[-1].at if ordered else LONG_AGO)
        async with self.transaction() as tx:
            rows = await tx.execute(text("select distinct customer_id from deadlines where due_at < :b"), {"b": before})
            waking = [row.customer_id for row in rows]
            folded = await apply_together(
                tx, self.service, ordered, waking, before=before, partition_of=self.partition_of
            )
        self.outbox_filled.set()
        return folded

    def folded(self, outcomes: Sequence[tuple[Item, Outcome]], took_s: float) -> None:
        """Count what a committed transaction said and decided, and make its spans where somebody looks at traces."""
        metrics.count(outcomes)
        if self.service.count:
            self.service.count(outcomes)
        if self.traces:
            now_ns = time.time_ns()
            began_ns = now_ns - int(took_s * 1e9)
            self.traces.emit(steps.folding(self.service.source, outcomes, self.traces.wants, began_ns, now_ns))

    async def close(self) -> None:
        """Give the connections back."""
        for close in self.closing:
            await close()
        if self.traces:
            await self.traces.close()
        await self.engine.dispose()


_SETTLED = text(
    "select min(settled_at) from positions where partition = coalesce(cast(:partition as integer), partition)"
)


def _connections(settings: ServiceSettings) -> int:
    return settings.partitions_in_flight + 8  # the loop's, the relay's, and some for requests


def _traces(service: Service, settings: ServiceSettings) -> Traces | None:
    if settings.traces_endpoint is None:
        return None
    return Traces(
        str(settings.traces_endpoint),
        service.name,
        ratio=settings.traces_ratio,
        headers=headers_of(settings.traces_headers.get_secret_value()),
        count=lambda fate, number: metrics.spans.labels(fate).inc(number),
    )


def _did_something(answer: Outcome | Rejected) -> bool:
    return isinstance(answer, Outcome) and answer is not DUPLICATE


def _refusal(refused: Refused) -> Rejected:
    match refused.error:
        case None:
            return Conflict(refused.reason, refused.detail)
        case Rejected() as refusal:
            return refusal
        case error:
            return Failed(refused.reason, error)


def _held_up(refused: Refused, folded: Folded) -> bool:
    """Whether only another item of the same sequence stood in the way."""
    return refused.reason == "behind_blocked" and refused.item.customer_id in folded.blocks
