"""What is posted to us: believed when it is signed, said once, and in the forms that each provider has."""

import base64
import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.runtime import Runtime
from deploy.local.broker import Broker
from notifier.inbound.providers.reading import BadBody
from notifier.inbound.routes import PROVIDERS
from notifier.statuses import meaning_of, status_of
from tests.conftest import ClientOf, RuntimeOf
from tests.notifier.inbound import samples
from tests.notifier.inbound.house import EMAIL, addresses, message_id, opened_house
from tests.notifier.inbound.samples import mail
from tests.running import rows, said_on

SECRET, OLD_SECRET = "a-secret-of-enough-signs", "another-secret-of-before"
USER = "postmark:a-password-of-enough"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:mail"
SENDGRID = generate_private_key(SECP256R1())


@pytest.fixture(scope="module")
def amazon(tmp_path_factory: pytest.TempPathFactory) -> tuple[RSAPrivateKey, Path]:
    """A key that signs as Amazon's would, and the file with its certificate."""
    key = generate_rsa_key(public_exponent=65_537, key_size=2_048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.example")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=3_650)).sign(key, SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("amazon") / "sns.pem"
    file.write_bytes(certificate.public_bytes(Encoding.PEM))
    return key, file


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, amazon: tuple[RSAPrivateKey, Path]) -> Runtime:
    public = SENDGRID.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return await opened_house(
        runtime_of,
        NOTIFIER_HOOKS_MAIL_SECRETS=f"{SECRET},{OLD_SECRET}",
        NOTIFIER_HOOKS_MAILGUN_SECRETS=f"{SECRET},{OLD_SECRET}",
        NOTIFIER_HOOKS_POSTMARK_SECRETS=USER,
        NOTIFIER_HOOKS_SENDGRID_KEYS=base64.b64encode(public).decode(),
        NOTIFIER_HOOKS_SES_CERTIFICATE_FILE=str(amazon[1]),
        NOTIFIER_HOOKS_SES_TOPICS=TOPIC,
    )


async def suppressed(runtime: Runtime) -> list[tuple[str, str]]:
    found = await rows(runtime, "select reach, reason from suppressions order by reach")
    return [(row["reach"], row["reason"]) for row in found]


async def posted(client: httpx.AsyncClient, name: str, body: bytes, **headers: str) -> tuple[int, Any]:
    answer = await client.post(f"/hooks/providers/{name}", content=body, headers=headers)
    return answer.status_code, answer.json().get("taken") or answer.json().get("code")


# --- mails ---


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
async def test_a_mail_that_is_posted_is_taken_like_one_that_is_delivered(
    client: httpx.AsyncClient, runtime: Runtime, secret: str
) -> None:
    to = await addresses(runtime)
    for head in ({"X-Envelope-To": to["to"], "X-Envelope-From": ""}, {}):
        answer = await client.post(
            "/hooks/mail", content=mail(samples.POSTFIX, **to), headers={"Authorization": f"Bearer {secret}", **head}
        )
        assert (answer.status_code, answer.json()) == (200, {"taken": {"bounce_hard": 1}})
    assert await suppressed(runtime) == [("everything", "mailbox_unknown")]


async def test_a_posted_answer_is_said_when_kafka_has_it_and_else_comes_again(
    runtime_of: RuntimeOf, client_of: ClientOf, kafka: Broker
) -> None:
    for broker, status in ((None, 503), (kafka, 200)):
        runtime = await opened_house(runtime_of, broker, NOTIFIER_HOOKS_MAIL_SECRETS=SECRET)
        client = await client_of(runtime)
        to = (await addresses(runtime))["ours"]
        answer = await client.post(
            "/hooks/mail", content=mail(samples.REPLY, to=to), headers={"Authorization": f"Bearer {SECRET}"}
        )
        assert answer.status_code == status
    assert len(await said_on(kafka.bootstrap, "storefront.customers", 1)) == 1


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", f"Basic {SECRET}", "Basic !!!", SECRET])
async def test_who_does_not_know_the_secret_is_not_believed(client: httpx.AsyncClient, authorization: str) -> None:
    answer = await client.post("/hooks/mail", content=b"x", headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_wrong")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_is_not_connected_says_so_and_what_is_too_large_is_not_read(
    runtime_of: RuntimeOf, client_of: ClientOf
) -> None:
    runtime = await opened_house(runtime_of, NOTIFIER_INBOUND_MAIL_BYTES="1048576")
    client = await client_of(runtime)
    assert (await client.post("/hooks/mail", content=b"x")).status_code == 404
    for name in ("mailgun", "nobody"):
        assert (await client.post(f"/hooks/providers/{name}", content=b"{}")).status_code == 404
    assert (await client.post("/hooks/mail", content=b"x" * 1_100_000)).status_code == 413


# --- Mailgun ---


def mailgun(event: dict[str, Any], secret: str = SECRET, at: datetime | None = None) -> bytes:
    moment, token = str(int((at or datetime.now(UTC)).timestamp())), "t" * 50
    signature = hmac.new(secret.encode(), f"{moment}{token}".encode(), sha256).hexdigest()
    return json.dumps(
        {"signature": {"timestamp": moment, "token": token, "signature": signature}, "event-data": event}
    ).encode()


def failed(named: str, **changes: Any) -> dict[str, Any]:
    status = {"code": 550, "enhanced-code": "5.1.1", "message": "No such user here", "description": ""}
    return {
        "event": "failed", "severity": "permanent", "reason": "bounce", "recipient": EMAIL, "delivery-status": status,
        "message": {"headers": {"message-id": f"{named}@shop.example", "to": EMAIL}}, "user-variables": [],
    } | changes  # fmt: skip


async def test_mailgun_says_what_bounced(client: httpx.AsyncClient, runtime: Runtime) -> None:
    named = await message_id(runtime)
    assert await posted(client, "mailgun", mailgun(failed(named))) == (200, {"bounce_hard": 1})
    assert await posted(client, "mailgun", mailgun(failed(named), OLD_SECRET)) == (200, {"bounce_hard": 1})
    assert await posted(client, "mailgun", mailgun(failed(named, severity="temporary"))) == (200, {"delay": 1})
    assert await posted(client, "mailgun", mailgun({"event": "opened"})) == (200, {"other_event": 1})
    assert await posted(client, "mailgun", mailgun(failed("unknown-one"))) == (200, {"unknown": 1})
    assert await suppressed(runtime) == [("everything", "mailbox_unknown")]


async def test_mailgun_names_the_mail_by_a_variable_where_its_id_was_changed(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    named = {"user-variables": {"rapport": await message_id(runtime)}}
    event = failed("<20260302.1@mailgun.example>", event="complained", **named)
    assert await posted(client, "mailgun", mailgun(event)) == (200, {"complaint": 1})
    assert await suppressed(runtime) == [("unasked", "complained")]


async def test_a_signature_of_mailgun_is_of_one_day(client: httpx.AsyncClient, runtime: Runtime) -> None:
    event = failed(await message_id(runtime))
    old = mailgun(event, at=datetime.now(UTC) - timedelta(hours=13))
    for body in (old, mailgun(event, "x" * 20), b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"signature": 7}'):
        assert await posted(client, "mailgun", body) == (401, "signature_wrong")
    assert await suppressed(runtime) == []


# --- SendGrid ---


def signed_by_sendgrid(body: bytes) -> dict[str, str]:
    moment = "1772442000"
    signature = base64.b64encode(SENDGRID.sign(moment.encode() + body, ECDSA(SHA256()))).decode()
    return {
        "X-Twilio-Email-Event-Webhook-Signature": signature, "X-Twilio-Email-Event-Webhook-Timestamp": moment,
    }  # fmt: skip


async def test_sendgrid_says_many_things_at_once(client: httpx.AsyncClient, runtime: Runtime) -> None:
    named, points = await message_id(runtime), await message_id(runtime, "points_earned")
    body = json.dumps([
        {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no", "smtp-id": f"<{named}@x.y>"},
        {"event": "bounce", "type": "blocked", "status": "5.7.1", "reason": "550 spam", "rapport": named},
        {"event": "bounce", "type": "blocked", "reason": "unable to get mx info: no such domain", "rapport": named},
        {"event": "spamreport", "rapport": points}, {"event": "deferred", "rapport": named},
        {"event": "dropped", "reason": "Bounced Address", "rapport": named}, {"event": "open", "rapport": named}, 7,
    ]).encode()  # fmt: skip
    assert await posted(client, "sendgrid", body, **signed_by_sendgrid(body)) == (
        200, {"bounce_hard": 2, "bounce_ours": 1, "bounce_soft": 1, "complaint": 1, "delay": 1, "other_event": 1},
    )  # fmt: skip
    assert await suppressed(runtime) == [("everything", "mailbox_unknown"), ("unasked", "complained")]


async def test_sendgrid_is_believed_for_the_bytes_that_it_signed(client: httpx.AsyncClient) -> None:
    body = b"[]"
    headers = signed_by_sendgrid(body)
    assert (await posted(client, "sendgrid", body, **headers))[0] == 200
    for changed, head in ((b"[ ]", headers), (body, {}), (body, headers | {list(headers)[1]: "1"})):
        assert await posted(client, "sendgrid", changed, **head) == (401, "signature_wrong")


# --- Postmark ---


@pytest.mark.parametrize(
    ("kind", "fate"),
    [
        ("HardBounce", "bounce_hard"), ("SoftBounce", "bounce_soft"), ("Blocked", "bounce_ours"),
        ("Transient", "delay"), ("AutoResponder", "absence"), ("Subscribe", "other_event"),
    ],
)  # fmt: skip
async def test_postmark_says_what_bounced(client: httpx.AsyncClient, runtime: Runtime, kind: str, fate: str) -> None:
    named = {"Metadata": {"rapport": await message_id(runtime)}, "Email": EMAIL, "Details": "smtp;452 4.2.2 full"}
    body = json.dumps({"RecordType": "Bounce", "Type": kind, "MessageID": "their-own", **named}).encode()
    basic = base64.b64encode(USER.encode()).decode()
    assert await posted(client, "postmark", body, Authorization=f"Basic {basic}") == (200, {fate: 1})
    assert await posted(client, "postmark", body) == (401, "signature_wrong")


async def test_what_arrives_is_remembered_only_where_something_did_not(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    basic = {"Authorization": f"Basic {base64.b64encode(USER.encode()).decode()}"}
    points, issue = await message_id(runtime, "points_earned"), await message_id(runtime)

    def record(named: str, **said: str) -> bytes:
        return json.dumps({"Metadata": {"rapport": named}, **said}).encode()

    arrived = record(points, RecordType="Delivery")
    assert await posted(client, "postmark", arrived, **basic) == (200, {"arrival": 1})
    assert await rows(runtime, "select 1 from commands") == []
    bounced = record(issue, RecordType="Bounce", Type="SoftBounce")
    assert await posted(client, "postmark", bounced, **basic) == (200, {"bounce_soft": 1})
    assert len(await rows(runtime, "select 1 from soft_bounces")) == 1
    assert await posted(client, "postmark", arrived, **basic) == (200, {"arrival": 1})
    assert await rows(runtime, "select 1 from soft_bounces") == []


# --- Amazon SES ---


def sns(key: RSAPrivateKey, event: Any, *, version: str = "2", **changes: Any) -> bytes:
    message = {
        "Type": "Notification", "MessageId": "m1", "TopicArn": TOPIC, "Timestamp": "2026-03-02T10:00:00.000Z",
        "Message": event if isinstance(event, str) else json.dumps(event), "SignatureVersion": version,
        "SigningCertURL": "https://evil.example/x.pem",
    } | changes  # fmt: skip
    names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{name}\n{message[name]}\n" for name in names if name in message).encode()
    message["Signature"] = base64.b64encode(
        key.sign(signed, PKCS1v15(), SHA256() if version == "2" else SHA1())  # noqa: S303 as SNS signs
    ).decode()
    return json.dumps(message).encode()


@pytest.mark.parametrize("version", ["1", "2"])
async def test_amazon_says_what_bounced(
    client: httpx.AsyncClient, runtime: Runtime, amazon: tuple[RSAPrivateKey, Path], version: str
) -> None:
    named = await message_id(runtime)
    recipient = {"emailAddress": EMAIL, "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 no"}
    event = {
        "notificationType": "Bounce", "mail": {"headers": [{"name": "Message-ID", "value": f"<{named}@shop.example>"}]},
        "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [recipient]},
    }  # fmt: skip
    complaint = {"eventType": "Complaint", "mail": {"tags": {"rapport": [named]}}, "complaint": {}}
    for said, fate in ((event, "bounce_hard"), (complaint, "complaint"), ("Successfully validated", "other_event")):
        assert await posted(client, "ses", sns(amazon[0], said, version=version)) == (200, {fate: 1})
    assert await suppressed(runtime) == [("everything", "mailbox_unknown"), ("unasked", "complained")]


async def test_amazon_is_believed_with_the_certificate_and_the_topic_that_we_know(
    client: httpx.AsyncClient, amazon: tuple[RSAPrivateKey, Path]
) -> None:
    other = generate_rsa_key(public_exponent=65_537, key_size=2_048)
    confirmation = {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": "https://sns.example/?x"}
    assert await posted(client, "ses", sns(amazon[0], "hello", **confirmation)) == (200, {"subscription": 1})
    for body in (
        sns(other, "x"), sns(amazon[0], "x", TopicArn="arn:aws:sns:eu-central-1:1:other"),
        sns(amazon[0], "x").replace(b"m1", b"m2"), b"{}", b"[]",
    ):  # fmt: skip
        assert await posted(client, "ses", body) == (401, "signature_wrong")


# --- hostile ---

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
    | st.sampled_from(["failed", "bounce", "Bounce", "Complaint", "Permanent", "5.1.1", "blocked", "Notification"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from([
            "event-data", "event", "delivery-status", "message", "headers", "message-id", "user-variables", "rapport",
            "RecordType", "Type", "Metadata", "Details", "Message", "mail", "tags", "bounce", "bouncedRecipients",
            "eventType", "bounceType", "bounceSubType", "status", "reason", "type", "smtp-id", "name", "value",
        ]),
        inner, max_size=6,
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(_VALUES, st.sampled_from(sorted(PROVIDERS)))
def test_whatever_a_provider_posts_is_heard_or_refused(body: Any, name: str) -> None:
    nested = {"Type": "Notification", "Message": json.dumps(body)}
    for one in (body, [body], {"event-data": body}, nested):
        for report in PROVIDERS[name].reports(json.dumps(one).encode()):
            assert report.message_id is None or report.message_id.isascii()


@given(st.binary(max_size=200), st.sampled_from(sorted(PROVIDERS)))
def test_what_is_no_json_is_refused(body: bytes, name: str) -> None:
    with suppress(BadBody):
        PROVIDERS[name].reports(body)


# --- the table ---


@pytest.mark.parametrize(
    ("said", "weight"),
    [
        ("550 5.1.1", "hard"), ("5.1.10", "hard"), ("550 5.2.1", "hard"), ("552 5.2.2", "soft"), ("452 4.2.2", "soft"),
        ("4.1.1", "soft"), ("550 5.7.1", "ours"), ("550 5.7.26", "ours"), ("5.1.8", "ours"), ("552 5.3.4", "ours"),
        ("550", "soft"), ("421 4.4.2", "soft"), ("nothing", "soft"), ("550 from 5.1.1.7", "soft"),
    ],
)  # fmt: skip
def test_a_code_says_whom_a_no_concerns(said: str, weight: str) -> None:
    assert meaning_of(status_of(said)).weight == weight


@pytest.mark.parametrize(
    ("words", "weight"),
    [
        ("550 User unknown", "hard"), ("554 no such domain", "hard"), ("450 User unknown", "soft"),
        ("550 Mailbox full", "soft"), ("554 rejected as spam: user unknown", "ours"), ("550 go away", "soft"),
    ],
)  # fmt: skip
def test_where_no_code_says_it_words_do(words: str, weight: str) -> None:
    assert meaning_of(status_of(words), words).weight == weight
