"""What a run has shown: medians and spread by mode, ratios within each round, and what is to be reached. Pure."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, Literal

import msgspec
from msgspec import Struct

from benchmarks.measuring import Measured

VOID_BELOW = 0.035
"""A loop by hand that is slower than this share of the mere reading was disturbed, and its run proves nothing."""


COLUMNS = (
    "events/s", "spread", "CPU µs/event", "PostgreSQL µs/event", "rows/event", "MiB", "p50 ms", "p99 ms",
)  # fmt: skip
Figure = Literal["events_per_s", "p99_ms"]
MEANT: dict[Figure, str] = {"events_per_s": "", "p99_ms": " (p99, smaller is better)"}


class Claim(Struct, frozen=True):
    """A ratio of two modes of one section and round."""

    section: str
    mode: str
    beside: str
    reach: float | None = None
    aim: float | None = None
    figure: Figure = "events_per_s"


class Ratio(Struct, frozen=True, kw_only=True):
    """A claim with what came of it."""

    section: str
    mode: str
    beside: str
    median: float
    lowest: float
    highest: float
    reach: float | None = None
    aim: float | None = None
    figure: Figure = "events_per_s"

    @property
    def what(self) -> str:
        """Of which modes, and of what where that is not their speed."""
        return f"{self.mode} : {self.beside}{MEANT[self.figure]}"


class Summary(Struct, frozen=True, kw_only=True):
    """One mode over all rounds."""

    section: str
    mode: str
    rounds: int
    events_per_s: float
    spread: float
    """(highest - lowest) / median of the events per second."""
    cpu_us: float
    database_cpu_us: float
    rows_per_event: float
    memory_mib: float
    median_ms: float
    p99_ms: float


CLAIMS = (
    Claim("loyalty", "service", "by hand", 1.0, 1.3),
    Claim("loyalty", "service", "by hand, abreast", 0.8, 0.9),
    Claim("loyalty", "service", "FastStream batch", 2.0),
    Claim("loyalty", "service", "ORM per message", 50.0),
    Claim("loyalty", "service", "FastStream and ORM per message", 50.0),
    Claim("loyalty", "by hand", "raw", VOID_BELOW),
    Claim("orders_listener", "service", "by hand", 1.0, 1.3),
    Claim("orders_listener", "service", "by hand, abreast", 0.8, 0.9),
    Claim("orders_listener", "by hand", "raw", VOID_BELOW),
    Claim("sweep", "deadlines", "events"),
    Claim("http reads", "service", "bare FastAPI"),
    Claim("http commands", "service", "bare FastAPI"),
    Claim("ingest", "service", "bare FastAPI", 0.8),
    Claim("ingest", "service", "bare FastAPI, as it came"),
    Claim("notifier", "sender", "bare aiosmtplib"),
    Claim("notifier", "sender", "bare aiosmtplib, our letters", 0.7),
    *(
        Claim(section, many, "10,000 orders", reach=1.3, figure="p99_ms")
        for section in ("timeline", "order")
        for many in ("100,000 orders", "2,000,000 orders")
    ),
    Claim("workers", "two workers", "one worker"),
    Claim("scale", "2,000,000 accounts", "10,000 accounts", 0.9),
)


def summaries(runs: Iterable[Measured]) -> list[Summary]:
    """By section and mode, in the order in which they first ran."""
    grouped: dict[tuple[str, str], list[Measured]] = {}
    for run in runs:
        grouped.setdefault((run.section, run.mode), []).append(run)
    return [_summary(section, mode, group) for (section, mode), group in grouped.items()]


def _summary(section: str, mode: str, runs: Sequence[Measured]) -> Summary:
    speeds = [run.events_per_s for run in runs]
    return Summary(
        section=section,
        mode=mode,
        rounds=len(runs),
        events_per_s=median(speeds),
        spread=(max(speeds) - min(speeds)) / median(speeds),
        cpu_us=median(run.cpu_us for run in runs),
        database_cpu_us=median(run.database_cpu_us for run in runs),
        rows_per_event=median(run.rows_per_event for run in runs),
        memory_mib=max(run.memory_mib for run in runs),
        median_ms=median(run.median_ms for run in runs),
        p99_ms=median(run.p99_ms for run in runs),
    )


def void_rounds(runs: Iterable[Measured]) -> set[tuple[str, int]]:
    """(section, round) of rounds whose loop by hand was disturbed."""
    speeds = {(run.section, run.round, run.mode): run.events_per_s for run in runs}
    return {
        (section, number)
        for (section, number, mode), speed in speeds.items()
        if mode == "by hand" and speed < VOID_BELOW * speeds.get((section, number, "raw"), 0.0)
    }


def ratios(runs: Sequence[Measured]) -> list[Ratio]:
    """Every claim for which both modes ran; rounds that are void do not count."""
    void = void_rounds(runs)
    of = {(run.section, run.mode, run.round): run for run in runs}
    found = []
    for claim in CLAIMS:
        rounds = sorted({number for section, mode, number in of if (section, mode) == (claim.section, claim.mode)})
        values = [
            getattr(of[claim.section, claim.mode, number], claim.figure) / getattr(beside, claim.figure)
            for number in rounds
            if (claim.section, number) not in void
            and (beside := of.get((claim.section, claim.beside, number))) is not None
        ]
        if values:
            found.append(_ratio(claim, values))
    return found


def _ratio(claim: Claim, values: Sequence[float]) -> Ratio:
    return Ratio(
        section=claim.section,
        mode=claim.mode,
        beside=claim.beside,
        median=median(values),
        lowest=min(values),
        highest=max(values),
        reach=claim.reach,
        aim=claim.aim,
        figure=claim.figure,
    )


def document(machine: dict[str, str], plan: Any, runs: Sequence[Measured], compared: dict[str, Any]) -> bytes:
    """The content of `build/bench.json`."""
    content = {
        "machine": machine,
        "plan": plan,
        "ratios": ratios(runs),
        "modes": summaries(runs),
        "rows_compared": compared,
        "void": sorted(void_rounds(runs)),
        "runs": runs,
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2)


def table(runs: Sequence[Measured]) -> str:
    """Markdown: modes, then ratios."""
    return "\n".join(
        [
            f"| section | mode | {' | '.join(COLUMNS)} |",
            f"|---|---|{'--:|' * len(COLUMNS)}",
            *map(_mode_line, summaries(runs)),
            "",
            "| section | ratio | median | lowest – highest | to reach | aim |",
            "|---|---|--:|--:|--:|--:|",
            *map(_ratio_line, ratios(runs)),
        ]
    )


def _mode_line(one: Summary) -> str:
    numbers = [
        _or_dash(one.database_cpu_us, 0),
        _or_dash(one.rows_per_event, 1),
        _or_dash(one.memory_mib, 0),
        _or_dash(one.median_ms, 2),
        _or_dash(one.p99_ms, 2),
    ]
    speed = f"{one.events_per_s:,.0f} | ± {one.spread / 2:.0%} | {one.cpu_us:,.0f}"
    return f"| {one.section} | {one.mode} | {speed} | {' | '.join(numbers)} |"


def _ratio_line(ratio: Ratio) -> str:
    found = f"{ratio.median:.3g} | {ratio.lowest:.3g} – {ratio.highest:.3g}"
    sign = "" if ratio.figure == "events_per_s" or ratio.reach is None else "≤ "
    wanted = f"{sign}{_or_dash(ratio.reach)} | {_or_dash(ratio.aim)}"
    return f"| {ratio.section} | {ratio.what} | {found} | {wanted} |"


def _or_dash(number: float | None, digits: int | None = None) -> str:
    if not number:
        return "–"
    return f"{number:g}" if digits is None else f"{number:,.{digits}f}"
