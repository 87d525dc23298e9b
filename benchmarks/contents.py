"""Whether two databases hold the same rows in every table. Fails loudly, with the first rows that differ.

Left out is only what no two runs have in common: generated ids and times of the clock on the wall.
"""

import asyncio
from typing import TypeAlias

import asyncpg

LEFT_OUT = frozenset(
    {"outbox_id", "decision_id", "parked_id", "created_at", "parked_at", "received_at", "settled_at", "closed_until"}
)
SHOWN = 4

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class ContentsDiffer(Exception):
    """The loop written by hand left other rows than the service: a comparison of their speed would be worth nothing."""


def compare(one: str, other: str, names: tuple[str, str]) -> dict[str, int]:
    """Rows by table of two databases, by their addresses, that hold the same. Raises `ContentsDiffer`."""
    ours, theirs = asyncio.run(_contents(one)), asyncio.run(_contents(other))
    differing = [table for table in sorted(ours.keys() | theirs.keys()) if ours.get(table) != theirs.get(table)]
    if differing:
        shown = [_difference(table, ours.get(table, []), theirs.get(table, []), names) for table in differing]
        raise ContentsDiffer("\n".join(shown))
    return {table: len(rows) for table, rows in ours.items() if rows}


async def _contents(address: str) -> dict[str, list[str]]:
    connection: Connection = await asyncpg.connect(address)
    try:
        columns = await connection.fetch(
            """select table_name, column_name from information_schema.columns join information_schema.tables
                      using (table_schema, table_name)
               where table_schema = 'public' and table_type = 'BASE TABLE' order by table_name, ordinal_position"""
        )
        tables: dict[str, list[str]] = {}
        for table, column in columns:
            if column not in LEFT_OUT:
                tables.setdefault(table, []).append(f'"{column}"')
        return {table: await _rows(connection, table, kept) for table, kept in tables.items()}
    finally:
        await connection.close()


async def _rows(connection: Connection, table: str, columns: list[str]) -> list[str]:
    found = await connection.fetch(f'select row({", ".join(columns)})::text from "{table}"')  # noqa: S608 ours
    return sorted(row[0] for row in found)


def _difference(table: str, ours: list[str], theirs: list[str], names: tuple[str, str]) -> str:
    only_ours, only_theirs = sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours))
    lines = [f"{table}: {len(ours)} rows by {names[0]}, {len(theirs)} by {names[1]}"]
    lines += [f"  only {names[0]}: {row}" for row in only_ours[:SHOWN]]
    lines += [f"  only {names[1]}: {row}" for row in only_theirs[:SHOWN]]
    return "\n".join(lines)
