"""SQL of providers' health: what each sending process says of them. Transaction first, set-based, never commits."""

from collections.abc import Sequence

from sqlalchemy import text

from chassis.service import Tx
from contracts.vocabulary import Channel
from notifier.health import Health

_KEEP = text("""
insert into providers (channel, name, sender, state, per_second, in_flight, code, since, said_at)
select v.*, now() from unnest(
  cast(:channels as text[]), cast(:names as text[]), cast(:senders as text[]), cast(:states as text[]),
  cast(:rates as double precision[]), cast(:in_flight as integer[]), cast(:codes as text[]),
  cast(:since as timestamptz[])) as v
on conflict (channel, name, sender) do update
set (state, per_second, in_flight, code, since, said_at)
  = (excluded.state, excluded.per_second, excluded.in_flight, excluded.code, excluded.since, excluded.said_at)
""")

_FORGET = text("delete from providers where said_at < now() - interval '1 minute'")

_KNOWN = text("""
select * from providers where said_at >= now() - interval '1 minute' order by channel, name, sender
""")


async def keep(tx: Tx, healths: Sequence[Health], sender: str) -> None:
    """How this process finds its providers; what others said a minute ago is forgotten."""
    columns = {
        "channels": [str(one.channel) for one in healths],
        "names": [one.name for one in healths],
        "senders": [sender for _ in healths],
        "states": [one.state for one in healths],
        "rates": [one.per_second for one in healths],
        "in_flight": [one.in_flight for one in healths],
        "codes": [one.code for one in healths],
        "since": [one.since for one in healths],
    }
    await tx.execute(_KEEP, columns)
    await tx.execute(_FORGET)


async def known(tx: Tx) -> list[tuple[str, Health]]:
    """What every sending process said within a minute, each with the process."""
    return [
        (
            row.sender,
            Health(
                channel=Channel(row.channel), name=row.name, state=row.state, per_second=row.per_second,
                in_flight=row.in_flight, code=row.code, since=row.since,
            ),
        )
        for row in await tx.execute(_KNOWN)
    ]  # fmt: skip
