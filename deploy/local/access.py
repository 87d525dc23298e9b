"""The key of a run: made anew, good at every service of it, gone with its databases."""

import asyncio
from collections.abc import Mapping

from chassis import api_keys
from chassis.access import scopes_of
from chassis.api_keys import Key
from chassis.database import create_engine

DAYS = 30


def admit(key: Key, databases: Mapping[str, str]) -> None:
    """Let `key` do everything at these services; `databases` are their addresses by package."""
    asyncio.run(_admit(key, databases))


async def _admit(key: Key, databases: Mapping[str, str]) -> None:
    for service, url in databases.items():
        engine = create_engine(url, connections=1)
        async with engine.begin() as tx:
            scopes = list(scopes_of(service.replace("_", "-")))
            await api_keys.keep(tx, key, name="local run", scopes=scopes, days=DAYS)
        await engine.dispose()
