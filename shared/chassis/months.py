"""Tables that lie in months: which months there are, and the statements that add and drop them whole.

PostgreSQL calls these partitions; here a partition is always Kafka's. A row lies in the month (UTC) of one of its own
moments. What is older than the oldest month lies in `<table>_earlier`, what is younger than the newest in
`<table>_later`, so every row has a place. Owns the statements, and runs none; knows no setting and no clock.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from alembic.operations import Operations


class Monthly(NamedTuple):
    """A table that lies in months."""

    table: str
    by: str
    """The column with the moment that decides."""


INBOX = Monthly("inbox", "at")
DECISIONS = Monthly("decisions", "at")
COMMANDS = Monthly("commands", "received_at")
AUDITS = Monthly("audits", "at")
AHEAD = 3
"""So many months after the present one are there before they begin: as long may nobody look after them."""


def first_of(moment: datetime) -> datetime:
    """The beginning of the month that `moment` lies in."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def after(moment: datetime) -> datetime:
    """The beginning of the next month."""
    return first_of(first_of(moment) + timedelta(days=31))


def from_to(month: datetime, until: datetime) -> Iterator[datetime]:
    """The months from `month` to the one before `until`."""
    while month < until:
        yield month
        month = after(month)


def found(monthly: Monthly, names: Collection[str]) -> list[datetime]:
    """The months among the names of a table's parts, the oldest first."""
    beginnings = [name.removeprefix(f"{monthly.table}_") for name in names]
    return sorted(datetime.strptime(one, "%Y_%m").replace(tzinfo=UTC) for one in beginnings if one[:1].isdigit())


def wanted_until(now: datetime) -> datetime:
    """The end of the last month that should be there."""
    end = after(now)
    for _ in range(AHEAD):
        end = after(end)
    return end


def added(monthly: Monthly, months: Sequence[datetime], until: datetime) -> list[str]:
    """Statements that add the months up to `until`. Rows that came for them too early move in."""
    new, table = list(from_to(after(months[-1]), until)), monthly.table
    if not new:
        return []
    early = f"delete from {table}_later where {monthly.by} < '{until}' returning *"  # noqa: S608 our own names
    return [
        f"alter table {table} detach partition {table}_later",
        *(statement for month in new for statement in _month(monthly, month, like="later")),
        f"with early as ({early}) insert into {table} select * from early",  # noqa: S608 our own names
        f"alter table {table} attach partition {table}_later for values from ('{until}') to (maxvalue)",
    ]


def dropped(monthly: Monthly, months: Sequence[datetime], before: datetime) -> list[str]:
    """Statements that drop everything that had ended by `before`; never the last month. Empty when there is nothing."""
    table = monthly.table
    ended = [month for month in months[:-1] if after(month) <= before]
    if months[0] > before:
        return []
    beginning = months[len(ended)]
    doomed = [f"{table}_earlier", *(_name(table, month) for month in ended)]
    return [
        f"create table {table}_next (like {table}_earlier including all)",
        *(f"drop table {name}" for name in doomed),
        f"alter table {table}_next rename to {table}_earlier",
        f"alter table {table} attach partition {table}_earlier for values from (minvalue) to ('{beginning}')",
    ]


def _name(table: str, month: datetime) -> str:
    return f"{table}_{month:%Y_%m}"


def _month(monthly: Monthly, month: datetime, like: str) -> list[str]:
    table, name = monthly.table, _name(monthly.table, month)
    return [
        f"create table {name} (like {table}_{like} including all)",
        f"alter table {table} attach partition {name} for values from ('{month}') to ('{after(month)}')",
    ]


def lay_out(operations: Operations, monthly: Monthly, now: datetime, *, number: str | None = None) -> None:
    """Let a table lie in months, for the `upgrade` of a migration; its rows stay where they are, as its earlier ones.

    `number` is its identity column, which goes on counting. The table is locked meanwhile, and read through twice: for
    rows of somebody whose clock runs ahead, which move, and by PostgreSQL, which makes sure that there are none.
    """
    table, beginning = monthly.table, after(now)
    ahead = f"delete from {table}_earlier where {monthly.by} >= '{beginning}' returning *"  # noqa: S608 our own names
    for statement in (
        f"alter table {table} rename to {table}_earlier",
        *(_counted(table, number) if number else ()),
        f"create table {table}_ahead (like {table}_earlier)",
        f"with ahead as ({ahead}) insert into {table}_ahead select * from ahead",  # noqa: S608 our own names
        f"create table {table} (like {table}_earlier including defaults) partition by range ({monthly.by})",
        f"alter table {table} attach partition {table}_earlier for values from (minvalue) to ('{beginning}')",
        f"create table {table}_later (like {table}_earlier including all)",
        *(s for month in from_to(beginning, wanted_until(now)) for s in _month(monthly, month, like="earlier")),
        f"alter table {table} attach partition {table}_later for values from ('{wanted_until(now)}') to (maxvalue)",
        f"insert into {table} select * from {table}_ahead",  # noqa: S608 our own names
        f"drop table {table}_ahead",
    ):
        operations.execute(statement)


def _counted(table: str, number: str) -> list[str]:
    """An identity belongs to one table; a sequence counts for all of its parts."""
    return [
        f"alter table {table}_earlier alter {number} drop identity",
        f"create sequence {table}_{number}",
        f"select setval('{table}_{number}', (select coalesce(max({number}), 0) + 1 from {table}_earlier), false)",  # noqa: S608 ours
        f"alter table {table}_earlier alter {number} set default nextval('{table}_{number}')",
    ]


def put_together(operations: Operations, monthly: Monthly, *, number: str | None = None) -> None:
    """One plain table again, for the `downgrade`. What was taken in twice, in two months, is kept once."""
    table = monthly.table
    for statement in (
        f"create table {table}_plain (like {table}_earlier including all)",
        f"insert into {table}_plain select * from {table} on conflict do nothing",  # noqa: S608 ours
        f"drop table {table}",
        f"alter table {table}_plain rename to {table}",
    ):
        operations.execute(statement)
    if number:
        operations.execute(f"alter table {table} alter {number} drop default")
        operations.execute(f"drop sequence {table}_{number}")
        operations.execute(f"alter table {table} alter {number} add generated always as identity")
        operations.execute(
            f"select setval(pg_get_serial_sequence('{table}', '{number}'), (select coalesce(max({number}), 0) + 1 from {table}), false)"  # noqa: S608, E501 ours
        )
