"""Compares what is there with what the model says must be there: lost, doubled, reordered, parked without reason.

Owns the comparison and the journals' figures. Knows no rule of a service.
"""

import asyncio
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.replay.databases import Databases
from deploy.local.stack import REPOSITORY
from tests.chaos import findings
from tests.chaos.findings import Row, lines_of
from tests.chaos.topics import Place

EXAMPLES = 5
MODEL_PATIENCE_S = 300


@dataclass
class Verdict:
    """What was found, table by table; everything must be 0."""

    parked_without_reason: int = 0
    deadlocks: int = 0
    wrong_balances: int = 0
    blocked_customers: int = 0
    stuck: str = ""
    by_table: dict[str, dict[str, int]] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    expected: dict[str, int] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, int]:
        """The figures that must be 0."""
        found: Counter[str] = sum(map(Counter, self.by_table.values()), Counter())
        named = ("parked_without_reason", "deadlocks", "wrong_balances", "blocked_customers")
        return {name: found[name] for name in ("lost", "doubled", "reordered")} | {n: getattr(self, n) for n in named}

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not (any(self.figures.values()) or self.stuck)

    def differs(self, table: str, lost: Sequence[str], doubled: Sequence[str], reordered: int = 0) -> None:
        """Take note of what one comparison found."""
        self.by_table[table] = {"lost": len(lost), "doubled": len(doubled), "reordered": reordered}
        self.examples += [f"{table} lost {row}" for row in lost[:EXAMPLES]]
        self.examples += [f"{table} doubled {row}" for row in doubled[:EXAMPLES]]


async def judge(databases: Databases, folder: Path, records: Mapping[Place, int], server_log: Path) -> Verdict:
    """Everything that can be held against the services; in `folder` lies what is raw, and will lie what is expected."""
    raw, expected = folder / "raw", folder / "expected"
    verdict = Verdict()
    _conserved(verdict, await findings.fates(databases), records)
    verdict.wrong_balances = len(await databases.rows("loyalty", "select * from wrong_balances()"))
    verdict.blocked_customers = await findings.blocked(databases)
    verdict.deadlocks = _deadlocks(server_log)
    await _modelled(raw, expected)
    await _compared(verdict, databases, raw, expected)
    return verdict


def _deadlocks(server_log: Path) -> int:
    """Transactions that waited for each other: nobody should, for all lock in one order."""
    return server_log.read_text(errors="replace").count("deadlock detected")


def _conserved(verdict: Verdict, fates: Iterable[Row], records: Mapping[Place, int]) -> None:
    """Every record that was there was consumed exactly once, whatever became of it."""
    missing, extra = [], []
    for row in fates:
        surplus = row["consumed"] - records.get((row["topic"], row["partition"]), 0)
        place = f"{row['service']} {row['topic']}-{row['partition']}"
        missing += [place] * max(0, -surplus)
        extra += [place] * max(0, surplus)
    verdict.differs("records", missing, extra)


async def _modelled(raw: Path, expected: Path) -> None:
    """Run the model, by its command line: it shares nothing with us but files."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chaos.model", str(raw), str(expected), cwd=REPOSITORY
    )
    code = await asyncio.wait_for(process.wait(), MODEL_PATIENCE_S)
    if code:
        raise RuntimeError(f"the model ended with exit code {code}")


async def _compared(verdict: Verdict, databases: Databases, raw: Path, expected: Path) -> None:
    """Table by table."""
    there = {
        "applied": await findings.applied(databases),
        "parked": await findings.parked(databases),
        "facts": findings.facts(raw),
        "ledger": await findings.ledger(databases),
        "issues": await findings.issues(databases),
    }
    wanted = {table: list(lines_of(expected / f"{table}.jsonl")) for table in there}
    verdict.expected = {table: len(rows) for table, rows in wanted.items()}
    for table, rows in there.items():
        compare(verdict, table, wanted[table], rows)


UNCOMPARED: Mapping[str, tuple[str, ...]] = {"applied": ("customer_id",), "ledger": ("number",)}
"""What the services do not keep, and what only gives the order."""


def compare(verdict: Verdict, table: str, wanted: Sequence[Row], there: Sequence[Row]) -> None:
    """Take note of what is missing, too much, or in another order than wanted."""
    same = _without(*UNCOMPARED.get(table, ()))
    lost, extra = _differences(map(same, wanted), map(same, there))
    order = ORDERED.get(table)
    moved = _out_of_order(wanted, there, order) if order else 0
    if table == "parked":
        verdict.parked_without_reason += len(extra)
        verdict.examples += [f"parked without reason {row}" for row in extra[:EXAMPLES]]
        extra = []
    verdict.differs(table, lost, extra, moved)


def _without(*names: str) -> Callable[[Row], str]:
    """A row as text that is the same for the same row."""
    return lambda row: json.dumps({key: row[key] for key in row if key not in names}, sort_keys=True)


def _differences(wanted: Iterable[str], there: Iterable[str]) -> tuple[list[str], list[str]]:
    """What is missing, and what is too much."""
    expected, found = Counter(wanted), Counter(there)
    return sorted((expected - found).elements()), sorted((found - expected).elements())


Order = tuple[tuple[str, ...], str]
"""Which columns name a sequence, and the column that tells its items apart."""
ORDERED: Mapping[str, Order] = {"facts": (("service", "customer_id"), "time"), "ledger": (("customer_id",), "at")}


def _out_of_order(wanted: Iterable[Row], there: Iterable[Row], order: Order) -> int:
    """How many places of a sequence are taken by another item than expected, among the items that both have."""
    ones, others = _sequences(wanted, order), _sequences(there, order)
    return sum(_misplaced(ones.get(name, []), sequence) for name, sequence in others.items())


def _sequences(rows: Iterable[Row], order: Order) -> dict[tuple[Any, ...], list[str]]:
    names, item = order
    sequences: defaultdict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in rows:
        sequences[tuple(row[name] for name in names)].append(row[item])
    return sequences


def _misplaced(wanted: list[str], there: list[str]) -> int:
    common = Counter(wanted) & Counter(there)
    return sum(one != other for one, other in zip(_only(wanted, common), _only(there, common), strict=True))


def _only(sequence: Iterable[str], common: Counter[str]) -> list[str]:
    left = common.copy()
    kept = []
    for item in sequence:
        if left[item] > 0:
            left[item] -= 1
            kept.append(item)
    return kept


def journals(folder: Path) -> dict[str, int]:
    """What the workers noted: positions lost to another owner, polls that were lost, records that came again."""
    counts: Counter[str] = Counter()
    polled: defaultdict[tuple[str, str, int], Counter[int]] = defaultdict(Counter)
    for path in sorted(folder.glob("*.journal")):
        service = path.stem.rpartition("-")[0]
        for line in lines_of(path):
            counts["compare_and_set_losses"] += "positions_moved" in line
            counts["polls_lost"] += "poll_lost" in line
            for topic, partition, first, last in line.get("polled", ()):
                polled[service, topic, partition].update(range(first, last + 1))
    again = sum(times - 1 for offsets in polled.values() for times in offsets.values())
    return {"compare_and_set_losses": 0, "polls_lost": 0} | dict(counts) | {"redeliveries": again}
