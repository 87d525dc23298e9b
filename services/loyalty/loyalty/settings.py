"""Settings of loyalty: the programme's numbers. Those of every service are in `chassis.settings`."""

from itertools import pairwise
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings
from contracts.vocabulary import LARGEST_INTEGER
from loyalty.programme import Programme, Tier

DEFAULT = Programme()
TierName = Annotated[str, Field(min_length=1, max_length=64)]
Threshold = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]


class LoyaltySettings(ServiceSettings):
    """What loyalty reads from its environment, under `LOYALTY_`."""

    model_config = SettingsConfigDict(env_prefix="LOYALTY_", frozen=True, extra="ignore", populate_by_name=True)

    programme_version: str = Field(
        default=DEFAULT.version, min_length=1, max_length=64,
        description="Stands in every decision; give a new one when you change a number",
    )  # fmt: skip
    points_per_unit: int = Field(
        default=DEFAULT.points_per_unit, ge=0, le=10_000,
        description="Points for one unit of the order's currency; orders confirmed before keep their rate",
    )  # fmt: skip
    tiers: dict[TierName, Threshold] = Field(
        default={tier.name: tier.from_points for tier in DEFAULT.tiers},
        description="JSON: tier names with the qualifying points they begin at, rising, the first at 0",
    )
    late_delivery_points: int = Field(
        default=DEFAULT.late_delivery_points, ge=0, le=LARGEST_INTEGER,
        description="Goodwill for an order that comes late, once per order; 0 gives none",
    )  # fmt: skip
    goodwill_request_cap_points: int = Field(
        default=DEFAULT.goodwill_request_cap_points, ge=0, le=LARGEST_INTEGER,
        description="Requests of cases for more goodwill than this are refused",
    )  # fmt: skip

    @field_validator("tiers")
    @classmethod
    def _rise_from_zero(cls, tiers: dict[str, int]) -> dict[str, int]:
        thresholds = list(tiers.values())
        if thresholds[:1] != [0] or any(lower >= higher for lower, higher in pairwise(thresholds)):
            raise ValueError("thresholds must rise, and the first must be 0")
        return tiers

    def programme(self) -> Programme:
        """The programme these settings describe."""
        return Programme(
            version=self.programme_version,
            points_per_unit=self.points_per_unit,
            tiers=tuple(Tier(name, from_points) for name, from_points in self.tiers.items()),
            late_delivery_points=self.late_delivery_points,
            goodwill_request_cap_points=self.goodwill_request_cap_points,
        )
