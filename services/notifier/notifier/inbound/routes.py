"""HTTP in: mails, and what providers say of mails. Thin: bytes in, a yes or a problem out; no body is logged."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import getaddresses
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from chassis.access import opened
from chassis.openapi import answer, refusal
from chassis.problems import problem
from chassis.runtime import Runtime
from chassis.web import Direct
from notifier.inbound.intake import Intake, NotNow
from notifier.inbound.parts import header, parts_of
from notifier.inbound.proofs import BadSignature, Check, Posted, shared_secret
from notifier.inbound.proofs import mailgun as signed_by_mailgun
from notifier.inbound.proofs import sendgrid as signed_by_sendgrid
from notifier.inbound.proofs import ses as signed_by_sns
from notifier.inbound.providers import mailgun, postmark, sendgrid, ses
from notifier.inbound.providers.reading import BadBody, Report
from notifier.settings import NotifierSettings

RETRY_AFTER_S = 5
MOST_HOOK_BYTES = 4_194_304
_RECIPIENTS = ("x-original-to", "delivered-to", "envelope-to", "to", "cc")
"""Headers of a mail that say whom it was sent to, where who posts it does not."""

log = structlog.get_logger("notifier.hooks")


class Provider(NamedTuple):
    """Somebody who sends our mail and says what became of it."""

    check: Check
    reports: Callable[[bytes], Sequence[Report]]


PROVIDERS = {
    "mailgun": Provider(signed_by_mailgun, mailgun.reports),
    "postmark": Provider(shared_secret, postmark.reports),
    "sendgrid": Provider(signed_by_sendgrid, sendgrid.reports),
    "ses": Provider(signed_by_sns, ses.reports),
}


def hook_routes(runtime: Runtime, settings: NotifierSettings) -> APIRouter:
    """Both."""
    router = APIRouter(prefix="/hooks", tags=["hooks"], route_class=Direct)
    intake, secrets = Intake(runtime, settings.addressing(), settings.vault), settings.hook_secrets()

    @router.post("/mail", responses=_ANSWERS, openapi_extra=_MAIL)
    @opened("what comes is signed", limited=False)
    async def take_mail(request: Request) -> Response:
        """A mail as its bytes are (RFC 5322), for who takes it from the shop's mail server otherwise.

        Answered when it is safe. `X-Envelope-To` names whom it was sent to; without it, its own headers do.
        """
        return await _answered(_take_mail(request, intake, secrets, settings.inbound_mail_bytes))

    @router.post("/providers/{name}", responses=_ANSWERS)
    @opened("what comes is signed", limited=False)
    async def take_reports(name: str, request: Request) -> Response:
        """What a provider says of mails that it sends for us: bounces, complaints, deliveries.

        Answered when it is safe. What is about none of our mails is taken and counted.
        """
        return await _answered(_take_reports(name, request, intake, secrets, settings))

    return router


async def _take_mail(
    request: Request, intake: Intake, secrets: Mapping[str, Sequence[str]], most_bytes: int
) -> dict[str, int]:
    posted = await _posted(request, most_bytes)
    if "mail" not in secrets:
        raise _Refusal(HTTPStatus.NOT_FOUND, "not_connected", "Set NOTIFIER_HOOKS_MAIL_SECRETS first.")
    shared_secret(posted, secrets["mail"])
    named = posted.headers.get("x-envelope-to")
    recipients = named.split(",") if named else _recipients(posted.body)
    return {await intake.mail(posted.body, recipients, posted.headers.get("x-envelope-from")): 1}


async def _take_reports(
    name: str, request: Request, intake: Intake, secrets: Mapping[str, Sequence[str]], settings: NotifierSettings
) -> dict[str, int]:
    posted = await _posted(request, MOST_HOOK_BYTES)
    provider = PROVIDERS.get(name)
    if provider is None or name not in secrets:
        known = ", ".join(sorted(PROVIDERS))
        raise _Refusal(HTTPStatus.NOT_FOUND, "not_connected", f"These can be connected by settings: {known}.")
    provider.check(posted, secrets[name])
    if name == "ses":
        _check_topic(posted.body, settings)
    fates: dict[str, int] = {}
    for report in provider.reports(posted.body):
        fate = await intake.report(report.message_id, report.said, name)
        fates[fate] = fates.get(fate, 0) + 1
    return fates


def _check_topic(body: bytes, settings: NotifierSettings) -> None:
    """Anybody may have a topic of their own at Amazon, signed as well as ours."""
    found = ses.topic(body)
    if found not in (settings.hooks_ses_topics or "").split(","):
        raise BadSignature
    if any(report.said == ses.SUBSCRIPTION for report in ses.reports(body)):
        log.warning("an SNS topic waits to be confirmed", topic=found)


def _recipients(raw: bytes) -> list[str]:
    head = parts_of(raw[:65_536]).head
    return [address for _, address in getaddresses([header(head, name) for name in _RECIPIENTS])]


class _Refusal(Exception):
    """A no, and why."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


async def _posted(request: Request, most_bytes: int) -> Posted:
    """Read once, and no more than is taken."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            too_large = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise _Refusal(too_large, "body_too_large", f"At most {most_bytes} bytes are taken.")
    headers = {name.decode("latin-1"): content.decode("latin-1") for name, content in request.headers.raw}
    return Posted(headers, bytes(body), datetime.now(UTC))


async def _answered(taking: Any) -> Response:
    try:
        return JSONResponse({"taken": await taking})
    except BadSignature:
        detail = "It is not shown to come from who it says, by a secret known here."
        return problem(HTTPStatus.UNAUTHORIZED, "signature_wrong", detail, {"WWW-Authenticate": "Basic"})
    except BadBody as error:
        return problem(HTTPStatus.BAD_REQUEST, "body_unreadable", str(error))
    except ClientDisconnect:
        return problem(HTTPStatus.BAD_REQUEST, "body_cut_off", "The connection ended before the body did.")
    except _Refusal as refused:
        return problem(refused.status, refused.code, refused.detail)
    except NotNow:
        again = "It is not safe yet. Deliver the same again: nothing doubles."
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "not_now", again, {"Retry-After": str(RETRY_AFTER_S)})


_ANSWERS: dict[int | str, dict[str, Any]] = (
    answer({"taken": {"bounce_hard": 1}})
    | refusal(400, "body_unreadable", "the body is not JSON")
    | refusal(401, "signature_wrong", "It is not shown to come from who it says, by a secret known here.")
    | refusal(404, "not_connected", "These can be connected by settings: mailgun, postmark, sendgrid, ses.")
    | refusal(413, "body_too_large", "At most 4194304 bytes are taken.")
    | refusal(503, "not_now", "It is not safe yet. Deliver the same again: nothing doubles.")
)
_MAIL: dict[str, Any] = {
    "requestBody": {"content": {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}}}
}
