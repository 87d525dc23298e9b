"""What became of messages goes back as commands: as many in one transaction as a moment brings.

What is lost between the mail server's answer and the report is unknown to everybody, so nothing waits for long, and
whatever was answered is written down before the sender goes on or ends.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType

import structlog
from sqlalchemy.exc import SQLAlchemyError

from chassis.database import is_transient
from chassis.errors import Rejected
from chassis.items import Command
from chassis.outcomes import Outcome
from chassis.runtime import Runtime
from chassis.settings import ClockKind
from contracts.ids import derived_id
from contracts.traces import continued_trace
from notifier import store
from notifier.deliveries import Delivered, Result
from notifier.mail import Answer
from notifier.measures import handing_over, told_of
from notifier.messages import Message
from notifier.settings import NotifierSettings

WRITE_EVERY_S = 0.1
"""So long an answer waits for others: what dies with the process is never more than this moment's."""
PAUSE_S = 1.0
"""While the database, Kafka or the mail server is away."""

log = structlog.get_logger("notifier.reports")


class Reports:
    """Inside of its block what is added is written now and then; at the end of the block all of it is.

    Blocks may overlap: what they add is written together, and the last one that ends waits for no others.
    """

    def __init__(self, runtime: Runtime, settings: NotifierSettings) -> None:
        self._runtime = runtime
        self._settings = settings
        self._waiting: list[Command[Delivered]] = []
        self._writing: asyncio.Task[None] | None = None
        """Writes what waits, or wrote what was the last to wait."""
        self._blocks = 0
        self._complete = asyncio.Event()
        """No block is open."""

    async def __aenter__(self) -> "Reports":
        self._blocks += 1
        self._complete.clear()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._blocks -= 1
        if not self._blocks:
            self._complete.set()
        if self._writing is not None:
            await asyncio.shield(self._writing)

    def add(self, message: Message, answer: Answer, told_at: datetime | None = None) -> None:
        """One answer; `told_at` for one that was given in a past that was forgotten."""
        command = self._command(message, answer, told_at)
        if not self._waiting:
            self._writing = asyncio.create_task(self._write_soon(self._writing))
        self._waiting.append(command)
        if (traces := self._runtime.traces) and answer.took_s is not None:
            traces.emit(handing_over(message, answer, command.id, traces.wants, time.time_ns()))
        if answer.result is Result.accepted and told_at is None:
            told_of(message, command.at)

    async def _write_soon(self, before: asyncio.Task[None] | None) -> None:
        """Behind what is written already; raises what that raised, so that whoever waits hears of it."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._complete.wait(), WRITE_EVERY_S)
        if before is not None:
            await asyncio.wait([before])
        together, self._waiting = self._waiting, []
        await self._write(together)
        if before is not None:
            before.result()

    async def _write(self, commands: Sequence[Command[Delivered]]) -> None:
        while True:
            try:
                answers = await self._given(commands)
                await self._note_refused(
                    {
                        one.data.message_id: (str(one.data.result), answer.code)
                        for one, answer in zip(commands, answers, strict=True)
                        if isinstance(answer, Rejected)
                    }
                )
            except (SQLAlchemyError, OSError) as error:
                await wait_out(error)
            else:
                log.info("reported", **Counter(str(command.data.result) for command in commands))
                return

    async def _given(self, commands: Sequence[Command[Delivered]]) -> list[Outcome | Rejected]:
        """The commands' answers. While somebody else keeps a customer locked, the results are kept beside the messages,
        also of what waits behind them: whoever finds that a lease has run out reports them."""
        giving = asyncio.ensure_future(self._runtime.commands(commands))
        try:
            while not (await asyncio.wait({giving}, timeout=self._settings.lease_s / 4))[0]:
                results = {one.data.message_id: str(one.data.result) for one in (*commands, *self._waiting)}
                log.warning("reports_wait", reasons={"locked": len(results)})
                await self._note(results)
            return await giving
        finally:
            giving.cancel()

    async def _note_refused(self, refused: dict[str, tuple[str, str]]) -> None:
        """Blocked customers' results are kept beside the messages until they can be reported."""
        if refused:
            log.warning("reports_wait", reasons=dict(Counter(reason for _, reason in refused.values())))
            await self._note({message_id: result for message_id, (result, _) in refused.items()})

    async def _note(self, results: dict[str, str]) -> None:
        async with self._runtime.transaction() as tx:
            await store.note_results(tx, results, self._settings.lease)

    def _command(self, message: Message, answer: Answer, told_at: datetime | None) -> Command[Delivered]:
        """It continues what the message came from, and happens when the mail server answered."""
        simulated = self._settings.clock is ClockKind.simulated
        identity = derived_id("delivered", message.message_id, str(message.attempts), str(answer.result))
        return Command(
            id=identity,
            at=told_at or ((message.ready_at or message.intended_at) if simulated else datetime.now(UTC)),
            customer_id=message.customer_id,
            data=Delivered(
                message_id=message.message_id,
                attempt=message.attempts,
                result=answer.result,
                code=answer.code,
                provider=answer.provider,
            ),
            actor="notifier",
            correlation_id=message.correlation_id,
            traceparent=continued_trace(message.traceparent, message.correlation_id, identity),
        )


async def wait_out(error: Exception) -> None:
    """A pause when `error` passes by itself; raises it when it does not."""
    if not is_transient(error):
        raise error
    log.warning("sender_waits", error=type(error).__name__)
    await asyncio.sleep(PAUSE_S)
