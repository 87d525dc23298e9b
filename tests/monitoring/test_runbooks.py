"""Every runbook is followed on a live local stack: its commands run as they stand on the page.

Where the trouble can be provoked it is, and is seen by the metric of the alert; then the page is followed, and the
trouble ends. The pages of the others are run where all is well, so that no command is wrong.
"""

import asyncio
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import asyncpg
import pytest

from chassis import outbox
from chassis.partitions import partition_of
from contracts import Event
from contracts.loyalty import TierLost
from contracts.storefront import ORDERS, Contact, CustomerUpdated, OrderPlaced
from contracts.vocabulary import Channel, OrderLine
from deploy.local.ports import Ports
from deploy.local.stack import PARTITIONS, Stack
from storefront.publisher import Publisher
from tests.running import publish
from tests.sources import ROOT

RUNBOOKS = ROOT / "docs" / "runbooks"
PATIENCE_S = 120.0
WAKEFUL = "version: wakeful\nquiet_hours: {begins: 00:00, ends: 00:00}\n"
SERVICE_OF = {
    "RapportRecordsParked": "orders_listener", "RapportHooksRefused": "orders_listener",
    "RapportMessagesWait": "notifier", "RapportProviderLeftAlone": "notifier",
    "RapportTellingFailed": "notifier", "RapportMailUnwanted": "notifier", "RapportCasesOverdue": "feedback",
}  # fmt: skip
"""Where a page is followed, if not at loyalty."""
DUE = (
    "insert into deadlines (customer_id, kind, subject, partition, due_at, set_by, correlation_id) "
    "values ('uma', 'rehearsal', 's', 0, now() - interval '1 hour', 'x', 'x')"
)
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All four services, with one customer whom the notifier knows."""
    folder = tmp_path_factory.mktemp("runbooks")
    (folder / "policy.yaml").write_text(WAKEFUL)
    settings = {"NOTIFIER_POLICY_FILE": str(folder / "policy.yaml")}
    with Stack(folder=folder / "run", ports=Ports.free(), settings=settings) as whole:
        yield whole


class Page:
    """A runbook, at a service of the stack."""

    def __init__(self, alert: str, stack: Stack) -> None:
        self.service = SERVICE_OF.get(alert, "loyalty")
        self._stack = stack
        self._text = (RUNBOOKS / f"{alert}.md").read_text()

    def follow(self) -> None:
        """What is done while the trouble lasts."""
        self._run("What to look at first", "What to do")

    def see_it_over(self) -> str:
        """What is looked at in the end."""
        return self._run("When it is over")

    def _run(self, *sections: str) -> str:
        said = ""
        for section in sections:
            part = self._text.partition(f"## {section}\n")[2].partition("\n## ")[0]
            for commands in re.findall(r"^```sh\n(.*?)^```", part, re.MULTILINE | re.DOTALL):
                done = subprocess.run(  # noqa: S603 our own pages
                    ["/bin/bash", "-euo", "pipefail", "-c", commands], env=self._environment(),
                    capture_output=True, text=True, timeout=60, check=False,
                )  # fmt: skip
                assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
                said += done.stdout
        return said

    def _environment(self) -> Mapping[str, str]:
        url, log = self._stack.url(self.service), str(self._stack.log(self.service))
        return {
            **os.environ,
            "URL": url,
            "KEY": self._stack.key.written(),
            "LOG": log,
            "PID": str(self._stack.services[self.service].pid),
        }

    def metric(self, name: str, labels: str = "") -> float:
        """The largest of a metric's values at the service now."""
        with urllib.request.urlopen(f"{self._stack.url(self.service)}/metrics", timeout=5) as answer:  # noqa: S310 ours
            lines = answer.read().decode().splitlines()
        found = [
            float(line.rpartition(" ")[2]) for line in lines if re.match(rf"{name}(\{{|\s)", line) and labels in line
        ]
        return max(found, default=0.0)

    def until(self, true: Callable[["Page"], bool]) -> None:
        """Wait for it; while the process does not answer, it is not so."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            with suppress(OSError):
                if true(self):
                    return
            assert time.monotonic() < deadline_s, "it did not happen"
            time.sleep(0.5)


def sql(stack: Stack, service: str, *statements: str) -> None:
    """What only a rehearsal does to a database."""

    async def run() -> None:
        connection = await asyncpg.connect(stack.database_url(service).replace("+asyncpg", ""))
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


@contextmanager
def frozen(pid: int | None) -> Iterator[None]:
    """A process that has stopped answering, and goes on afterwards if it still lives."""
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def order(stack: Stack, number: int) -> None:
    """Rosa, whom the notifier may write to, orders something."""

    async def say() -> None:
        now, broker = datetime.now(UTC), stack.broker
        async with Publisher(broker.bootstrap, idempotent=broker.idempotent_producer) as shop:
            contact = Contact(channel=Channel.email, address="rosa@example.org")
            await shop.publish(CustomerUpdated(customer_id="rosa", occurred_at=now, contacts=(contact,)), said_at=now)
            line = OrderLine(line_id="1", sku="S", title="Socks", quantity=1, unit_price_minor=900, paid_minor=900)
            fact = OrderPlaced(
                customer_id="rosa", order_id=f"r{number}", placed_at=now, currency="EUR", lines=(line,),
                total_minor=900, pay_later=True,
            )  # fmt: skip
            await shop.publish(fact, said_at=datetime.now(UTC))

    asyncio.run(say())


def test_records_that_are_parked(stack: Stack) -> None:
    page = Page("RapportRecordsParked", stack)
    headers = [("ce_specversion", b"1.0"), ("ce_type", b"storefront.order-placed.v1"), ("ce_id", b"bad"),
               ("ce_source", b"/shop"), ("ce_time", b"2026-01-01T00:00:00Z")]  # fmt: skip
    asyncio.run(publish(stack.broker.bootstrap, (ORDERS, "eve", b"{not json", headers), partitions=PARTITIONS))
    page.until(lambda now: now.metric("rapport_parked_oldest_seconds") > 0)
    page.follow()
    page.until(lambda now: now.metric("rapport_parked_waiting") == 0)
    assert "rapport_parked_oldest_seconds 0.0" in page.see_it_over()


def test_a_customer_who_is_blocked(stack: Stack) -> None:
    page = Page("RapportCustomersBlocked", stack)
    sql(stack, "loyalty", "insert into customers (customer_id, blocked_at, blocked_reason, blocked_by) "
        "values ('tim', now() - interval '1 hour', 'fold_failed', 'x')")  # fmt: skip
    page.until(lambda now: now.metric("rapport_blocked_oldest_seconds") > 900)
    page.follow()
    page.until(lambda now: now.metric("rapport_blocked_customers") == 0)
    assert "rapport_blocked_oldest_seconds 0.0" in page.see_it_over()


def test_a_service_that_is_behind_and_its_deadlines_with_it(stack: Stack) -> None:
    behind, late = Page("RapportBehind", stack), Page("RapportDeadlinesLate", stack)

    async def held_up() -> None:
        connection = await asyncpg.connect(stack.database_url("loyalty").replace("+asyncpg", ""))
        async with connection.transaction():
            await connection.execute("lock table positions in exclusive mode")
            await asyncio.to_thread(sql, stack, "loyalty", DUE)
            await asyncio.to_thread(order, stack, 1)
            await asyncio.to_thread(behind.until, lambda now: now.metric("rapport_lag_seconds") > 5)
            await asyncio.to_thread(late.until, lambda now: now.metric("rapport_deadlines_oldest_seconds") > 300)
            for page in (behind, late):
                await asyncio.to_thread(page.follow)
            await connection.execute("delete from deadlines where customer_id = 'uma'")
        await connection.close()

    asyncio.run(held_up())
    behind.until(lambda now: now.metric("rapport_lag_seconds") < 2)
    late.until(lambda now: now.metric("rapport_deadlines_oldest_seconds") < 60)
    assert "rapport_lag_seconds" in behind.see_it_over()
    assert "rapport_deadlines_oldest_seconds 0.0" in late.see_it_over()


def test_facts_that_kafka_has_not_got(stack: Stack) -> None:
    page, broker = Page("RapportOutboxOld", stack), stack.broker.process
    now = datetime.now(UTC)
    fact = TierLost(customer_id="vic", occurred_at=now, tier="silver", previous="gold")
    event = Event(id="rehearsed", source="/rapport/loyalty", time=now, data=fact, correlation_id="rehearsed")
    topic, partition, key, content, headers = outbox.row_of(partition_of("vic", PARTITIONS), event)
    row = f"'{topic}', {partition}, '{(key or b'').decode()}', '{content.decode()}', '{headers}'"
    with frozen(broker.pid if broker else None):
        sql(stack, "loyalty", f"insert into outbox (topic, partition, key, value, headers) values ({row})")  # noqa: S608 ours
        page.until(lambda now: now.metric("rapport_outbox_oldest_seconds") > 1)
        page.follow()
    page.until(lambda now: now.metric("rapport_outbox_oldest_seconds") == 0 and now.metric("rapport_ready") == 1)
    assert "rapport_outbox_oldest_seconds 0.0" in page.see_it_over()


def test_a_database_that_is_away(stack: Stack) -> None:
    pages = [Page("RapportNotReady", stack), Page("RapportNotMeasured", stack)]
    stack.postgres.stop()
    try:
        pages[0].until(lambda now: now.metric("rapport_ready") == 0)
        pages[1].until(lambda now: time.time() - now.metric("rapport_gauges_read_timestamp_seconds") > 20)
        for page in pages:
            page.follow()
    finally:
        stack.postgres.start()
    pages[0].until(lambda now: now.metric("rapport_ready") == 1)
    pages[1].until(lambda now: time.time() - now.metric("rapport_gauges_read_timestamp_seconds") < 16)
    assert '"status":"ready"' in pages[0].see_it_over()
    pages[1].see_it_over()


def test_a_mail_server_that_is_away(stack: Stack) -> None:
    wait, alone = Page("RapportMessagesWait", stack), Page("RapportProviderLeftAlone", stack)
    stack.mailbox.stop()
    try:
        order(stack, 2)
        wait.until(lambda now: now.metric("rapport_messages_ready_oldest_seconds", 'channel="email"') > 1)
        alone.until(lambda now: now.metric("rapport_provider_state") == 2)
        for page in (wait, alone):
            page.follow()
    finally:
        stack.mailbox.start()
    alone.until(lambda now: now.metric("rapport_provider_state") == 0)
    wait.until(lambda now: now.metric("rapport_messages_ready_oldest_seconds") == 0)
    assert 'rapport_provider_state{channel="email"' in alone.see_it_over()
    wait.see_it_over()


def test_a_process_that_does_not_answer(stack: Stack) -> None:
    page = Page("RapportProcessDown", stack)
    with frozen(stack.services[page.service].pid):
        page.follow()
    page.until(lambda _: not stack.services[page.service].running)
    stack.start_service(page.service)  # whoever watches over processes does that
    assert '"status":"ready"' in page.see_it_over()


@pytest.mark.parametrize("alert", [
    "RapportPartitionHalted", "RapportLoopSlow", "RapportConnectionsTaken", "RapportMonthsMissing",
    "RapportTellingFailed",
    "RapportCasesOverdue", "RapportHooksRefused", "RapportMailUnwanted",
])  # fmt: skip
def test_the_commands_of_a_page_run(stack: Stack, alert: str) -> None:
    page = Page(alert, stack)
    if alert == "RapportPartitionHalted":  # its second command looks for lines that only a halt writes
        with stack.log(page.service).open("a") as log:
            log.write('{"message": "not applied: a failure of ours"}\n')
    page.follow()
    page.see_it_over()


def test_every_page_is_followed_here_as_it_says() -> None:
    here = (ROOT / "tests" / "monitoring" / "test_runbooks.py").read_text()
    for page in RUNBOOKS.glob("Rapport*.md"):
        provoked = f'Page("{page.stem}"' in here
        assert provoked == ("Followed in every build" in page.read_text()), page.stem
        assert page.stem in here
