"""The one question: on which channel, and at which time of day, would you rather hear from us?

The first message that is ever sent to somebody carries it, as links that each stand for one answer; none after it does,
whatever they do. A link opens a page with that answer chosen and one button: what a mail scanner opens chooses nothing.
Owns who is asked and what can be answered.
"""

from collections.abc import Collection

from msgspec import Struct

from chassis.phrases import Phrases
from notifier.correspondence import Correspondence
from notifier.messages import Message
from notifier.people import PartOfDay, Person
from notifier.preferences import channels_of


class Answer(Struct, frozen=True):
    """One answer as it stands in a message."""

    words: str
    address: str


class Question(Struct, frozen=True, kw_only=True):
    """The question as it stands in a message."""

    language: str
    words: str
    answers: tuple[Answer, ...]


def asks_once(account: Correspondence, message: Message) -> bool:
    """Whether this message asks: the first one, also when it is tried again, as long as nothing is chosen."""
    chosen = account.person.preferences
    return (
        account.circumstances.asked_in in (None, message.message_id) and chosen.channel is None and chosen.hour is None
    )


def question_of(person: Person, page: str, say: Phrases, carried: Collection[str]) -> Question:
    """The question with its answers, each leading to `page`; of channels only those that are `carried`."""
    parts = [Answer(say(f"hour_{part}"), f"{page}?hour={part}") for part in PartOfDay]
    channels = channels_of(person, carried)
    ways = [Answer(say(f"by_{channel}"), f"{page}?channel={channel}") for channel in channels]
    return Question(
        language=say.language,
        words=say("question"),
        answers=(*parts, *(ways if len(ways) > 1 else ())),  # there is nothing to ask about one
    )
