"""Settings of the orders-listener: where its policy stands. Those of every service are in `chassis.settings`."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from chassis.policy_files import PolicyRefused
from chassis.settings import ServiceSettings
from orders_listener import policy_files
from orders_listener.policy import Policy


class OrdersListenerSettings(ServiceSettings):
    """What the orders-listener reads from its environment, under `ORDERS_LISTENER_`."""

    model_config = SettingsConfigDict(env_prefix="ORDERS_LISTENER_", frozen=True, extra="ignore", populate_by_name=True)

    policy_file: Path | None = Field(
        default=None, description="The shop's policy, YAML; without one the defaults hold. Read at start"
    )

    @field_validator("policy_file")
    @classmethod
    def _policy_is_right(cls, path: Path | None) -> Path | None:
        if path is not None:
            try:
                policy_files.read(path)
            except PolicyRefused as refused:
                raise ValueError(f"the policy is refused\n{refused}") from refused
        return path

    def policy(self) -> Policy:
        """The policy that the file describes. Raises `PolicyRefused` for one that became wrong meanwhile."""
        if self.policy_file is None:
            return Policy(shop_zone=self.shop_zone)
        return policy_files.read(self.policy_file, shop_zone=self.shop_zone)
