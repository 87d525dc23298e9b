"""`keys create | list | rotate | revoke`: the keys that open a service's routes, kept in its own database.

A key is written to standard output, once, and nothing else is: `KEY=$(python -m loyalty keys create …)`.
"""

import argparse
import asyncio
import sys
from datetime import UTC, datetime, timedelta

from chassis import api_keys, audits
from chassis.access import scopes_of
from chassis.api_keys import Key, Stored
from chassis.application import Application
from chassis.audits import COMMAND_LINE, Caller
from chassis.errors import NotFound, Rejected
from chassis.runtime import Runtime
from chassis.service import Tx

DAYS, MOST_DAYS = 365, 730
OVERLAP_DAYS = 7


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its own commands."""
    keys = commands.add_parser("keys", help="make, list, rotate and revoke API keys")
    own = keys.add_subparsers(dest="keys", required=True)
    new = own.add_parser("create", help="make a key; it is shown this once")
    new.add_argument("--name", required=True, help="who will hold it")
    new.add_argument("--scopes", required=True, help="what it may, by comma: loyalty:read,loyalty:write")
    new.add_argument("--days", type=int, default=DAYS, help=f"how long it holds (default {DAYS}, most {MOST_DAYS})")
    new.add_argument(
        "--stdin", action="store_true", help="take the key from standard input: one that opens another service already"
    )
    own.add_parser("list", help="all keys, without their secrets")
    turn = own.add_parser("rotate", help="another key for the same holder; the one of before holds a little longer")
    turn.add_argument("key_id")
    turn.add_argument("--overlap-days", type=float, default=OVERLAP_DAYS, help=f"how long (default {OVERLAP_DAYS})")
    gone = own.add_parser("revoke", help="a key that opens nothing any more, half a minute from now at the latest")
    gone.add_argument("key_id")


async def run(application: Application, arguments: argparse.Namespace) -> None:
    """What was asked for; ends with a sentence on standard error where that cannot be done."""
    runtime = Runtime.of(application.service, application.settings)
    try:
        with audits.acting(Caller(COMMAND_LINE, f"keys {arguments.keys}")):
            async with runtime.transaction() as tx:
                sys.stdout.write(await _done(tx, application.service.name, arguments))
    except Rejected as refusal:
        sys.exit(refusal.message)
    finally:
        await runtime.close()


async def _done(tx: Tx, service: str, arguments: argparse.Namespace) -> str:
    match arguments.keys:
        case "create":
            given = (await asyncio.to_thread(sys.stdin.readline)).strip() if arguments.stdin else None
            return await create(
                tx, service, name=arguments.name, scopes=arguments.scopes.split(","), days=arguments.days, given=given
            )
        case "rotate":
            return await rotate(tx, arguments.key_id, timedelta(days=arguments.overlap_days))
        case "revoke":
            await api_keys.revoke(tx, arguments.key_id)
            await audits.write(tx, subject=arguments.key_id)
            return ""
        case _:
            now = datetime.now(UTC)
            return "".join(_line(one, now) for one in await api_keys.listed(tx))


async def create(tx: Tx, service: str, *, name: str, scopes: list[str], days: int, given: str | None = None) -> str:
    """A line with the new key. Raises `Rejected` for unknown scopes, too long a life, a key of another form."""
    wanted = tuple(sorted({scope.strip() for scope in scopes}))
    known = scopes_of(service)
    if unknown := set(wanted) - known.keys():
        raise Rejected("unknown_scope", f"There is no {', '.join(sorted(unknown))}; there are: {', '.join(known)}.")
    if not 0 < days <= MOST_DAYS:
        raise Rejected("bad_days", f"A key holds from 1 to {MOST_DAYS} days.")
    key = Key.new() if given is None else Key.read(given)
    if key is None:
        raise Rejected("bad_key", "A key looks like rpt_, 16 digits, _ and 64 digits, all hexadecimal.")
    await api_keys.keep(tx, key, name=name, scopes=wanted, days=days)
    await audits.write(tx, subject=key.key_id)
    return f"{key.written()}\n"


async def rotate(tx: Tx, key_id: str, overlap: timedelta) -> str:
    """A line with a key of the same name, scopes and length of life; the old one ends with the overlap."""
    old, now = await api_keys.find(tx, key_id), datetime.now(UTC)
    if old is None:
        raise NotFound("unknown_key", f"There is no key {key_id}.")
    if old.state(now) != "valid":
        raise Rejected("key_over", f"The key {key_id} is {old.state(now)}; create another one.")
    key = Key.new()
    await api_keys.keep(tx, key, name=old.name, scopes=old.scopes, days=old.days)
    await api_keys.end(tx, key_id, now + max(overlap, timedelta()))
    await audits.write(tx, subject=f"{key_id} {key.key_id}")
    return f"{key.written()}\n"


def _line(key: Stored, now: datetime) -> str:
    used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
    scopes = ",".join(key.scopes)
    return f"{key.key_id}  {key.state(now):8} until {key.expires_at:%Y-%m-%d}  used {used:16}  {key.name}  {scopes}\n"
