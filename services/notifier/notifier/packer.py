"""A message and its reader become a parcel: composed for its channel, with the ways that lead out of it.

Owns which links and headers a message has. Must not know providers, nor whether anything is to be sent.
"""

from collections.abc import Collection

from chassis.links import Links
from contracts.vocabulary import Channel
from notifier.inbound.marks import marks_for
from notifier.letters import Letters
from notifier.messages import Message
from notifier.outgoing import Parcel
from notifier.people import Person
from notifier.phrases import phrases_for
from notifier.preferences import LINK_LASTS, LINK_PURPOSE, link_subject, may_be_left
from notifier.question import question_of
from notifier.settings import NotifierSettings
from notifier.ways import Ways


class Packer:
    """For one shop. Raises `WordsRefused` at once when words are missing or wrong."""

    def __init__(self, links: Links, settings: NotifierSettings, carried: Collection[str]) -> None:
        """`carried`: the channels that have a provider."""
        self._links, self._carried = links, carried
        self._letters = Letters(settings.shop())
        self._addressing = settings.addressing()
        self._marks = marks_for(settings.hook_secrets())
        self._sender = settings.sender_address
        self._pages, self._surveys = settings.pages_url, settings.feedback_url.rstrip("/")

    def packed(self, message: Message, person: Person, address: str) -> Parcel:
        """Ready to be handed over. Raises `WordsFailed`."""
        ways, message_id = self._ways(message, person), message.message_id
        if message.channel is not Channel.email:
            composed = self._letters.words.compose(message, person, message.channel, ways)
            return Parcel(message_id=message_id, channel=message.channel, address=address, composed=composed)
        mail = self._letters.letter(message, person, ways, self._headers(message_id))
        return_path = self._addressing.return_path(message_id)
        return Parcel(
            message_id=message_id, channel=message.channel, address=address, mail=mail, return_path=return_path
        )

    def _headers(self, message_id: str) -> list[tuple[str, str]]:
        reply_to = self._addressing.reply_to(message_id)
        answers = [("Reply-To", reply_to)] if reply_to != self._sender else []
        return [*answers, *self._marks(message_id)]

    def _ways(self, message: Message, person: Person) -> Ways:
        preferences = self._preference_page(message)
        say, asks = phrases_for(person.language), message.content.get("asks", False)
        return Ways(
            action=self._answer_page(message),
            preferences=preferences,
            leaves=may_be_left(message.rules.purpose),
            question=question_of(person, f"{preferences}/question", say, self._carried) if asks else None,
        )

    def _answer_page(self, message: Message) -> str | None:
        if message.invitation_id is None:
            return None
        token = self._links.mint(
            purpose="survey", subject=message.invitation_id, customer_id=message.customer_id,
            expires_at=message.expires_at,
        )  # fmt: skip
        return f"{self._surveys}/s/{token}"

    def _preference_page(self, message: Message) -> str:
        token = self._links.mint(
            purpose=LINK_PURPOSE, subject=link_subject(message), customer_id=message.customer_id,
            expires_at=(message.ready_at or message.intended_at) + LINK_LASTS,
        )  # fmt: skip
        return f"{self._pages}/preferences/{token}"
