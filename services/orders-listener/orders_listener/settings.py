"""Settings of the orders-listener: where its policy stands, who may deliver hooks.

Those of every service are in `chassis.settings`.
"""

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from chassis.policy_files import PolicyRefused
from chassis.settings import ClockKind, ServiceSettings
from orders_listener import policy_files
from orders_listener.ingest.signatures import standard_webhooks_key
from orders_listener.policy import Policy


def _secrets(description: str) -> Any:
    return Field(default=SecretStr(""), description=f"{description}; by comma, any of them holds. Empty: not connected")


def _each(secrets: SecretStr) -> list[str]:
    return [secret for part in secrets.get_secret_value().split(",") if (secret := part.strip())]


class OrdersListenerSettings(ServiceSettings):
    """What the orders-listener reads from its environment, under `ORDERS_LISTENER_`."""

    model_config = SettingsConfigDict(env_prefix="ORDERS_LISTENER_", frozen=True, extra="ignore", populate_by_name=True)

    policy_file: Path | None = Field(
        default=None, description="The shop's policy, YAML; without one the defaults hold. Read at start"
    )

    ingest_cloudevents_secrets: SecretStr = _secrets(
        "CloudEvents over HTTP: Standard Webhooks secrets, whsec_ and base64"
    )
    ingest_shopify_secrets: SecretStr = _secrets(
        "Shopify: the app's client secret, or that of the shop's notifications"
    )
    ingest_easypost_secrets: SecretStr = _secrets("EasyPost: the webhook_secret of its webhook")
    ingest_aftership_secrets: SecretStr = _secrets("AfterShip: the webhook secret")
    ingest_woocommerce_secrets: SecretStr = _secrets("WooCommerce: the secret of its webhooks")
    ingest_body_bytes: int = Field(default=4_194_304, ge=1_024, description="Largest body of a hook; 413 above")

    @field_validator("ingest_cloudevents_secrets")
    @classmethod
    def _keys_are_right(cls, secrets: SecretStr) -> SecretStr:
        for secret in _each(secrets):
            standard_webhooks_key(secret)
        return secrets

    @field_validator("*")
    @classmethod
    def _hooks_come_in_real_time(cls, content: Any, info: ValidationInfo) -> Any:
        name = info.field_name or ""
        simulated = info.data.get("clock") is ClockKind.simulated
        if simulated and name.startswith("ingest_") and isinstance(content, SecretStr) and _each(content):
            raise ValueError("hooks come in real time, and this service's is simulated: CLOCK")
        return content

    def ingest_secrets(self) -> dict[str, list[str]]:
        """The secrets of each provider, by its name in the route."""
        fields = [name for name in type(self).model_fields if name.startswith("ingest_") and name.endswith("_secrets")]
        return {name.removeprefix("ingest_").removesuffix("_secrets"): _each(getattr(self, name)) for name in fields}

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
