"""HTTP for webhooks: endpoints, their secrets, what they were owed, and posting it again."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Path, Query
from msgspec.structs import replace

from chassis import audits
from chassis.access import OPERATE, READ, needs
from chassis.errors import Conflict, Rejected
from chassis.openapi import answer, refusal
from chassis.pagination import PAGE_SIZE, Page, decode_cursor, encode_cursor
from chassis.runtime import Runtime
from chassis.service import Tx
from notifier import webhook_store
from notifier.destinations import Network, problem_of
from notifier.webhook_schemas import (
    DELIVERIES,
    REPLAYED,
    WEBHOOK,
    WEBHOOK_ID,
    WITH_SECRET,
    DeliveryBody,
    ReplayedBody,
    ReplayIn,
    WebhookBody,
    WebhookIn,
    WebhookPatch,
    WebhookWithSecretBody,
)
from notifier.webhook_store import DeliveryState
from notifier.webhooks import FORMER_LASTS, SECRET_BYTES, Endpoint, secret_of

MOST_WEBHOOKS = 50
BY_STAFF = "staff"
REFUSED = {
    "not_https": "Write an address with https.",
    "no_url": "That is no address of a web page.",
    "too_much_in_url": "An account, a password or a fragment has no place in it.",
    "forbidden_address": "Webhooks go to public addresses only, and to networks that the setting names.",
}
UNKNOWN = refusal(404, "unknown_webhook", f"There is no webhook {WEBHOOK_ID}.")
UNKNOWN_DELIVERY = refusal(404, "unknown_delivery", "Nothing is kept of this delivery.")
TOO_MANY = refusal(409, "too_many_webhooks", f"There are {MOST_WEBHOOKS} webhooks already; remove some.")
DISABLED = refusal(409, "webhook_disabled", "Enable the webhook first.")
FORBIDDEN = refusal(422, "forbidden_address", REFUSED["forbidden_address"])
WebhookId = Annotated[str, Path(max_length=64, pattern=r"^[\x21-\x7E]+$", examples=[WEBHOOK_ID])]
EventId = Annotated[str, Path(max_length=64, pattern=r"^[\x21-\x7E]+$")]


def webhook_routes(runtime: Runtime, allowed: Sequence[Network]) -> APIRouter:
    """Everything about webhooks. They may go to the `allowed` networks though those are not public."""
    router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

    @router.post(
        "", status_code=201, summary="Have facts posted somewhere; the answer shows the secret, this once",
        responses=answer(WITH_SECRET, 201) | TOO_MANY | FORBIDDEN,
    )  # fmt: skip
    @needs(OPERATE)
    async def add(body: WebhookIn) -> WebhookWithSecretBody:
        _check(body.url, allowed)
        webhook_id, secret = str(uuid4()), _new_secret()
        async with runtime.transaction() as tx:
            if await webhook_store.number(tx) >= MOST_WEBHOOKS:
                raise Conflict("too_many_webhooks", f"There are {MOST_WEBHOOKS} webhooks already; remove some.")
            await webhook_store.add(
                tx, webhook_id, url=body.url, types=body.types, description=body.description, secret=secret
            )
            await audits.write(tx, subject=webhook_id)
            return WebhookWithSecretBody(**await _shown(tx, webhook_id), secret=secret)

    @router.get("", summary="All webhooks, the oldest first", responses=answer([WEBHOOK]))
    @needs(READ)
    async def webhooks() -> list[WebhookBody]:
        async with runtime.transaction() as tx:
            counts = await webhook_store.counts(tx)
            found = await webhook_store.listed(tx)
        return [WebhookBody(**_described(one, counts)) for one in found]

    @router.get("/{webhook_id}", summary="One webhook, and how it is doing", responses=answer(WEBHOOK) | UNKNOWN)
    @needs(READ)
    async def webhook(webhook_id: WebhookId) -> WebhookBody:
        async with runtime.transaction() as tx:
            return WebhookBody(**await _shown(tx, webhook_id))

    @router.patch(
        "/{webhook_id}", summary="Change a webhook, disable it or enable it again",
        responses=answer(WEBHOOK) | UNKNOWN | FORBIDDEN,
    )  # fmt: skip
    @needs(OPERATE)
    async def change(webhook_id: WebhookId, body: WebhookPatch) -> WebhookBody:
        if body.url is not None:
            _check(body.url, allowed)
        async with runtime.transaction() as tx:
            await webhook_store.change(tx, _changed(await webhook_store.endpoint(tx, webhook_id), body))
            await audits.write(tx)
            return WebhookBody(**await _shown(tx, webhook_id))

    @router.delete("/{webhook_id}", status_code=204, summary="Remove a webhook and what it is owed", responses=UNKNOWN)
    @needs(OPERATE)
    async def remove(webhook_id: WebhookId) -> None:
        async with runtime.transaction() as tx:
            await webhook_store.endpoint(tx, webhook_id)
            await webhook_store.remove(tx, webhook_id)
            await audits.write(tx)

    @router.post(
        "/{webhook_id}/secret", summary="Another secret, shown this once; the one of before signs too for a day",
        responses=answer(WITH_SECRET) | UNKNOWN,
    )  # fmt: skip
    @needs(OPERATE)
    async def rotate(webhook_id: WebhookId) -> WebhookWithSecretBody:
        secret = _new_secret()
        async with runtime.transaction() as tx:
            await webhook_store.endpoint(tx, webhook_id)
            await webhook_store.rotate(tx, webhook_id, secret, FORMER_LASTS)
            await audits.write(tx)
            return WebhookWithSecretBody(**await _shown(tx, webhook_id), secret=secret)

    @router.get(
        "/{webhook_id}/deliveries", summary="What a webhook was owed and what became of it, the latest first",
        responses=answer(DELIVERIES) | UNKNOWN,
    )  # fmt: skip
    @needs(READ)
    async def deliveries(
        webhook_id: WebhookId,
        state: DeliveryState | None = None,
        cursor: Annotated[str | None, Query(max_length=500)] = None,
    ) -> Page[DeliveryBody]:
        async with runtime.transaction() as tx:
            await webhook_store.endpoint(tx, webhook_id)
            found = await webhook_store.deliveries(
                tx, webhook_id, state=state, before=_place(cursor), most=PAGE_SIZE + 1
            )
        page = found[:PAGE_SIZE]
        more = encode_cursor(page[-1].created_at.isoformat(), page[-1].event_id) if len(found) > PAGE_SIZE else None
        return Page(data=[DeliveryBody.of(one) for one in page], next_cursor=more)

    @router.post(
        "/{webhook_id}/deliveries/{event_id}/replay", summary="Post one again, under the same id",
        responses=answer(REPLAYED) | UNKNOWN_DELIVERY | DISABLED,
    )  # fmt: skip
    @needs(OPERATE)
    async def replay_one(webhook_id: WebhookId, event_id: EventId) -> ReplayedBody:
        async with runtime.transaction() as tx:
            await _enabled(tx, webhook_id)
            await audits.write(tx)
            return ReplayedBody(
                deliveries=await webhook_store.replay(tx, webhook_id, event_id=event_id, arrived_too=True)
            )

    @router.post(
        "/{webhook_id}/replay", summary="Post again what failed since then, under the same ids",
        responses=answer(REPLAYED) | UNKNOWN | DISABLED,
    )  # fmt: skip
    @needs(OPERATE)
    async def replay(webhook_id: WebhookId, body: ReplayIn) -> ReplayedBody:
        async with runtime.transaction() as tx:
            await _enabled(tx, webhook_id)
            await audits.write(tx)
            return ReplayedBody(
                deliveries=await webhook_store.replay(tx, webhook_id, since=body.since, arrived_too=body.arrived_too)
            )

    return router


def _new_secret() -> str:
    return secret_of(secrets.token_bytes(SECRET_BYTES))


def _check(url: str, allowed: Sequence[Network]) -> None:
    if code := problem_of(url, allowed):
        raise Rejected(code, REFUSED[code])


def _changed(found: Endpoint, body: WebhookPatch) -> Endpoint:
    disabled = {None: found.disabled_reason, True: None, False: found.disabled_reason or BY_STAFF}[body.enabled]
    return replace(
        found,
        url=found.url if body.url is None else body.url,
        types=found.types if body.types is None else tuple(body.types),
        description=found.description if body.description is None else body.description,
        disabled_reason=disabled,
    )


async def _enabled(tx: Tx, webhook_id: str) -> None:
    if (await webhook_store.endpoint(tx, webhook_id)).disabled_reason is not None:
        raise Conflict("webhook_disabled", "Enable the webhook first.")


async def _shown(tx: Tx, webhook_id: str) -> dict[str, object]:
    return _described(await webhook_store.endpoint(tx, webhook_id), await webhook_store.counts(tx))


def _described(found: Endpoint, counts: dict[str, webhook_store.Counts]) -> dict[str, object]:
    return WebhookBody.of(found, counts.get(found.webhook_id, webhook_store.Counts()))


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    match decode_cursor(cursor):
        case None:
            return None
        case (str(created_at), str(event_id)):
            try:
                return datetime.fromisoformat(created_at), event_id
            except ValueError:
                pass
    raise Rejected("bad_cursor", "The cursor is not one of ours; start again without it.")
