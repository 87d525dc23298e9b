"""Personal data at rest: nobody reads it who reads the database, and it is gone when its key is."""

import asyncio
import sys
from base64 import b64encode
from pathlib import Path

import httpx
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

import notifier
from chassis import batch as batches
from chassis import parked, positions
from chassis.batch import Batch
from chassis.migrations import upgrade
from chassis.reading import RawRecord, read
from chassis.runtime import Runtime
from contracts.storefront import CUSTOMERS
from contracts.vocabulary import Purpose
from notifier import key_store
from notifier.__main__ import main
from notifier.app import application
from notifier.custody import check, keep_keys
from notifier.key_store import KeysMissing
from notifier.people import Hours, Preferences
from notifier.settings import NotifierSettings
from notifier.vaults import Vault
from tests.conftest import RuntimeOf, bearer, key_of
from tests.notifier.correspondent import ADA, confirmed, consent, erased, hour, known, survey
from tests.notifier.persons import change, document_of, person_of, vault_of
from tests.running import rows

FOLDER = Path(notifier.__file__).parents[1] / "migrations"
ASKS = {"actor": "care:eve"}
BROKEN = b'{"type": "storefront.customer-updated.v1", "data": {"address": "ada@example.org"'


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    return await runtime_of(application, CLOCK="simulated")


async def stored(runtime: Runtime) -> str:
    """Every byte of every row, as text and as hex."""
    tables = await rows(
        runtime,
        """select table_schema || '.' || table_name as name from information_schema.tables
           where table_schema in ('public', 'keys')""",
    )
    lines = [await rows(runtime, f"select t::text as line from {table['name']} t") for table in tables]  # noqa: S608
    return "\n".join(row["line"] for found in lines for row in found)


async def park(runtime: Runtime, *values: bytes, key: bytes | None = b"ada") -> None:
    """Records that nobody can read, in one batch."""
    wanted = runtime.service.wanted()
    async with runtime.transaction() as tx:
        if not await positions.positions_of(tx, 0):
            await positions.start(tx, 0, dict.fromkeys(wanted, 0))
        expected = {topic: found.next_offset for topic, found in (await positions.positions_of(tx, 0)).items()}
        first = expected[CUSTOMERS]
        records = [RawRecord(CUSTOMERS, 0, first + n, 0, key, value, [("sent-for", b"ada@example.org")])
                   for n, value in enumerate(values)]  # fmt: skip
        entries = [read(record, wanted[CUSTOMERS]) for record in records]
        await batches.run(tx, runtime.service, Batch(0, entries, [hour(1)] * len(entries), expected))


async def parked_row(client: httpx.AsyncClient, parked_id: int) -> dict[str, str | None]:
    found: dict[str, str | None] = (await client.get(f"/v1/parked/{parked_id}")).json()
    return found


async def test_a_person_lies_encrypted_and_is_read_again(runtime: Runtime) -> None:
    await runtime.fold([known(), consent(Purpose.survey, 2)], until=hour(3))
    everything = await stored(runtime)
    for words in ("ada@example.org", "Ada", "settings page", "Berlin"):
        assert words not in everything
        assert words.encode().hex() not in everything
    person = await person_of(runtime)
    assert (person.email, person.given_name) == ("ada@example.org", "Ada")
    assert not person.consents["email:survey"].given


async def test_the_row_of_one_person_is_not_taken_for_that_of_another(runtime: Runtime) -> None:
    await runtime.fold([known()], until=hour(1))
    async with runtime.transaction() as tx:
        await tx.execute(text("insert into people select 'eve', erased, document from people"))
        await tx.execute(text("insert into keys.people select 'eve', master_id, wrapped from keys.people"))
    with pytest.raises(notifier.vaults.Unopenable):
        await person_of(runtime, "eve")


async def test_with_the_person_the_key_goes_and_what_was_written_of_them(runtime: Runtime) -> None:
    await runtime.fold([known(), confirmed(10)], until=hour(11))
    async with runtime.transaction() as tx:
        await tx.execute(text("""update messages set content = '{"happened": "Ada called"}'"""))
    await runtime.fold([erased(12), known(13), confirmed(14, order_id="o2")], until=hour(15))
    assert (await person_of(runtime)).erased
    assert await rows(runtime, "select * from keys.people") == []
    assert {row["content"] == {} for row in await rows(runtime, "select content from messages")} == {True}


async def test_a_backup_without_keys_reads_like_one_that_was_erased_and_is_not_written_over(runtime: Runtime) -> None:
    await runtime.fold([known()], until=hour(1))
    kept = await rows(runtime, "select * from keys.people")
    async with runtime.transaction() as tx:
        await tx.execute(text("delete from keys.people"))
    await check(runtime, vault_of(runtime))
    await runtime.fold([known(2, email="other@example.org"), confirmed(3)], until=hour(4))
    assert (await person_of(runtime)).erased
    async with runtime.transaction() as tx:
        assert await key_store.locked_out(tx) == 1
        await tx.execute(text("insert into keys.people values (:customer_id, :master_id, :wrapped, :made_at)"), kept)
    assert (await person_of(runtime)).email == "ada@example.org"


# --- master keys ---


async def test_a_master_key_is_replaced_while_everybody_stays_readable(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await runtime.fold([known()], until=hour(1))
    await park(runtime, BROKEN, key=None)
    old = NotifierSettings().master_keys.get_secret_value()
    new = f"new:{b64encode(b'n' * 32).decode()}"
    monkeypatch.setenv("NOTIFIER_MASTER_KEYS", f"{new},{old}")
    monkeypatch.setattr(sys, "argv", ["notifier", "master-keys", "rewrap"])
    await asyncio.to_thread(main)
    assert capsys.readouterr().out == "       2  new\n"
    async with runtime.transaction() as tx:
        known_now = await notifier.people_store.people_and_circumstances_of(tx, Vault.from_setting(new), [ADA])
    assert known_now[ADA][0].given_name == "Ada"
    for arguments in (["rewrap"], []):  # a repetition changes nothing, and to look is no command
        monkeypatch.setattr(sys, "argv", ["notifier", "master-keys", *arguments])
        await asyncio.to_thread(main)
        assert capsys.readouterr().out == "       2  new\n"
    audited = await rows(runtime, "select client, action, subject from audits")
    assert audited == [{"client": "command line", "action": "master-keys rewrap", "subject": "new"}]


async def test_without_its_master_key_the_notifier_stops_and_parks_nobody(runtime: Runtime) -> None:
    await runtime.fold([known()], until=hour(1))
    other = Vault.from_setting(f"other:{b64encode(b'o' * 32).decode()}")
    with pytest.raises(KeysMissing, match="test"):
        await keep_keys(runtime, other)
    async with runtime.transaction() as tx:
        with pytest.raises(KeysMissing):
            await notifier.people_store.people_and_circumstances_of(tx, other, [ADA])


@pytest.mark.usefixtures("runtime")
async def test_without_a_master_key_in_the_settings_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFIER_MASTER_KEYS")
    monkeypatch.setattr(sys, "argv", ["notifier"])
    with pytest.raises(SystemExit, match="NOTIFIER_MASTER_KEYS"):
        await asyncio.to_thread(main)


# --- parked records ---


@pytest.mark.parametrize("key", [b"ada", None, b"\xff"])
async def test_what_is_parked_of_contacts_is_read_only_over_http(
    runtime: Runtime, client: httpx.AsyncClient, key: bytes | None
) -> None:
    await park(runtime, BROKEN, key=key)
    everything = await stored(runtime)
    assert "ada@example" not in everything
    assert b"ada@example".hex() not in everything
    shown = await parked_row(client, 1)
    assert shown["value_base64"] == b64encode(BROKEN).decode()


async def test_after_an_erasure_parked_bytes_say_that_they_are_forgotten(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await park(runtime, BROKEN, BROKEN)
    await runtime.fold([known(), erased(2)], until=hour(3))
    await park(runtime, BROKEN)  # late: of this one nothing is kept at all
    shown = await parked_row(client, 1)
    assert (shown["value_base64"], shown["state"]) == (None, "parked")
    assert "cannot be read any more" in str(shown["bytes_at"])
    assert (await parked_row(client, 3))["value_base64"] is None
    tried = (await client.post("/v1/redrive", json={"customer_id": "ada", "dry_run": False})).json()
    assert (tried["applied"], tried["reasons"]) == (0, {"forgotten": 2})
    assert (await parked_row(client, 1))["reason"] == "forgotten"
    assert await rows(runtime, "select * from keys.people") == []


async def test_what_names_nobody_known_is_forgotten_after_thirty_days(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await park(runtime, BROKEN, key=None)
    await park(runtime, BROKEN, key=b"stranger")
    await runtime.fold([known()], until=hour(1))
    async with runtime.transaction() as tx:
        assert await key_store.sweep(tx) == 0
        await tx.execute(text("update keys.people set made_at = made_at - interval '31 days'"))
        await tx.execute(text("update keys.days set day = day - 31"))
        assert await key_store.sweep(tx) == 2
    assert [(await parked_row(client, number))["value_base64"] for number in (1, 2)] == [None, None]
    assert (await person_of(runtime)).given_name == "Ada"


async def test_a_blocked_customers_contacts_come_back_by_redrive(runtime: Runtime) -> None:
    await park(runtime, BROKEN)
    async with runtime.transaction() as tx:
        [waiting] = await parked.waiting_of(tx, runtime.service, ADA)
    assert (waiting.record.value, waiting.record.headers) == (BROKEN, [("sent-for", b"ada@example.org")])


# --- a database of before ---


def back_to_before(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.downgrade(config, "0004")


async def test_a_database_of_before_is_encrypted_and_nothing_is_lost(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.fold([known(), confirmed(10)], until=hour(11))
    hours = Hours(hour(9).time(), hour(20).time())
    await change(runtime, preferences=Preferences(language="de", quiet_hours=hours))
    await park(runtime, BROKEN)
    await park(runtime, BROKEN, key=None)
    await park(runtime, BROKEN, key=b"stranger")
    async with runtime.transaction() as tx:
        await tx.execute(text("insert into people values ('gone', true, null)"))
    before = await document_of(runtime)
    async with runtime.transaction() as tx:
        await tx.run_sync(back_to_before)
    await runtime.close()
    assert "ada@example.org" in await stored(runtime)
    await runtime.close()
    await asyncio.to_thread(upgrade, runtime.settings.database_url.get_secret_value(), FOLDER)
    client.headers.update(bearer(await key_of(runtime)))  # nobody had one then
    everything = await stored(runtime)
    assert "ada@example" not in everything
    assert b"ada@example".hex() not in everything
    assert await document_of(runtime) == before
    assert (await person_of(runtime, "gone")).erased
    for number in (1, 2, 3):
        assert (await parked_row(client, number))["value_base64"] == b64encode(BROKEN).decode()


# --- what somebody may ask for ---


async def test_everything_that_is_kept_of_somebody_is_one_document(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await runtime.fold([known(), consent(Purpose.survey, 2), confirmed(10), survey(11)], until=hour(12))
    await park(runtime, BROKEN)
    found = (await client.get(f"/v1/people/{ADA}/export", params=ASKS)).json()
    assert (found["person"]["addresses"]["email"], found["person"]["given_name"]) == ("ada@example.org", "Ada")
    assert found["person"]["consents"]["email:survey"]["evidence"] == "settings page"
    assert [one["kind"] for one in found["messages"]] == ["order_confirmed", "survey"]
    assert found["messages"][1]["what_would_have_changed_it"]
    assert {one["outcome"] for one in found["decisions"]} >= {"told", "not_told"}
    assert found["not_applied"][0]["said"] == BROKEN.decode()
    [asked] = await rows(runtime, "select actor, kind from commands")
    assert (asked["actor"], asked["kind"]) == ("care:eve", "Export")
    assert (await client.get(f"/v1/people/{ADA}/export")).status_code == 422
    assert (await client.get("/v1/people/nobody/export", params=ASKS)).status_code == 404


async def test_that_an_address_is_not_written_to_is_among_what_is_kept(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.fold([known(), confirmed(10)], until=hour(11))
    said = {"address": "Ada@Example.org", "reach": "everything", "evidence": "a letter"}
    assert (await client.post("/v1/suppressions", json=said)).status_code < 300
    found = (await client.get(f"/v1/people/{ADA}/export", params=ASKS)).json()
    [kept] = found["suppressions"]
    assert (kept["channel"], kept["reach"], kept["reason"]) == ("email", "everything", "care")
    assert kept["since"]
    assert "a letter" in kept["evidence"]
    assert "address_hash" not in kept


async def test_who_is_erased_over_http_is_erased_once_and_everybody_hears_of_it(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.fold([known(), confirmed(22)], until=hour(23))
    assert (await client.delete(f"/v1/people/{ADA}", params=ASKS)).status_code == 204
    assert (await client.delete(f"/v1/people/{ADA}", params=ASKS)).status_code == 204
    assert (await client.get(f"/v1/people/{ADA}/export", params=ASKS)).json()["code"] == "erased"
    said = await rows(runtime, "select topic, headers from outbox where headers like '%customer-erased%'")
    assert [row["topic"] for row in said] == ["storefront.customers"]
    assert [row["actor"] for row in await rows(runtime, "select actor from commands")] == ["care:eve"]
    decided = "select outcome, reason from decisions where rule = 'personal_data'"
    assert [tuple(row.values()) for row in await rows(runtime, decided)] == [("erased", "asked")]
    assert await rows(runtime, "select * from keys.people") == []
    await runtime.fold([known(30)], until=hour(31))
    assert (await person_of(runtime)).erased


async def test_who_is_blocked_is_erased_all_the_same(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await runtime.fold([known(), confirmed(22)], until=hour(23))
    await park(runtime, BROKEN)
    async with runtime.transaction() as tx:
        await tx.execute(text("update customers set blocked_at = now(), blocked_reason = 'fold_failed'"))
    for _ in range(2):
        assert (await client.delete(f"/v1/people/{ADA}", params=ASKS)).status_code == 204
    assert (await person_of(runtime)).erased
    assert await rows(runtime, "select * from keys.people") == []
    assert len(await rows(runtime, "select 1 from outbox where headers like '%customer-erased%'")) == 1
    tried = (await client.post("/v1/redrive", json={"customer_id": ADA, "dry_run": False})).json()
    assert tried["reasons"] == {"forgotten": 1}
    await runtime.fold([], until=hour(60))
    assert {row["reason"] for row in await rows(runtime, "select reason from messages")} == {"erased"}


async def test_who_was_never_heard_of_can_be_forgotten_too(runtime: Runtime, client: httpx.AsyncClient) -> None:
    assert (await client.delete("/v1/people/stranger", params=ASKS)).status_code == 204
    assert (await person_of(runtime, "stranger")).erased
    assert (await client.delete("/v1/people/stranger")).status_code == 422
