"""The deadline watch: which wake-up calls an order needs, by its picture alone.

Owns the kinds of deadlines. Must not know what is decided when one comes (rules.py, timelines.py).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from itertools import chain

from chassis.outcomes import ClearDeadline, SetDeadline
from orders_listener.early_warning.ticks import ticks
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.promises import Promised


class DeadlineKind(StrEnum):
    """Why an order wants to be looked at again."""

    promise_ends = "promise_ends"
    risk_check = "risk_check"
    return_window_ends = "return_window_ends"


Deadlines = Mapping[DeadlineKind, datetime]


def wanted(
    picture: Picture, policy: Policy, *, erased: bool, looked_at: datetime | None = None
) -> dict[DeadlineKind, datetime]:
    """Every moment at which somebody should look, also those that have passed.

    `looked_at` is when the last look for a risk was: a long promise is looked at several times.
    """
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
