"""What a sender has in hand, and what of it is already being handed over: from there nobody can take it back."""

from collections.abc import Callable, Iterable

from notifier.messages import Message


class Hand:
    """Of one process, in one event loop: what is asked and answered here happens at once."""

    def __init__(self) -> None:
        self._waiting: dict[str, Message] = {}
        self._begun: set[str] = set()

    def take(self, messages: Iterable[Message]) -> None:
        """They are in hand, and none of them is begun with."""
        self._waiting |= {message.message_id: message for message in messages}

    def begin(self, message: Message) -> bool:
        """Whether it is still in hand; from now on it is being handed over, to one provider after the other."""
        if self._waiting.pop(message.message_id, None) is not None:
            self._begun.add(message.message_id)
        return message.message_id in self._begun

    def end(self, message: Message) -> bool:
        """It is dealt with; whether it was in hand until now."""
        was_in_hand = self.begin(message)
        self._begun.discard(message.message_id)
        return was_in_hand

    def forget(self, messages: Iterable[Message]) -> None:
        """They are dealt with, all of them."""
        for message in messages:
            self.end(message)

    def let_go(self, unwanted: Callable[[Message], bool]) -> list[Message]:
        """Those of them that are not begun with; nobody begins with them any more."""
        going = [message for message in self._waiting.values() if unwanted(message)]
        for message in going:
            del self._waiting[message.message_id]
        return going
