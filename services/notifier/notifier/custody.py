"""Custody of keys while the notifier runs: are all of them at hand, and is destroyed what has had its time."""

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from chassis.runtime import Runtime
from notifier import key_store
from notifier.key_store import KeysMissing
from notifier.reports import wait_out
from notifier.vaults import Vault

SWEEP_EVERY_S = 3_600.0

log = structlog.get_logger("notifier.custody")


async def keep_keys(runtime: Runtime, vault: Vault) -> None:
    """Until cancelled. Raises `KeysMissing` at once when a master key is not among ours: the process ends."""
    checked = False
    while True:
        try:
            if not checked:
                await check(runtime, vault)
                checked = True
            async with runtime.transaction() as tx:
                destroyed = await key_store.sweep(tx)
        except (SQLAlchemyError, OSError) as error:
            await wait_out(error)
        else:
            log.info("keys_swept", destroyed=destroyed)
            await asyncio.sleep(SWEEP_EVERY_S)


async def check(runtime: Runtime, vault: Vault) -> None:
    """Raises `KeysMissing`; of people whose key is gone though nobody erased them it warns, they count as erased."""
    async with runtime.transaction() as tx:
        missing = sorted((await key_store.masters(tx)).keys() - vault.masters.keys())
        locked_out = await key_store.locked_out(tx)
    if locked_out:
        log.error("people_without_keys", people=locked_out)
    if missing:
        log.error("master_keys_missing", missing=missing)
        raise KeysMissing(f"NOTIFIER_MASTER_KEYS lacks {', '.join(missing)}")
