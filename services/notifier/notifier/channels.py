"""Which channel a message takes, looked at anew whenever it is decided.

The person's own choice goes first, then the shop's order for the concern. A channel is taken when there is an address,
a provider, consent, and nothing in the way. Owns that order and the reasons; knows no provider and no message.
"""

from collections.abc import Iterator

from msgspec import Struct

from contracts.vocabulary import Channel, Purpose
from notifier.kinds import Concern
from notifier.people import Person
from notifier.policy import Policy
from notifier.suppressions import NO_BLOCKS, Blocks

NO_ADDRESS = "no_address"
NO_PROVIDER = "no_provider"
NO_CONSENT = "no_consent"
AWAY = "away"
"""Every provider of it was just found to be away."""
_OBSTACLES = {AWAY: "channel_down", NO_CONSENT: "consent_withdrawn"}
_NEAREST = (AWAY, "suppressed_address", "complained", NO_CONSENT)
"""What would be nearest to being said; where there is none of these there is no contact."""


class Choice(Struct, frozen=True):
    """The channel, or None; and why not the others that were looked at, in that order."""

    channel: Channel | None
    passed: dict[Channel, str]

    @property
    def obstacle(self) -> str:
        """Why there is none: channel_down, suppressed_address, complained, consent_withdrawn, no_contact."""
        why = set(self.passed.values())
        nearest = next((reason for reason in _NEAREST if reason in why), None)
        return _OBSTACLES.get(nearest, nearest) if nearest else "no_contact"

    @property
    def detail(self) -> dict[str, dict[str, str]]:
        """As decisions say it; nothing where the first one was taken."""
        return {"passed": {str(channel): why for channel, why in self.passed.items()}} if self.passed else {}


def choose(person: Person, concern: Concern, purpose: Purpose, policy: Policy, blocks: Blocks = NO_BLOCKS) -> Choice:
    """The first channel that nothing speaks against."""
    passed: dict[Channel, str] = {}
    for channel in _order(person, concern, policy):
        why_not = _why_not(channel, person, purpose, policy, blocks)
        if why_not is None:
            return Choice(channel, passed)
        passed[channel] = why_not
    return Choice(None, passed)


def _order(person: Person, concern: Concern, policy: Policy) -> Iterator[Channel]:
    """Each once."""
    own = person.preferences.channel
    shops = [Channel(name) for name in policy.channels.of(concern)]
    yield from dict.fromkeys([own, *shops] if own else shops)


def _why_not(channel: Channel, person: Person, purpose: Purpose, policy: Policy, blocks: Blocks) -> str | None:
    if channel not in person.addresses:
        return NO_ADDRESS
    if channel not in policy.reachable:
        return NO_PROVIDER
    if objection := blocks.against(channel, purpose, person):
        return objection
    if not person.allows(channel, purpose):
        return NO_CONSENT
    return AWAY if channel in blocks.away else None
