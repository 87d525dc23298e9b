"""The deadline watch: which wake-up calls an order needs, by its picture alone.

Owns the kinds of deadlines. Must not know what is decided when one comes (rules.py, timelines.py).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from itertools import chain

from chassis.outcomes import ClearDeadline, SetDeadline
from orders_listener.disruptions.declarations import NOTHING_DECLARED, Book
from orders_listener.disruptions.traits import traits_of
from orders_listener.early_warning.ticks import ticks
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.promises import Promised
from orders_listener.waits import next_look_at


class DeadlineKind(StrEnum):
    """Why an order wants to be looked at again."""

    promise_ends = "promise_ends"
    risk_check = "risk_check"
    return_window_ends = "return_window_ends"
    silence_lasts = "silence_lasts"
    """The next moment at which a silence is an issue, or an issue a worse one."""
    disruption_changes = "disruption_changes"
    """Staff says something about a disruption. Left by others too: whoever it concerns is called (calls.py)."""


Deadlines = Mapping[DeadlineKind, datetime]


def wanted(
    picture: Picture,
    policy: Policy,
    *,
    erased: bool,
    after: datetime | None = None,
    looked_at: datetime | None = None,
    declared: Book = NOTHING_DECLARED,
) -> dict[DeadlineKind, datetime]:
    """Every moment at which somebody should look, also those that have passed; of silences and of what was `declared`
    the next `after` that.

    `looked_at` is when the last look for a risk was: a long promise is looked at several times.
    """
    watch = _once(picture, policy, looked_at, erased=erased)
    if after is not None and picture.placed is not None and not erased:
        silence = next_look_at(picture, policy, after)
        watch |= {DeadlineKind.silence_lasts: silence} if silence else {}
        call = declared.next_call(after, picture.placed.order_id, traits_of(picture))
        return watch | {DeadlineKind.disruption_changes: call} if call else watch
    return watch


def _once(
    picture: Picture, policy: Policy, looked_at: datetime | None, *, erased: bool
) -> dict[DeadlineKind, datetime]:
    if picture.placed is None or picture.cancelled is not None:
        return {}
    if picture.delivered_at is not None:
        return {DeadlineKind.return_window_ends: picture.delivered_at + policy.return_window}
    return {} if picture.given_back or erased else _promise_watch(picture, policy, looked_at)


def _promise_watch(picture: Picture, policy: Policy, looked_at: datetime | None) -> dict[DeadlineKind, datetime]:
    promise = picture.binding
    if promise is None:
        return {}
    watch = {DeadlineKind.promise_ends: max(promise.ends_at, promise.learned_at)}
    look_at = _next_look(picture, promise, policy, looked_at)
    if look_at is not None and look_at < promise.ends_at:
        watch[DeadlineKind.risk_check] = look_at
    return watch


def _next_look(picture: Picture, promise: Promised, policy: Policy, looked_at: datetime | None) -> datetime | None:
    looks = ticks(promise, picture.zone, policy.warning_lead)
    first = next(looks, None)
    if first is None:
        return promise.look_again_at(policy.warning_lead)
    return next((tick.at for tick in chain((first,), looks) if looked_at is None or tick.at > looked_at), None)


def difference(order_id: str, before: Deadlines, after: Deadlines) -> tuple[SetDeadline | ClearDeadline, ...]:
    """What makes the deadlines `before` those `after`."""
    cleared = [ClearDeadline(kind, order_id) for kind in sorted(before.keys() - after.keys())]
    moved = sorted((kind, due_at) for kind, due_at in after.items() if before.get(kind) != due_at)
    return (*cleared, *(SetDeadline(kind, order_id, due_at) for kind, due_at in moved))
