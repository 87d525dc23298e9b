"""`notifier master-keys [rewrap]`: which master key wraps how many keys, and all of them wrapped by the first one."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from pydantic import ValidationError

from chassis import audits
from chassis.audits import COMMAND_LINE, Caller
from chassis.environment import settings_problem
from chassis.runtime import Runtime
from notifier import key_store
from notifier.app import application
from notifier.settings import NotifierSettings
from notifier.vaults import Vault

MOST_AT_ONCE = 1_000


def main(arguments: Sequence[str]) -> None:
    """Prints how many keys each master key wraps, after the rewrapping if that was asked for."""
    parser = argparse.ArgumentParser(prog="notifier master-keys", description=__doc__)
    parser.add_argument("rewrap", nargs="?", choices=["rewrap"], help="wrap all by the first key of the setting")
    wanted = parser.parse_args(arguments)
    try:
        settings, service = NotifierSettings(), application().service
    except ValidationError as error:
        sys.exit(settings_problem(error))
    numbers = asyncio.run(_numbers(Runtime.of(service, settings), settings.vault, rewraps=wanted.rewrap is not None))
    for master_id, number in numbers.items():
        sys.stdout.write(f"{number:8}  {master_id}\n")


async def _numbers(runtime: Runtime, vault: Vault, *, rewraps: bool) -> dict[str, int]:
    try:
        if rewraps:
            with audits.acting(Caller(COMMAND_LINE, "master-keys rewrap")):
                await rewrap_all(runtime, vault)
        async with runtime.transaction() as tx:
            return await key_store.masters(tx)
    finally:
        await runtime.close()


async def rewrap_all(runtime: Runtime, vault: Vault) -> int:
    """Beside a running notifier, in transactions of their own; how many keys. May be broken off and begun again."""
    done = 0
    while True:
        async with runtime.transaction() as tx:
            portion = await key_store.rewrap(tx, vault, MOST_AT_ONCE)
            if portion and not done:
                await audits.write(tx, subject=vault.wrapping_id)
        if not portion:
            return done
        done += portion
