"""Settings of the orders-listener: the numbers of its rules. Those of every service are in `chassis.settings`."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings
from orders_listener.policy import DEFAULT, Policy

A_DAY_H = 24


class OrdersListenerSettings(ServiceSettings):
    """What the orders-listener reads from its environment, under `ORDERS_LISTENER_`."""

    model_config = SettingsConfigDict(env_prefix="ORDERS_LISTENER_", frozen=True, extra="ignore", populate_by_name=True)

    return_window_days: int = Field(
        default=DEFAULT.return_window.days, ge=0, le=400,
        description="After delivery; then an order is completed",
    )  # fmt: skip
    warning_lead_hours: int = Field(
        default=DEFAULT.warning_lead.days * A_DAY_H, ge=1, le=30 * A_DAY_H,
        description="Before a promise ends somebody looks whether it will be kept; shorter promises: half-way",
    )  # fmt: skip
    scan_silence_hours: int = Field(
        default=DEFAULT.scan_silence.days * A_DAY_H, ge=1, le=30 * A_DAY_H,
        description="A parcel that was not scanned for longer may have stopped",
    )  # fmt: skip

    def policy(self) -> Policy:
        """The policy these settings describe."""
        return Policy(
            shop_zone=self.shop_zone,
            return_window=timedelta(days=self.return_window_days),
            warning_lead=timedelta(hours=self.warning_lead_hours),
            scan_silence=timedelta(hours=self.scan_silence_hours),
        )
