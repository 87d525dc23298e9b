"""A database of before is brought on: what was under way is still there, waits and leaves."""

import asyncio
from datetime import timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import notifier
from chassis.migrations import upgrade
from contracts.vocabulary import IssueKind
from notifier.app import application
from notifier.messages import State
from notifier.store import messages_of, take_ready
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import ADA, confirmed, hour, known, opened

FOLDER = Path(notifier.__file__).parents[1] / "migrations"
LEASE = timedelta(minutes=5)


def back_to_before_courtesy(connection: Connection) -> None:
    """As the database was before revision 0002."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.downgrade(config, str(ScriptDirectory.from_config(config).get_revision("0002").down_revision))


async def test_messages_of_before_wait_and_leave_as_they_did(runtime_of: RuntimeOf) -> None:
    runtime = await runtime_of(application, CLOCK="simulated")
    day = [known(), opened(10), opened(10, IssueKind.damaged), confirmed(10)]
    folded = await runtime.fold([*day, opened(22, IssueKind.lost)], until=hour(23))
    assert not folded.refused
    async with runtime.transaction() as tx:
        await tx.execute(text("update circumstances set document = document - 'lately_said'"))
        await tx.run_sync(back_to_before_courtesy)
    await runtime.close()
    await asyncio.to_thread(upgrade, runtime.settings.database_url.get_secret_value(), FOLDER)
    async with runtime.transaction() as tx:
        taken = await take_ready(tx, 10, LEASE)
        kept = await messages_of(tx, [ADA], [])
    assert {message.kind: message.priority for message in taken} == {"issue_opened": 0, "order_confirmed": 0}
    assert [message.state for message in kept if message.waiting] == [State.held]
    await runtime.fold([], until=hour(33))
    async with runtime.transaction() as tx:
        assert [message.kind for message in await take_ready(tx, 10, LEASE)] == ["issue_opened"]
