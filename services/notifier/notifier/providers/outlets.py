"""The providers of each channel: who is asked, and who is asked next where nothing was handed over."""

from collections.abc import Sequence

import structlog
from prometheus_client import Counter

from contracts.vocabulary import Channel
from notifier.deliveries import Result
from notifier.health import Health
from notifier.mail import Answer, MailServer
from notifier.outgoing import Parcel
from notifier.provider_files import Apprised, Providers, Smtp
from notifier.providers.apprised import AppriseProvider
from notifier.providers.guarded import RESTING, WITHDRAWN, Guarded
from notifier.providers.provider import Provider, Wanted, always
from notifier.seals import Seal

CARRIED = (Channel.email, Channel.sms, Channel.push, Channel.chat)
MOST_AT_ONCE = 250
failovers = Counter("rapport_provider_failovers_total", "Parcels that another provider was asked for", ["channel"])
log = structlog.get_logger("notifier.providers")


class Outlet:
    """One channel's providers, the preferred one first."""

    def __init__(self, channel: Channel, providers: Sequence[Guarded]) -> None:
        self.channel = channel
        self._providers = providers
        self._was_there = True
        self._failovers = failovers.labels(channel)

    @property
    def room(self) -> int:
        """So many messages are worth taking in hand: what waits in hand is not overtaken by what matters more."""
        rooms = [provider.room for provider in self._providers if not provider.resting]
        return MOST_AT_ONCE if 0 in rooms else min(sum(rooms), MOST_AT_ONCE)

    @property
    def at_once(self) -> int:
        """So many parcels can be handed over side by side."""
        return sum(provider.at_once for provider in self._providers if not provider.resting) or 1

    async def ready(self) -> bool:
        """Whether any of them is there; said once when that changes."""
        there = False
        for provider in self._providers:
            there = there or await provider.ready()
        if there is not self._was_there:
            self._was_there = there
            said = log.info if there else log.warning
            said("channel_back" if there else "channel_down", channel=self.channel)
        return there

    async def send(self, parcel: Parcel, wanted: Wanted = always, first: str | None = None) -> Answer:
        """What the first one said that was handed the parcel; `first` is who said "not now" before.

        `trouble` when every one that was asked had trouble of its own, `untried` when none was asked.
        """
        answer = RESTING
        for number, provider in enumerate(self._in_order(first)):
            if number:
                self._failovers.inc()
            given = await provider.send(parcel, wanted)
            if given is WITHDRAWN or given.result not in (Result.trouble, Result.untried):
                return given
            answer = answer if given.result is Result.untried else given
        return answer

    def health(self) -> list[Health]:
        """Of each of them."""
        return [provider.health() for provider in self._providers]

    async def close(self) -> None:
        """Leave all of them."""
        for provider in self._providers:
            await provider.close()

    def _in_order(self, first: str | None) -> list[Guarded]:
        """Who rests is not asked; who is overfull, last."""
        awake = (provider for provider in self._providers if not provider.resting)
        return sorted(awake, key=lambda provider: (provider.overfull, provider.name != first))


class Outlets:
    """Every channel's. Raises ValueError for a provider that cannot be made."""

    def __init__(self, providers: Providers, seal: Seal | None) -> None:
        self.by_channel: dict[Channel, Outlet] = {}
        for channel in CARRIED:
            if named := providers.of(channel):
                guarded = [Guarded(channel, name, one, _made(one, seal)) for name, one in named.items()]
                self.by_channel[channel] = Outlet(channel, guarded)

    async def send(self, parcel: Parcel, wanted: Wanted = always, first: str | None = None) -> Answer:
        """What became of it; `untried` where its channel has no provider any more."""
        outlet = self.by_channel.get(parcel.channel)
        return await outlet.send(parcel, wanted, first) if outlet else RESTING

    def health(self) -> list[Health]:
        """Of every provider."""
        return [health for outlet in self.by_channel.values() for health in outlet.health()]

    async def close(self) -> None:
        """Leave all of them."""
        for outlet in self.by_channel.values():
            await outlet.close()


def _made(provider: Smtp | Apprised, seal: Seal | None) -> Provider:
    return MailServer(provider, seal) if isinstance(provider, Smtp) else AppriseProvider(provider)
