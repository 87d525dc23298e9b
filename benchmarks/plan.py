"""How much is run: seconds, rounds and sizes, by `QUICK`, `SCALE` and `ONLY` in the environment."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Struct

PARTITIONS = 6
SEED = 20_260_302
SECTIONS = (
    "loyalty",
    "orders_listener",
    "relay",
    "sweep",
    "http",
    "ingest",
    "timeline",
    "notifier",
    "issue_to_mail",
    "workers",
    "morning",
    "scale",
    "endurance",
)
LONG = 3
"""The last ones take long, and run with `SCALE=full` or when they are asked for."""


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str: ...


M = TypeVar("M", bound=Named)


class Plan(Struct, frozen=True, kw_only=True):
    """The sizes of one run."""

    seconds: float = 10.0
    """Each mode is measured for so long, after `warm_up_s`."""
    warm_up_s: float = 1.0
    rounds: int = 3
    compared_events: int = 12_000
    """Every mode consumes exactly so many, and its rows are compared."""
    events: int = 260_000
    """On the topic while speed is measured; a mode that has consumed them all is measured until then."""
    slow_compared_events: int = 1_500
    """The same for what commits message by message: on a topic of its own, it would take minutes."""
    accounts: int = 10_000
    outbox_rows: int = 300_000
    due_orders: int = 100_000
    """Their promise ended at the same moment."""
    few_orders: int = 10_000
    many_orders: int = 100_000
    """In the database while one is read; two million with `SCALE=full`."""
    mails: int = 30_000
    """Ready to be sent while the notifier's sender is measured."""
    issue_seconds: float = 30.0
    """So long issues are said at a steady pace."""
    held: int = 100_000
    """Messages that are held until the same moment, and what the mail server then takes in a second."""
    held_per_s: float = 400.0
    due_messages: int = 300_000
    """Due at one moment, as fast as they go."""
    many_accounts: int = 2_000_000
    endurance_events: int = 1_000_000
    sections: tuple[str, ...] = SECTIONS[:-LONG]
    modes: tuple[str, ...] = ()
    """Only these, of the consume paths; all when empty."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Plan":
        """`QUICK=1` for CI; `SCALE=full` adds what takes long; `ONLY` names sections, `MODES` modes."""
        full = environment.get("SCALE") == "full"
        sections = tuple(filter(None, environment.get("ONLY", "").split(","))) or SECTIONS[: None if full else -LONG]
        unknown = set(sections) - set(SECTIONS)
        if unknown:
            raise ValueError(f"ONLY={','.join(sorted(unknown))} is not known; choose from {', '.join(SECTIONS)}")
        modes = tuple(filter(None, environment.get("MODES", "").split(";")))
        chosen: dict[str, Any] = {"sections": sections, "modes": modes, "many_orders": 2_000_000 if full else 100_000}
        if environment.get("QUICK", "0") not in ("", "0"):
            return cls(
                seconds=2.5, warm_up_s=0.5, rounds=1, compared_events=3_000, slow_compared_events=200, events=60_000,
                outbox_rows=60_000, due_orders=20_000, mails=8_000,
                issue_seconds=6.0, held=4_000, held_per_s=250.0, due_messages=6_000,
                many_accounts=100_000, endurance_events=100_000,
                **chosen,
            )  # fmt: skip
        return cls(**chosen)

    def chosen(self, modes: Sequence[M]) -> list[M]:
        """Those that are to run."""
        return [mode for mode in modes if not self.modes or mode.name in self.modes]
