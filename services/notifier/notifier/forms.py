"""The form of the customer's page: what it shows of a person, and what somebody sent with it.

Knows neither HTTP nor words; what is wrong is said in the keys of `phrases`.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from contracts.vocabulary import Channel, Purpose
from notifier.people import Hours, PartOfDay, Person
from notifier.preferences import LANGUAGES, Choose, Source, Way

PAUSES_DAYS = (7, 14, 30, 90)
KEEP = "keep"
"""The pause that was chosen before goes on."""
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")


class Form(Struct, frozen=True, kw_only=True):
    """Fields as texts, as they stand in the form; empty where the shop's usual way holds."""

    wanted: frozenset[str]
    """Names of the boxes that are ticked."""
    channels: tuple[Channel, ...] = (Channel.email,)
    """Those whose boxes it has; of others it says nothing."""
    quiet_begins: str = ""
    quiet_ends: str = ""
    pause: str = ""
    language: str = ""
    hour: str = ""
    channel: str | None = None
    """None where it does not ask."""

    def problems(self) -> dict[str, str]:
        """Per field that cannot be taken, the key of the words that say why."""
        clocks = (self.quiet_begins, self.quiet_ends)
        right = not any(clocks) or all(_CLOCK.fullmatch(clock) for clock in clocks)
        found = {
            "quiet": None if right else "wrong_time",
            "pause": None if self.pause in ("", KEEP, *map(str, PAUSES_DAYS)) else "wrong_pause",
            "language": None if self.language in ("", *LANGUAGES) else "wrong_language",
        }
        wish = Wish(self.hour, self.channel or "").problems(self.channels)
        return {field: key for field, key in found.items() if key is not None} | wish

    def choice(self, person: Person, source: Source, now: datetime) -> Choose:
        """What is chosen by it; a box that nobody touched says nothing. Only for a form without problems."""
        return Choose(
            wanted={channel: self._touched(channel, person) for channel in self.channels},
            language=self.language or None,
            quiet_hours=self._hours(),
            paused_until=self._paused_until(now),
            hour=PartOfDay(self.hour) if self.hour else None,
            channel=UNSET if self.channel is None else Channel(self.channel) if self.channel else None,
            way=Way.page,
            evidence=f"preference page, opened from message {source.message_id}",
        )

    def _touched(self, channel: Channel, person: Person) -> dict[Purpose, bool]:
        ticked = {purpose: box(channel, purpose) in self.wanted for purpose in Purpose}
        return {purpose: given for purpose, given in ticked.items() if given is not person.allows(channel, purpose)}

    def _hours(self) -> Hours | None:
        if not self.quiet_begins:
            return None
        return Hours(time.fromisoformat(self.quiet_begins), time.fromisoformat(self.quiet_ends))

    def _paused_until(self, now: datetime) -> datetime | UnsetType | None:
        if self.pause == KEEP:
            return UNSET
        return now + timedelta(days=int(self.pause)) if self.pause else None


def box(channel: Channel, purpose: Purpose) -> str:
    """The name of the box for this purpose on this channel."""
    return f"{channel}-{purpose}"


def shown(person: Person, now: datetime, channels: tuple[Channel, ...]) -> Form:
    """The form as it is for this person, to whom these channels are offered."""
    hours = person.preferences.quiet_hours
    boxes = ((channel, purpose) for channel in channels for purpose in Purpose)
    return Form(
        wanted=frozenset(box(*one) for one in boxes if person.allows(*one)),
        channels=channels,
        quiet_begins=f"{hours.begins:%H:%M}" if hours else "",
        quiet_ends=f"{hours.ends:%H:%M}" if hours else "",
        pause=KEEP if person.paused(Purpose.marketing, now) else "",
        language=person.preferences.language or "",
        hour=person.preferences.hour or "",
        channel=own if (own := person.preferences.channel) in channels else "",
    )


def sent(fields: Mapping[str, Any], offered: tuple[Channel, ...]) -> Form:
    """The form as somebody sent it, to whom these channels are offered; whatever is no text counts as empty.

    It says itself which channels it showed: a box that came to be since then was not left empty by anybody.
    """
    text = {name: value.strip() for name, value in fields.items() if isinstance(value, str)}
    return Form(
        wanted=frozenset(name for name, value in text.items() if value == "yes"),
        channels=tuple(one for one in offered if one in text.get("channels", Channel.email).split()),
        channel=text.get("channel"),
        **{name: text.get(name, "") for name in ("quiet_begins", "quiet_ends", "pause", "language", "hour")},
    )


class Wish(NamedTuple):
    """The answer to the one question, as texts; empty where the shop's usual way holds."""

    hour: str = ""
    channel: str = ""

    @classmethod
    def sent(cls, fields: Mapping[str, Any]) -> "Wish":
        """As somebody sent it, or as it stands in a link."""
        return cls(*(value if isinstance(value := fields.get(name, ""), str) else "" for name in cls._fields))

    @classmethod
    def of(cls, person: Person) -> "Wish":
        """What this person chose before."""
        return cls(person.preferences.hour or "", person.preferences.channel or "")

    def problems(self, channels: Collection[Channel]) -> dict[str, str]:
        """Per field that cannot be taken, the key of the words that say why."""
        found = {
            "hour": None if self.hour in ("", *PartOfDay) else "wrong_hour",
            "channel": None if self.channel in ("", *channels) else "wrong_channel",
        }
        return {field: key for field, key in found.items() if key is not None}

    def words(self) -> list[str]:
        """The keys of the words for it."""
        return [f"hour_{self.hour}"] * bool(self.hour) + [f"by_{self.channel}"] * bool(self.channel)

    def choice(self, source: Source) -> Choose:
        """What is chosen by it; a field that is empty says nothing about the channel. Only without problems."""
        return Choose(
            hour=PartOfDay(self.hour) if self.hour else None,
            channel=Channel(self.channel) if self.channel else UNSET,
            way=Way.page,
            evidence=f"the one question, opened from message {source.message_id}",
        )
