"""How somebody is forgotten over HTTP: as a command, or past all that waits when an event of theirs is parked."""

from chassis import audits, customers, decisions, inbox, outbox
from chassis.errors import Conflict
from chassis.items import Command
from chassis.publishing import events_of
from chassis.runtime import Runtime
from contracts.ids import derived_id
from notifier import people_store, store, suppression_store
from notifier.circumstances import Circumstances
from notifier.correspondence import Correspondence
from notifier.erasure import Erase, on_erased
from notifier.people import ERASED
from notifier.vaults import Vault


async def forget(runtime: Runtime, vault: Vault, customer_id: str, actor: str) -> None:
    """Once for each customer, however often it is asked for; that they were is remembered, so it stays so."""
    command = Command(
        id=derived_id("erasure", customer_id), at=await runtime.now(customer_id), customer_id=customer_id, data=Erase(),
        actor=actor, correlation_id=derived_id("erasure", customer_id),
    )  # fmt: skip
    try:
        await runtime.command(customer_id, command.data, actor=actor, command_id=command.id, at=command.at)
    except Conflict as refusal:
        if refusal.code != "behind_blocked":
            raise
        await _forget_blocked(runtime, vault, command)


async def _forget_blocked(runtime: Runtime, vault: Vault, command: Command[Erase]) -> None:
    """Nothing of them can be folded before a redrive, and forgetting does not wait: words and key go now.

    What is still to be said to them is decided when they flow again, and not said.
    """
    async with runtime.transaction() as tx:
        await customers.lock(tx, [command.customer_id])
        if not await inbox.enter_commands(tx, [command]):
            return
        _, outcome = on_erased(Correspondence(customer_id=command.customer_id), command)
        await people_store.keep_people(tx, vault, {command.customer_id: ERASED})
        await people_store.keep_circumstances(tx, {command.customer_id: Circumstances()})
        await store.blank_messages(tx, [command.customer_id])
        await suppression_store.forget_mailed_of(tx, [command.customer_id])
        await decisions.write(tx, [(command, outcome)])
        place = runtime.partition_of(command.customer_id)
        said = events_of(runtime.service.source, [(command, outcome)])
        await outbox.put(tx, [outbox.row_of(place, event) for event in said])
        await audits.write(tx, command.customer_id, on_behalf_of=command.actor)
    runtime.outbox_filled.set()
