"""What a mail server's reply means: refused, later, or the provider's own trouble."""

import pytest

from notifier.deliveries import Result
from notifier.providers.replies import Stage, codes, meaning

REFUSED, DEFERRED, TROUBLE = Result.refused, Result.deferred, Result.trouble


@pytest.mark.parametrize(
    ("stage", "code", "words", "result"),
    [
        (Stage.greeting, 554, "No SMTP service here", TROUBLE),
        (Stage.greeting, 421, "4.3.2 Too many connections", TROUBLE),
        (Stage.greeting, 535, "5.7.8 Bad credentials", TROUBLE),
        (Stage.sender, 530, "5.7.0 Authenticate first", TROUBLE),
        (Stage.sender, 550, "5.7.1 Sender not allowed", TROUBLE),
        (Stage.sender, 452, "4.3.1 No space", TROUBLE),
        (Stage.recipient, 450, "4.7.1 Greylisted, come back", DEFERRED),
        (Stage.recipient, 451, "4.3.0 Later", DEFERRED),
        (Stage.recipient, 450, "Not now", DEFERRED),
        (Stage.recipient, 421, "4.7.0 Closing", TROUBLE),
        (Stage.recipient, 550, "5.1.1 Unknown", REFUSED),
        (Stage.recipient, 550, "Unknown", REFUSED),
        (Stage.recipient, 552, "5.2.2 Full", REFUSED),
        (Stage.recipient, 550, "5.4.4 No such domain", REFUSED),
        (Stage.recipient, 554, "5.7.1 Relay access denied", TROUBLE),
        (Stage.recipient, 550, "5.7.13 Account disabled", REFUSED),
        (Stage.recipient, 530, "Authentication required", TROUBLE),
        (Stage.recipient, 503, "5.5.1 Bad sequence", TROUBLE),
        (Stage.recipient, 550, "5.3.0 Broken", TROUBLE),
        (Stage.recipient, 552, "5.3.4 Too big", REFUSED),
        (Stage.content, 451, "4.7.1 Greylisted", DEFERRED),
        (Stage.content, 421, "4.3.2 Going away", DEFERRED),
        (Stage.content, 554, "5.7.1 Spam", REFUSED),
        (Stage.content, 550, "5.7.26 Unauthenticated", TROUBLE),
        (Stage.content, 552, "5.3.4 Too big", REFUSED),
    ],
)
def test_what_is_about_us_is_no_refusal_and_what_is_about_the_message_no_trouble(
    stage: Stage, code: int, words: str, result: Result
) -> None:
    assert meaning(stage, code, words) is result


def test_of_the_words_only_the_codes_are_kept() -> None:
    assert codes(550, "5.1.1 ada@example.org is unknown") == "550 5.1.1"
    assert codes(550, "ada@example.org is unknown") == "550"
