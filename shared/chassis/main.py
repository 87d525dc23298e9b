"""`python -m <service> [api | worker | migrate | keys | parked | redrive | export | grants]`: how it is run."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from chassis import audits, collector, gauges, grants, key_command, logs, parked
from chassis.application import Application
from chassis.audits import COMMAND_LINE, Caller
from chassis.database import REQUEST_PATIENCE_S, WORK_PATIENCE_S, is_transient
from chassis.environment import settings_problem
from chassis.exporting import FolderExists, export
from chassis.health import Health
from chassis.housekeeping import keep_house
from chassis.migrations import SchemaOutdated, require_head, upgrade
from chassis.redrive import redrive
from chassis.relay import Relay
from chassis.runtime import Runtime
from chassis.web import create_app
from chassis.worker import Worker

log = structlog.get_logger(__name__)

DATABASE_RETRY_S = 1.0


class CancelledByNobody(Exception):
    """A task ended by a cancellation that none of us asked for: a library's own has come through."""


def main(compose: Callable[[], Application]) -> None:
    """Parse the command line, read the settings and do what was asked."""
    arguments = _parser().parse_args()
    try:
        application = compose()
    except ValidationError as error:
        sys.exit(settings_problem(error))
    logs.configure(application.service.name, application.settings.log_level)
    match arguments.command:
        case "migrate":
            upgrade(application.settings.database_url.get_secret_value(), application.service.migrations)
        case "parked":
            asyncio.run(_list_parked(application))
        case "redrive":
            asyncio.run(_redrive(application, arguments))
        case "grants":
            _say_grants(application, arguments.principal)
        case "export":
            asyncio.run(_export(application, arguments))
        case "keys":
            asyncio.run(key_command.run(application, arguments))
        case command:
            _serve(application, with_api=command != "worker", with_worker=command != "api")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("api", help="serve HTTP only")
    commands.add_parser("worker", help="consume, relay and background tasks; HTTP for health and metrics only")
    commands.add_parser("migrate", help="bring the database to this code's revision")
    commands.add_parser("parked", help="count parked records by reason")
    allowed = commands.add_parser("grants", help="what Kafka must allow this service (ACLs)")
    allowed.add_argument("--principal", help="as commands for kafka-acls.sh, for this one: User:loyalty")
    out = commands.add_parser("export", help="what was concluded, as of one moment, as CSV files for analysts")
    out.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a folder that does not exist yet")
    out.add_argument("--gzip", action="store_true", help="compress the files")
    again = commands.add_parser("redrive", help="take parked events up again (a dry run without --apply)")
    again.add_argument("--customer", help="all parked events of one customer, in their order")
    again.add_argument("--reason", help="every customer with an event parked for this reason")
    again.add_argument("--limit", type=int, default=1_000, help="most customers (default 1000)")
    again.add_argument("--apply", action="store_true", help="really do it")
    key_command.add_to(commands)
    return parser


def _say_grants(application: Application, principal: str | None) -> None:
    needed = grants.grants_of(application.service, application.settings)
    lines = grants.commands(needed, principal) if principal else map(str, needed)
    sys.stdout.write("".join(f"{line}\n" for line in lines))


async def _list_parked(application: Application) -> None:
    runtime = Runtime.of(application.service, application.settings)
    async with runtime.transaction() as tx:
        counts: Counter[str] = await parked.counts(tx)
    for reason, number in counts.most_common():
        sys.stdout.write(f"{number:8}  {reason}\n")
    sys.stdout.write(f"{counts.total():8}  in all\n")
    await runtime.close()


async def _redrive(application: Application, arguments: argparse.Namespace) -> None:
    runtime = Runtime.of(application.service, application.settings)
    with audits.acting(Caller(COMMAND_LINE, "redrive")):
        report = await redrive(
            runtime,
            customer_id=arguments.customer,
            reason=arguments.reason,
            dry_run=not arguments.apply,
            limit=arguments.limit,
            actor="command line",
        )
    sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    await runtime.close()


async def _export(application: Application, arguments: argparse.Namespace) -> None:
    runtime = Runtime.of(application.service, application.settings, patience_s=None)  # a table takes what it takes
    try:
        manifest = await export(runtime, arguments.to, compress=arguments.gzip)
    except FolderExists as error:
        sys.exit(f"{error} is there already; nothing is written over it")
    finally:
        await runtime.close()
    rows = sum(table.rows for table in manifest.tables)
    sys.stdout.write(f"{arguments.to}: {rows:,} rows of {manifest.service}, as of {manifest.exported_at.isoformat()}\n")


def _serve(application: Application, *, with_api: bool, with_worker: bool) -> None:
    health = Health()
    patience_s = WORK_PATIENCE_S if with_worker else REQUEST_PATIENCE_S
    runtime = Runtime.of(application.service, application.settings, patience_s)
    shown = application if with_api else _without_routes(application)
    app = create_app(shown, runtime, health)
    failure: list[BaseException] = []
    server: uvicorn.Server

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks: _Tasks | _NoWorker | None = None

        def failed(task: asyncio.Task[None]) -> None:
            error = CancelledByNobody(task.get_name()) if task.cancelled() else task.exception()
            if error and not (task.cancelled() and server.should_exit):
                failure.append(error)
                server.should_exit = True

        async def begin() -> None:
            nonlocal tasks
            await _require_head(application, runtime, health)
            tasks = _start(application, runtime, health, with_worker=with_worker)
            for task in tasks.running:
                task.add_done_callback(failed)

        beginning = asyncio.create_task(begin())  # probes are answered meanwhile: who waits for a database is alive
        beginning.add_done_callback(failed)
        yield
        beginning.cancel()
        await asyncio.wait([beginning])
        if tasks:
            await tasks.stop()
        await runtime.close()

    app.router.lifespan_context = lifespan
    settings = application.settings
    config = uvicorn.Config(
        app, host=settings.http_host, port=settings.http_port, log_config=None, access_log=False,
        timeout_graceful_shutdown=10, server_header=False,
        proxy_headers=bool(settings.forwarded_allow_ips), forwarded_allow_ips=settings.forwarded_allow_ips,
    )  # fmt: skip
    server = uvicorn.Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):  # raised again by uvicorn in the end: what was asked for is done
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    server.run()
    for error in failure:
        log.error("stopped by a failure", error=type(error).__name__, exc_info=error)
    if failure or not server.started:
        sys.exit(1)


async def _require_head(application: Application, runtime: Runtime, health: Health) -> None:
    """Wait for a database that is away; refuse one with a schema that this code cannot run on."""
    while True:
        try:
            return await require_head(runtime.engine, application.service.migrations, application.service.name)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("the database is away; trying again", error=type(error).__name__)
            health.set_ready(False, "the database is away")
            await asyncio.sleep(DATABASE_RETRY_S)


def _without_routes(application: Application) -> Application:
    return Application(application.service, application.settings, routers=lambda _: ())


class _Tasks:
    """What runs beside HTTP: worker, relay and the service's own tasks."""

    def __init__(self, worker: Worker, relay: Relay, own: list[asyncio.Task[None]]) -> None:
        self._worker, self._relay, self._own = worker, relay, own
        self._worker_task = asyncio.create_task(worker.run(), name="worker")
        self._relay_task = asyncio.create_task(relay.run(), name="relay")
        self.running = [self._worker_task, self._relay_task, *own]

    async def stop(self) -> None:
        """Finish the batch, then the service's tasks, then publish what is left."""
        self._worker.stop()
        await asyncio.wait([self._worker_task], timeout=15)
        for task in self._own:
            task.cancel()
        self._relay.stop()
        await asyncio.wait([self._relay_task, *self._own], timeout=10)


class _NoWorker:
    """Only the watch runs beside HTTP."""

    def __init__(self, watch: asyncio.Task[None]) -> None:
        self.running = (watch,)

    async def stop(self) -> None:
        """Nothing is under way."""
        self.running[0].cancel()


def _start(application: Application, runtime: Runtime, health: Health, *, with_worker: bool) -> "_Tasks | _NoWorker":
    collector.settle()
    if not with_worker:
        health.set_ready(True)
        return _NoWorker(asyncio.create_task(gauges.watch_the_loop(runtime)))
    own: list[asyncio.Task[None]] = [
        asyncio.create_task(task)
        for task in (
            *(work(runtime) for work in (keep_house, *application.background)),
            gauges.keep_measuring(runtime, application.gauges),
            gauges.watch_the_loop(runtime),
        )
    ]
    return _Tasks(Worker(runtime, health), Relay(runtime), own)


__all__ = ["SchemaOutdated", "main"]
