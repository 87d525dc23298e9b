"""A delivery is taken: checked, read, addressed, said. Owns in which order, and what makes it safe to say yes.

Yes means that Kafka has acknowledged everything of it, or that the database has what nobody can address yet. The
database comes first: whatever fails behind it is told to come again, and the same again is the same rows and ids.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from chassis import metrics
from chassis.errors import NotFound
from chassis.runtime import Runtime
from contracts.kafka import Record
from orders_listener.ingest import addressing, cloudevents, unmatched
from orders_listener.ingest.events import Ids, Waiting, occurred_at, record_said, waiting_of
from orders_listener.ingest.hooks import Hook, Ignored, OfCustomer, Saying
from orders_listener.ingest.providers import PROVIDERS, hook_of
from orders_listener.ingest.signatures import Delivery, standard_webhooks
from storefront.outlet import Outlet
from storefront.publisher import Publisher

Secrets: TypeAlias = Mapping[str, Sequence[str]]
"""By provider; empty for one that is not connected."""


class Taken(Struct, frozen=True):
    """What became of a delivery."""

    accepted: int = 0
    """Events that Kafka has."""
    kept: int = 0
    """Facts that wait in the database until somebody knows whose they are."""
    ignored: str | None = None
    """Why nothing followed."""


class Intake:
    """Takes deliveries of every provider that is connected."""

    def __init__(self, runtime: Runtime, secrets: Secrets) -> None:
        self._runtime = runtime
        self._secrets = secrets
        settings = runtime.settings
        self._outlet = Outlet(
            lambda: Publisher(
                settings.kafka_bootstrap_servers,
                idempotent=settings.kafka_idempotent_producer,
                partitions=settings.partitions,
                connection=settings.connection,
                traces=runtime.traces,
            )
        )
        runtime.closing.append(self._outlet.close)

    async def take(self, name: str, delivery: Delivery) -> Taken:
        """Take one delivery.

        Raises `NotFound`, `BadSignature`, `BadHook`, `Refused`, `Unsayable`, `NotAcknowledged` and errors of the
        database.
        """
        secrets = self.secrets_of(name)
        if name == cloudevents.NAME:
            standard_webhooks(delivery, secrets)
            return await self._take_events(delivery)
        provider = PROVIDERS[name]
        if provider.is_ping(delivery):
            return Taken(ignored="ping")
        provider.check(delivery, secrets)
        hook = hook_of(provider, delivery)
        heard = provider.heard(hook)
        if isinstance(heard, Ignored):
            return Taken(ignored=heard.reason)
        return await self._take_sayings(hook, heard)

    def secrets_of(self, name: str) -> Sequence[str]:
        """The secrets of a provider that is connected. Raises `NotFound`."""
        if name not in KNOWN:
            raise NotFound("provider_unknown", f"These are known: {', '.join(sorted(KNOWN))}.")
        secrets = self._secrets.get(name)
        if not secrets:
            setting = f"ORDERS_LISTENER_INGEST_{name.upper()}_SECRETS"
            raise NotFound("provider_not_connected", f"Set {setting} to the secret that the provider signs with.")
        return secrets

    async def _take_events(self, delivery: Delivery) -> Taken:
        said = cloudevents.said(delivery)
        if not said.records:
            return Taken(ignored="unknown_type" if said.ignored else "empty_batch")
        await self._outlet.say(said.records)
        return Taken(accepted=len(said.records))

    async def _take_sayings(self, hook: Hook, heard: Sequence[Saying]) -> Taken:
        records, waiting = await self._addressed(hook, heard)
        if waiting:
            async with self._runtime.transaction() as tx:
                await unmatched.keep(tx, waiting, hook.received_at)
            metrics.hooks_unmatched.labels("kept").inc(len(waiting))
        if records:
            await self._outlet.say(records)
        if not records and not waiting:
            return Taken(ignored="nobody_to_tell_of" if heard else "nothing_said")
        return Taken(len(records), len(waiting))

    async def _addressed(self, hook: Hook, heard: Sequence[Saying]) -> tuple[list[Record], list[Waiting]]:
        """What can be said now, and what waits."""
        records: list[Record] = []
        waiting: list[Waiting] = []
        for number, (saying, ids) in enumerate(zip(heard, await self._ids(hook, heard), strict=True)):
            if ids is not None:
                records.append(record_said(hook, number, saying, ids))
            elif addressing.may_be_known(saying.of) and (kept := waiting_of(hook, number, saying)):
                waiting.append(kept)
        return records, waiting

    async def _ids(self, hook: Hook, heard: Sequence[Saying]) -> list[Ids | None]:
        if all(isinstance(saying.of, OfCustomer) for saying in heard):
            return [{"customer_id": saying.of.customer_id} for saying in heard if isinstance(saying.of, OfCustomer)]
        async with self._runtime.engine.connect() as tx:
            return await addressing.ids_of(
                tx, [addressing.Asked(saying.of, occurred_at(hook, saying), hook.received_at) for saying in heard]
            )


KNOWN = frozenset({cloudevents.NAME, *PROVIDERS})
