"""Which channel a message takes: choice, order, address, provider, consent, and what is closed."""

from typing import Any

import pytest
from msgspec.structs import replace

from contracts import Event
from contracts.notifications import MessageFailed, MessageHeld, MessageSent
from contracts.storefront import ConsentChanged, Contact, CustomerUpdated
from contracts.vocabulary import Channel, IssueKind, Purpose
from notifier.addresses import address_of
from notifier.channels import choose
from notifier.deliveries import Result
from notifier.kinds import Concern
from notifier.messages import State
from notifier.pauses import AWAY_PAUSE, PAUSES, spread
from notifier.people import Consent, Person, Preferences
from notifier.policy import Channels, Policy
from notifier.suppressions import NO_BLOCKS, Blocks
from tests.notifier.correspondent import ADA, POLICY, Life, confirmed, hour, opened, said

MAIL, NUMBER, DEVICE = "ada@example.org", "+4915112345678", "device-token"
EVERYWHERE = {Channel.email: MAIL, Channel.sms: NUMBER, Channel.push: DEVICE}
ALL = replace(POLICY, reachable=("email", "sms", "push"))
ISSUE, SURVEY = Concern.issue, Concern.survey
SMS_ALSO = Channels(survey=("email", "sms"))


def answer(given: bool) -> Consent:
    return Consent(given=given, evidence="settings page", said_at=hour(0))


def person(*channels: Channel, prefers: Channel | None = None, **consents: bool) -> Person:
    answers = {name.replace("_", ":"): answer(given) for name, given in consents.items()}
    addresses = {channel: EVERYWHERE[channel] for channel in channels}
    return Person(addresses=addresses, consents=answers, preferences=Preferences(channel=prefers))


EMAIL, SMS, PUSH = Channel.email, Channel.sms, Channel.push


@pytest.mark.parametrize(
    ("who", "concern", "policy", "channel", "passed"),
    [
        (person(EMAIL, SMS), ISSUE, ALL, EMAIL, {}),
        (person(SMS, PUSH), ISSUE, ALL, SMS, {EMAIL: "no_address"}),
        (person(EMAIL, SMS, email_service=False), ISSUE, ALL, SMS, {EMAIL: "no_consent"}),
        (person(EMAIL, SMS, prefers=SMS), ISSUE, ALL, SMS, {}),
        (person(EMAIL, prefers=SMS), ISSUE, ALL, EMAIL, {SMS: "no_address"}),
        (person(EMAIL, SMS, prefers=SMS, sms_service=False), ISSUE, ALL, EMAIL, {SMS: "no_consent"}),
        (person(SMS, PUSH), ISSUE, POLICY, None, dict.fromkeys([SMS, PUSH], "no_provider") | {EMAIL: "no_address"}),
        (person(SMS), SURVEY, ALL, None, {EMAIL: "no_address"}),
        (person(SMS), SURVEY, replace(ALL, channels=SMS_ALSO), None, {EMAIL: "no_address", SMS: "no_consent"}),
        (person(SMS, sms_survey=True), SURVEY, replace(ALL, channels=SMS_ALSO), SMS, {EMAIL: "no_address"}),
        (person(EMAIL, SMS, prefers=SMS), SURVEY, ALL, EMAIL, {SMS: "no_consent"}),
        (person(EMAIL, SMS, prefers=SMS, sms_survey=True), SURVEY, ALL, SMS, {}),
    ],
)
def test_a_channel_is_taken_that_was_chosen_or_ordered_has_an_address_a_provider_and_consent(
    who: Person, concern: Concern, policy: Policy, channel: Channel | None, passed: dict[Channel, str]
) -> None:
    purpose = Purpose.service if concern is ISSUE else Purpose.survey
    choice = choose(who, concern, purpose, policy)
    assert (choice.channel, choice.passed) == (channel, passed)


NO_MAIL = Blocks(channels=frozenset({EMAIL}))
MAIL_AWAY = Blocks(away=frozenset({EMAIL}))


@pytest.mark.parametrize(
    ("who", "blocks", "channel", "obstacle"),
    [
        (person(EMAIL, SMS), NO_MAIL, SMS, None),
        (person(EMAIL), NO_MAIL, None, "suppressed_address"),
        (person(EMAIL, SMS, sms_service=False), NO_MAIL, None, "suppressed_address"),
        (person(EMAIL, SMS), MAIL_AWAY, SMS, None),
        (person(EMAIL, SMS), Blocks(away=frozenset({EMAIL, SMS})), None, "channel_down"),
        (person(EMAIL, SMS, sms_service=False), MAIL_AWAY, None, "channel_down"),
        (person(EMAIL, email_service=False), MAIL_AWAY, None, "consent_withdrawn"),
        (person(), NO_BLOCKS, None, "no_contact"),
    ],
)
def test_what_is_blocked_is_passed_over_and_what_is_away_is_waited_for(
    who: Person, blocks: Blocks, channel: Channel | None, obstacle: str | None
) -> None:
    choice = choose(who, ISSUE, Purpose.service, ALL, blocks)
    assert choice.channel is channel
    assert channel is not None or choice.obstacle == obstacle


@pytest.mark.parametrize(
    ("channel", "written", "country", "address"),
    [
        (SMS, "+49 151 1234 5678", None, "+4915112345678"),
        (SMS, "0151 12345678", "DE", "+4915112345678"),
        (SMS, "0151 12345678", None, None),
        (SMS, "(212) 736-5000", "US", "+12127365000"),
        (SMS, "+1 555", None, None),
        (SMS, "112", "DE", None),
        (SMS, "+4915112345678/../admin", None, None),
        (SMS, "call me", "DE", None),
        (PUSH, "fGh1:APA91b-x_Y", None, "fGh1:APA91b-x_Y"),
        (PUSH, "ExponentPushToken[aB3]", None, "ExponentPushToken[aB3]"),
        (PUSH, "..", None, None),
        (PUSH, "../admin", None, None),
        (PUSH, "token?to=everybody", None, None),
        (PUSH, "to%2Fken", None, None),
        (PUSH, "two words", None, None),
        (PUSH, "line\nbreak", None, None),
        (Channel.chat, "@ada", None, "@ada"),
        (Channel.chat, "-1001234", None, "-1001234"),
        (Channel.webhook, "https://crm.example", None, None),
        (EMAIL, MAIL, None, MAIL),
    ],
)
def test_an_address_is_cleaned_at_the_door_or_stays_outside(
    channel: Channel, written: str, country: str | None, address: str | None
) -> None:
    assert address_of(Contact(channel=channel, address=written), country) == address


def reached(at: float, **addresses: str) -> Event[Any]:
    contacts = tuple(Contact(channel=Channel(channel), address=address) for channel, address in addresses.items())
    return said(CustomerUpdated(customer_id=ADA, occurred_at=hour(at), contacts=contacts, zone="Europe/Berlin"), at)


def allows(at: float, channel: Channel, purpose: Purpose, given: bool) -> Event[Any]:
    return said(
        ConsentChanged(
            customer_id=ADA, occurred_at=hour(at), channel=channel, purpose=purpose, given=given, evidence="page"
        ),
        at,
    )  # fmt: skip


def detail(life: Life, kind: str) -> dict[str, Any]:
    of_kind = [one.detail for one in life.decisions if one.rule == "sending" and one.detail["kind"] == kind]
    return {name: of_kind[-1].get(name) for name in ("channel", "passed")}


def test_who_gave_only_a_number_is_told_of_an_issue_by_text_and_of_nothing_else() -> None:
    life = Life([reached(0, sms=NUMBER), opened(10), confirmed(10, "o2")], until=11, policy=ALL)
    issue, order = life.message("issue_opened"), life.message("order_confirmed")
    assert (issue.state, issue.channel) == (State.ready, SMS)
    assert detail(life, "issue_opened") == {"channel": "sms", "passed": {"email": "no_address"}}
    assert (order.state, order.reason) == (State.held, "waiting_for_contact")
    assert detail(life, "order_confirmed") == {"channel": None, "passed": {"email": "no_address"}}
    life.report(issue, Result.accepted, 10.1)
    assert [fact.channel for fact in life.all(MessageSent)] == [SMS]


def test_a_number_that_comes_later_is_what_an_issue_waited_for() -> None:
    life = Life([reached(0), opened(10)], until=11, policy=ALL)
    assert life.message("issue_opened").reason == "waiting_for_contact"
    assert life.live([reached(11, sms=NUMBER)], until=12).message("issue_opened").channel is SMS


def test_an_issue_takes_another_channel_when_no_provider_of_the_first_is_there() -> None:
    life = Life([reached(0, email=MAIL, sms=NUMBER), opened(10)], until=10.1, policy=ALL)
    life.report(life.message("issue_opened"), Result.away, 10.2)
    again = life.message("issue_opened")
    assert (again.state, again.channel, again.attempts, again.deferrals) == (State.ready, SMS, 2, 0)
    assert detail(life, "issue_opened") == {"channel": "sms", "passed": {"email": "away"}}
    assert life.account.away_channels == frozenset()
    assert life.account.circumstances.issues["o1-delivery_late"].told


def test_without_another_channel_it_waits_and_says_for_what_and_the_first_is_taken_again() -> None:
    life = Life([reached(0, email=MAIL), opened(10)], until=10.1, policy=ALL)
    opening = life.message("issue_opened")
    life.report(opening, Result.away, 10.2)
    until = hour(10.2) + spread(AWAY_PAUSE, opening.message_id, 1)
    assert [(fact.reason, fact.held_until) for fact in life.all(MessageHeld)] == [("channel_down", until)]
    assert "provider" in life.decisions[-1].detail["remedy"]
    assert not life.account.circumstances.issues["o1-delivery_late"].told
    life.live(until=10.5)
    assert (life.message("issue_opened").state, life.message("issue_opened").channel) == (State.ready, EMAIL)


def test_an_outage_however_long_is_not_held_against_a_message() -> None:
    life = Life([reached(0, email=MAIL), opened(10)], until=10.1, policy=ALL)
    for number in range(20):
        life.report(life.message("issue_opened"), Result.away, 10.2 + number / 5).live(until=10.35 + number / 5)
    assert life.message("issue_opened").deferrals == 0
    life.report(life.message("issue_opened"), Result.deferred, 14.4)
    assert life.message("issue_opened").reason == "deferred"


def test_what_cannot_take_another_channel_only_waits_for_its_own() -> None:
    life = Life([reached(0, email=MAIL, sms=NUMBER), confirmed(10)], until=10.1, policy=ALL)
    life.report(life.message("order_confirmed"), Result.away, 10.2)
    assert (life.message("order_confirmed").channel, life.message("order_confirmed").reason) == (EMAIL, "channel_down")


def test_a_message_that_every_provider_has_trouble_with_is_given_up_in_the_end() -> None:
    life, at = Life([reached(0, email=MAIL), opened(10)], until=10.1, policy=ALL), 10.2
    for _ in PAUSES:
        life.report(life.message("issue_opened"), Result.trouble, at, code="550 5.7.1")
        at += 36
        life.live(until=at)
        assert life.message("issue_opened").state is State.ready
    life.report(life.message("issue_opened"), Result.trouble, at, code="550 5.7.1")
    assert [(fact.reason, fact.detail) for fact in life.all(MessageFailed)] == [("gave_up", "550 5.7.1")]


def test_trouble_with_every_provider_of_a_channel_leads_to_another_one_at_once() -> None:
    life = Life([reached(0, email=MAIL, sms=NUMBER), opened(10)], until=10.1, policy=ALL)
    life.report(life.message("issue_opened"), Result.trouble, 10.2)
    assert life.message("issue_opened").channel is SMS


def test_what_nobody_knows_the_second_time_waits_before_it_is_said_again() -> None:
    life = Life([reached(0, email=MAIL), opened(10)], until=10.1)
    life.report(life.message("issue_opened"), Result.unknown, 10.2).live(until=10.21)
    assert (life.message("issue_opened").state, life.message("issue_opened").attempts) == (State.ready, 2)
    life.report(life.message("issue_opened"), Result.unknown, 10.3)
    assert (life.message("issue_opened").state, life.message("issue_opened").reason) == (State.held, "unknown")


def test_issues_told_together_take_the_other_channel_together() -> None:
    events = [reached(0, email=MAIL, sms=NUMBER), opened(10), opened(10, IssueKind.damaged)]
    life = Life(events, until=10.1, policy=ALL)
    (leading,) = [one for one in life.account.messages.values() if one.state is State.ready]
    life.report(leading, Result.away, 10.2).live(until=10.3)
    states = sorted((one.state, one.channel) for one in life.account.messages.values())
    assert states == [(State.joined, SMS), (State.ready, SMS)]


def test_quiet_hours_hold_on_every_channel() -> None:
    life = Life([reached(0, email=MAIL, sms=NUMBER), opened(10)], until=10.1, policy=ALL)
    life.report(life.message("issue_opened"), Result.away, 23).live(until=24)
    assert life.message("issue_opened").reason == "quiet_hours"


def test_a_no_on_one_channel_is_no_answer_about_another() -> None:
    events = [reached(0, email=MAIL, sms=NUMBER), allows(1, EMAIL, Purpose.service, given=False), opened(10)]
    assert Life(events, until=11, policy=ALL).message("issue_opened").channel is SMS


def test_pauses_of_many_messages_end_at_many_moments_and_those_of_one_always_at_the_same() -> None:
    pauses = {spread(PAUSES[0], f"m{number}") for number in range(100)}
    assert len(pauses) > 5
    assert all(PAUSES[0] <= pause <= PAUSES[0] * 1.2 for pause in pauses)
    assert spread(PAUSES[3], "m1", 3) == spread(PAUSES[3], "m1", 3)
