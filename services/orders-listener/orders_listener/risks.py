"""At risk of being late: what is thought of a promise before it ends, and whether the customer is to hear of it.

A long promise is judged by what the shop's closed days have taught (early_warning). A short one, and any promise while
the shop has taught nothing yet, by a plain rule: not handed over, or not seen for days. One warning per promise. Owns
the choice between the two. Must not know when it is asked (watch.py).
"""

from collections.abc import Iterator
from datetime import datetime

from contracts.vocabulary import IssueKind, Severity
from orders_listener.delays import Outlook, evidence_of, outlook, silent, subject_of
from orders_listener.early_warning.forecasts import Forecast, forecast
from orders_listener.early_warning.journeys import Journey, journey_of
from orders_listener.early_warning.ticks import EARLY, Tick, ticks
from orders_listener.early_warning.words import reasons
from orders_listener.issues import Trouble, Why, sentence
from orders_listener.parcels import Parcel
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.promises import Promised, day_in_words, in_words

SURE = (Outlook.out_for_delivery, Outlook.available_for_pickup, Outlook.delivered_unannounced)
"""Nobody has to be warned of these, whatever numbers say."""
BY_PLAIN_RULE = (Outlook.not_handed_over, Outlook.no_scan)


def delivery_at_risk(picture: Picture, at: datetime, policy: Policy) -> Iterator[Trouble]:
    """One warning per promise, when it will probably be missed."""
    promise, seen = picture.binding, outlook(picture, at, policy)
    if promise is None or picture.over or seen in SURE:
        return
    made = forecast_at(picture, at, policy)
    if made is not None and made.warns:
        yield _foreseen(picture, promise, made)
    elif made is None and _is_the_look(_tick(picture, at, policy)) and seen in BY_PLAIN_RULE:
        yield _plain(picture, promise, seen, at, policy)


def spared(picture: Picture, at: datetime, policy: Policy) -> Why:
    """Why nobody was warned at a look. The last that gives the wanted lead decides; others leave no trace."""
    decides = _is_the_look(_tick(picture, at, policy))
    made = forecast_at(picture, at, policy)
    if made is not None:
        reason = "not_nearly_sure" if made.stage == EARLY else "likely_in_time"
        return Why(reason=reason, snapshot=made.snapshot, numbers=_numbers(made), on_record=decides)
    seen = outlook(picture, at, policy)
    return Why(reason=seen if decides or seen in SURE else "decided_another_evening", on_record=decides)


def forecast_at(picture: Picture, at: datetime, policy: Policy) -> Forecast | None:
    """What the numbers of the morning say at a tick; None where they say nothing, or somebody knows better."""
    tick, promise, journey = _tick(picture, at, policy), picture.binding, journey_of(picture, {})
    if tick is None or promise is None or journey is None or picture.over or outlook(picture, at, policy) in SURE:
        return None
    return forecast(journey, tick, picture.snapshot, ends_at=promise.ends_at, caught=policy.caught_share)


def _tick(picture: Picture, at: datetime, policy: Policy) -> Tick | None:
    """The tick that `at` is; None for a promise that has none."""
    looks = ticks(picture.binding, picture.zone, policy.warning_lead) if picture.binding else ()
    return next((tick for tick in looks if tick.at == at), None)


def _is_the_look(tick: Tick | None) -> bool:
    """The last that gives the wanted lead; a short promise has only one."""
    return tick is None or tick.stage == 0


def _foreseen(picture: Picture, promise: Promised, made: Forecast) -> Trouble:
    journey: Journey | None = journey_of(picture, {})
    why = reasons(journey, made, picture.snapshot) if journey else []
    because = "; ".join(reason.words for reason in why)
    under_way = bool(journey and journey.moved_on)
    return Trouble(
        kind=IssueKind.delivery_at_risk,
        subject=subject_of(picture, promise),
        severity=Severity.notice,
        reason="likely_late" if under_way else Outlook.not_handed_over,
        known=sentence(
            f"Your order is promised by {in_words(promise, picture.zone)} and will probably come later: {because}."
        ),
        expected_next="The next scan of the parcel" if under_way else "The handover to the carrier",
        expected_by=promise.ends_at,
        evidence=evidence_of(promise, picture.scanned_last)
        | {"because": because, "reasons": " ".join(reason.code for reason in why), "numbers_of": made.snapshot},
        snapshot=made.snapshot,
        numbers=_numbers(made),
    )


def _numbers(made: Forecast) -> dict[str, int]:
    return {"late_milli": made.late_milli, "raw_milli": made.raw_milli, "bar_milli": made.bar_milli}


def _plain(picture: Picture, promise: Promised, seen: Outlook, at: datetime, policy: Policy) -> Trouble:
    unseen = next(iter(silent(picture.moving, at, policy)), None) if seen is Outlook.no_scan else None
    return Trouble(
        kind=IssueKind.delivery_at_risk,
        subject=subject_of(picture, promise),
        shipment_id=unseen.shipment_id if unseen else None,
        severity=Severity.notice,
        reason=seen,
        known=sentence(f"Your order is promised by {in_words(promise, picture.zone)}, and {_why(picture, unseen)}."),
        expected_next="The next scan of the parcel" if unseen else "The handover to the carrier",
        expected_by=promise.ends_at,
        evidence=evidence_of(promise, unseen) | {"reasons": _code(picture, unseen)},
    )


def _code(picture: Picture, unseen: Parcel | None) -> str:
    if unseen is not None:
        return "unseen"
    return "in_part" if picture.moving or picture.arrivals else "not_handed_over"


def _why(picture: Picture, unseen: Parcel | None) -> str:
    if unseen is None:
        return "not all of it has been handed to the carrier yet"
    day = day_in_words(unseen.scans[-1].occurred_at.astimezone(picture.zone).date())
    return f"the carrier has not scanned the parcel since {day}"
