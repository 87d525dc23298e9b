"""Clicks that could not be folded when they came are given again, once nothing of the customer is parked any more."""

from chassis.errors import Rejected
from chassis.items import Command
from chassis.runtime import Runtime
from contracts.ids import derived_id
from notifier import withdrawal_store
from notifier.preferences import Choose, Source, Withdrawal, unsubscription

MOST_AT_ONCE = 100


async def give_kept(runtime: Runtime) -> int:
    """Fold those that can be, as of the moment of the click; how many there were. What is refused again stays."""
    async with runtime.transaction() as tx:
        kept = await withdrawal_store.kept(tx, MOST_AT_ONCE)
    if not kept:
        return 0
    answers = await runtime.commands([_command(one) for one in kept])
    folded = [one for one, answer in zip(kept, answers, strict=True) if not isinstance(answer, Rejected)]
    async with runtime.transaction() as tx:
        await withdrawal_store.forget(tx, folded)
    return len(folded)


def _command(kept: Withdrawal) -> Command[Choose]:
    identity = derived_id("withdrawal", kept.customer_id, kept.purpose, kept.withdrawn_at.isoformat())
    return Command(
        id=identity,
        at=kept.withdrawn_at,
        customer_id=kept.customer_id,
        data=unsubscription(Source(kept.purpose, kept.message_id), kept=True),
        actor="customer",
        correlation_id=identity,
    )
