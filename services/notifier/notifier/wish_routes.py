"""HTTP for other services that would have something said: once for each key, whatever is sent again.

The key is that of the IETF's draft (draft-ietf-httpapi-idempotency-key-header-07): none is a 400, one that was used for
something else a 422, one whose request is still at work a 409; the same request again has the same answer, for good.
"""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.responses import JSONResponse

from chassis.access import WRITE, needs
from chassis.errors import Conflict, Rejected
from chassis.openapi import answer, refusal
from chassis.problems import problem
from chassis.runtime import Runtime
from notifier import wish_store
from notifier.wish_schemas import GRANTED, GrantedBody, WishIn
from notifier.wishes import Wish, foreign_addresses, message_id_wished

PATIENCE = timedelta(seconds=30)
"""A request that was at work for so long died over it; the same again goes on from there."""
ACTOR = "service"
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=255, description="Names the wish for good; again it says nothing new"),
]
NO_KEY = refusal(400, "no_idempotency_key", "Name the wish by an Idempotency-Key, so that it is said once.")
UNKNOWN = refusal(404, "erased", "This customer asked to be forgotten.")
BUSY = refusal(409, "still_running", "The same request is at work; ask again in a moment.")
KEY_REUSED = refusal(422, "idempotency_key_reused", "Something else was asked for with this key.")
FOREIGN = "foreign_address"


def wish_routes(runtime: Runtime, domain: str) -> APIRouter:
    """Where other services ask. Addresses in their words lead to `domain`, the shop's own."""
    router = APIRouter(prefix="/v1", tags=["messages"])

    @router.post(
        "/messages", status_code=202, summary="Have something said to a customer, once; decided at sending",
        response_model=GrantedBody, responses=answer(GRANTED, 202) | NO_KEY | UNKNOWN | BUSY | KEY_REUSED,
    )  # fmt: skip
    @needs(WRITE)
    async def wish(body: WishIn, response: Response, key: Key = None) -> GrantedBody | JSONResponse:
        if not key:
            return problem(400, "no_idempotency_key", "Name the wish by an Idempotency-Key, so that it is said once.")
        wanted = body.wish(key)
        if foreign := foreign_addresses(wanted.words, domain):
            raise Rejected(FOREIGN, f"{len(foreign)} of the addresses are not https of {domain}.")
        message_id = await _granted(runtime, body, wanted, key)
        url = f"/v1/messages/{message_id}"
        response.headers["Location"] = url
        return GrantedBody(message_id=message_id, url=url)

    return router


async def _granted(runtime: Runtime, body: WishIn, wish: Wish, key: str) -> str:
    """The id of its message. Raises Conflict (still_running), Rejected (idempotency_key_reused), and what folds do."""
    message_id = message_id_wished(body.customer_id, wish)
    async with runtime.transaction() as tx:
        ours = await wish_store.claim(tx, key, body.fingerprint, message_id, PATIENCE)
        known = None if ours else await wish_store.known(tx, key)
    if not ours:
        return _as_before(known, body.fingerprint)
    try:
        await runtime.command(body.customer_id, wish, actor=ACTOR, command_id=wish.subject)
    except Rejected:
        async with runtime.transaction() as tx:
            await wish_store.release(tx, key)
        raise
    async with runtime.transaction() as tx:
        await wish_store.grant(tx, key)
    return message_id


def _as_before(known: wish_store.Known | None, fingerprint: str) -> str:
    if known is not None and known.fingerprint != fingerprint:
        raise Rejected("idempotency_key_reused", "Something else was asked for with this key.")
    if known is None or not known.granted:
        raise Conflict("still_running", "The same request is at work; ask again in a moment.")
    return known.message_id
