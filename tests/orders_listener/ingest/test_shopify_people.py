"""What Shopify tells of people: who they are, what they agreed to, and that they want to be forgotten."""

from contextlib import suppress

import pytest

from contracts.storefront import ConsentChanged, ContactReceived, CustomerErased, CustomerUpdated
from contracts.vocabulary import Channel, Purpose
from orders_listener.ingest.hooks import BadHook, Ignored
from orders_listener.ingest.providers import PROVIDERS, hook_of
from orders_listener.ingest.shopify import heard
from orders_listener.ingest.shopify.topics import HEARD, IGNORED
from orders_listener.ingest.signatures import Delivery
from tests.orders_listener.ingest.shopify_shop import CUSTOMER_ID, address, consent, customer
from tests.orders_listener.ingest.telling import RECEIVED, facts_of, hook

EMAIL_CONSENT, SMS_CONSENT = "customers_email_marketing_consent/update", "customers_marketing_consent/update"


@pytest.mark.parametrize("topic", ["customers/create", "customers/update", "customers/enable", "customers/disable"])
def test_who_a_customer_is(topic: str) -> None:
    [person] = facts_of(heard(hook(topic, customer(phone="+49 89 1234"))))
    assert isinstance(person, CustomerUpdated)
    assert person.customer_id == str(CUSTOMER_ID)
    assert [(one.channel, one.address) for one in person.contacts] == [
        (Channel.email, "ada@example.org"),
        (Channel.sms, "+49 89 1234"),
    ]
    assert (person.given_name, person.family_name) == ("Ada", "Weber")
    assert (person.country, person.zone) == ("DE", "Europe/Berlin")
    assert person.occurred_at.isoformat() == "2026-03-02T09:00:01+00:00"


def test_a_customer_without_any_address_is_not_said_to_have_none() -> None:
    assert heard(hook("customers/update", customer(email=None))) == Ignored("nobody_to_reach")
    assert heard(hook("customers/update", {"id": CUSTOMER_ID})) == Ignored("nobody_to_reach")


@pytest.mark.parametrize(("state", "given"), [("subscribed", True), ("UNSUBSCRIBED", False)])
def test_consent_is_given_and_taken_back(state: str, given: bool) -> None:
    emailed = {
        "customer_id": CUSTOMER_ID,
        "email_address": "ada@example.org",
        "email_marketing_consent": consent(state),
    }
    texted = {"id": CUSTOMER_ID, "phone": "+4989", "sms_marketing_consent": consent(state)}
    for topic, body, channel in ((EMAIL_CONSENT, emailed, Channel.email), (SMS_CONSENT, texted, Channel.sms)):
        [said] = facts_of(heard(hook(topic, body)))
        assert isinstance(said, ConsentChanged)
        assert (said.channel, said.purpose, said.given) == (channel, Purpose.marketing, given)
        assert said.occurred_at.isoformat() == "2026-03-05T07:00:00+00:00"
        assert said.evidence == f"Shopify: {state}, confirmed_opt_in"


@pytest.mark.parametrize("state", ["not_subscribed", "pending", "invalid", "redacted", None])
def test_not_having_answered_is_no_answer(state: str | None) -> None:
    body = {"customer_id": CUSTOMER_ID, "email_marketing_consent": consent(state or "") | {"state": state}}
    assert heard(hook(EMAIL_CONSENT, body)) == Ignored("no_answer_about_consent")
    assert heard(hook(EMAIL_CONSENT, {"customer_id": CUSTOMER_ID})) == Ignored("no_answer_about_consent")


def test_a_customer_may_bring_consents_along() -> None:
    both = customer(email_marketing_consent=consent("subscribed"), sms_marketing_consent=consent("not_subscribed"))
    _, said = facts_of(heard(hook("customers/update", both)))
    assert isinstance(said, ConsentChanged)
    assert said.channel is Channel.email


def test_who_asks_to_be_forgotten_is_forgotten() -> None:
    body = {"shop_id": 1, "customer": {"id": CUSTOMER_ID, "email": "ada@example.org"}, "orders_to_redact": [1, 2]}
    [erased] = facts_of(heard(hook("customers/redact", body)))
    assert isinstance(erased, CustomerErased)
    assert erased.customer_id == str(CUSTOMER_ID)


def test_a_guest_who_asks_to_be_forgotten_is_named_by_the_orders() -> None:
    body = {"customer": {"id": None, "email": "ada@example.org"}, "orders_to_redact": [11, "12"]}
    assert [fact.customer_id for fact in facts_of(heard(hook("customers/redact", body)))] == ["guest:11", "guest:12"]
    with pytest.raises(BadHook, match=r"customer\.id"):
        heard(hook("customers/redact", {"customer": None, "orders_to_redact": []}))


def test_who_is_deleted_in_the_shop_is_forgotten_here() -> None:
    [erased] = facts_of(heard(hook("customers/delete", {"id": CUSTOMER_ID})))
    assert isinstance(erased, CustomerErased)


def test_a_request_for_data_is_a_contact_that_somebody_has_to_answer() -> None:
    body = {"customer": {"id": CUSTOMER_ID}, "orders_requested": [1], "data_request": {"id": 9_999}}
    [asked] = facts_of(heard(hook("customers/data_request", body)))
    assert isinstance(asked, ContactReceived)
    assert (asked.contact_id, asked.topic) == ("shopify-data-request-9999", "data_request")
    assert asked.occurred_at == RECEIVED


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("shop/redact", "whole_shop_is_for_staff"),
        ("customers/merge", "merging_not_supported"),
        ("orders/edited", "orders_updated_says_it"),
        ("orders/delete", "record_deleted"),
        ("fulfillment_events/delete", "scan_cannot_be_unsaid"),
        ("fulfillment_orders/placed_on_hold", "names_no_order"),
        ("fulfillment_holds/released", "names_no_order"),
        ("returns/close", "return_goes_on"),
        ("reverse_fulfillment_orders/dispose", "names_no_order"),
        ("products/update", "topic_not_used"),
        ("checkouts/create", "topic_not_used"),
        ("app/uninstalled", "topic_not_used"),
        ("", "topic_not_used"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"{}", b"not json"])
def test_other_topics_are_not_even_read(topic: str, reason: str, body: bytes) -> None:
    assert heard(hook(topic, body)) == Ignored(reason)


def test_no_topic_is_both_heard_and_ignored() -> None:
    assert not HEARD.keys() & IGNORED.keys()


@pytest.mark.parametrize("topic", HEARD)
@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"null", b'"text"', b"\xff\xfe"])
def test_what_cannot_be_read_is_refused(topic: str, body: bytes) -> None:
    with pytest.raises(BadHook):
        heard(hook(topic, body))


@pytest.mark.parametrize("topic", HEARD)
def test_an_empty_body_says_nothing(topic: str) -> None:
    with suppress(BadHook):
        assert isinstance(heard(hook(topic, {})), Ignored)


def test_names_lose_what_could_break_a_line() -> None:
    odd = customer(first_name="Ada\r\nBcc: x", last_name="\u0000", default_address=address(zip=80331))
    [person] = facts_of(heard(hook("customers/update", odd)))
    assert isinstance(person, CustomerUpdated)
    assert (person.given_name, person.family_name) == ("Ada Bcc: x", None)


@pytest.mark.parametrize(
    ("header", "moment"),
    [
        ("2026-03-20T11:00:00.123Z", "2026-03-20T11:00:00.123000+00:00"),
        ("2026-03-20T13:00:00Z", RECEIVED.isoformat()),
        ("2026-02-20T11:00:00Z", RECEIVED.isoformat()),
        ("soon", RECEIVED.isoformat()),
        (None, RECEIVED.isoformat()),
    ],
)
def test_a_body_without_times_says_the_same_at_every_attempt(header: str | None, moment: str) -> None:
    headers = {"x-shopify-topic": "returns/request"} | ({"x-shopify-triggered-at": header} if header else {})
    one = hook_of(PROVIDERS["shopify"], Delivery(headers, b"{}", RECEIVED))
    assert one.received_at.isoformat() == moment
