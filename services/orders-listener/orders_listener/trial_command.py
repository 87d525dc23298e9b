"""`orders-listener policy try FILE --days N`: what another policy would have done with the recorded past, as a table.

Owns reading the past for it, however long it is, and the words. Nothing is written, nobody is told.
"""

from datetime import timedelta

from chassis.runtime import Runtime
from contracts.vocabulary import IssueKind
from orders_listener import learning, store
from orders_listener.policy import Policy
from orders_listener.trials import Comparison, Tally, Trial

PORTION = 1_000
"""Orders read at once."""


async def tried(runtime: Runtime, running: Policy, other: Policy, *, days: int) -> str:
    """Compare on every order that began in so many days until now; lines for people."""
    until = await runtime.now()
    since = until - timedelta(days=days)
    async with runtime.transaction() as tx:
        mornings = await learning.mornings_between(tx, since, until)
        comparison = Comparison(running, other, since=since, until=until, mornings=mornings)
        async for portion in store.pasts(tx, since, portion=PORTION):
            comparison.take(portion)
    return table(comparison.result(), running.version, other.version)


def table(trial: Trial, running: str, other: str) -> str:
    """Issues by kind under both policies, and how many people would have been told."""
    names = f"{f'running ({running})':>24}{f'tried ({other})':>24}"
    kinds = sorted(trial.running.opened.keys() | trial.tried.opened.keys())
    lines = [
        f"{trial.orders} orders that began from {trial.since:%Y-%m-%d %H:%M} to {trial.until:%Y-%m-%d %H:%M} UTC",
        f"{'opened, of these resolved':28}{names}",
        *(f"{kind:28}{_opened(trial.running, kind):>24}{_opened(trial.tried, kind):>24}" for kind in kinds),
        f"{'people told':28}{trial.running.people_told:>24}{trial.tried.people_told:>24}",
    ]
    return "\n".join(lines)


def _opened(tally: Tally, kind: IssueKind) -> str:
    return f"{tally.opened.get(kind, 0)}, {tally.resolved.get(kind, 0)}"
