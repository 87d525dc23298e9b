"""What happens to an order that is packed: its parcels, what replaces them, what comes back, what is paid back."""

from datetime import datetime, timedelta

from contracts.storefront import ReturnReason, ReturnReceived, ReturnRequested
from contracts.vocabulary import LineQuantity, OrderLine, ShippedLine
from storefront.simulation.baskets import sister
from storefront.simulation.days import worked
from storefront.simulation.dice import between, happens
from storefront.simulation.orders import Fate
from storefront.simulation.parcels import Arrival, send
from storefront.simulation.stories import Story

DAY = timedelta(days=1)


def ship(story: Story, ready_at: datetime, lines: tuple[OrderLine, ...]) -> None:
    """One parcel, or two; the order's fate meets the first."""
    order, dice = story.order, story.order.dice("packing")
    forgotten = order.fate is Fate.line_forgotten
    split = story.split = forgotten or (len(lines) > 1 and happens(dice, 0.2))
    first, rest = (lines[:1], lines[1:]) if split else (lines, ())
    whole_order = not split and lines == order.lines and order.fate is not Fate.wrong_variant
    shipped = () if whole_order and happens(dice, 0.5) else _shipped(story, first)
    arrivals = [_until_settled(story, f"{order.order_id}-s1", ready_at, first, shipped, order.fate)]
    if rest:
        later = ready_at + (between(dice, 9, 14, unit=DAY) if forgotten else between(dice, 4, 60))
        arrivals.append(send(story, f"{order.order_id}-s2", later, _plainly(rest), Fate.smooth))
    story.ended_at = max(arrival.at for arrival in arrivals)
    if all(arrival.whole for arrival in arrivals):
        story.delivered_at = story.ended_at


def _until_settled(
    story: Story,
    shipment_id: str,
    ready_at: datetime,
    lines: tuple[OrderLine, ...],
    shipped: tuple[ShippedLine, ...],
    fate: Fate,
) -> Arrival:
    """A parcel, and what the shop does when it does not arrive: another one, or the money back."""
    arrival = send(story, shipment_id, ready_at, shipped, fate)
    if arrival.whole:
        return arrival
    dice = story.order.dice("settling", shipment_id)
    decided_at = worked(arrival.at + between(dice, 2, 30), dice)
    if happens(dice, 0.6):
        return send(story, f"{shipment_id}r", decided_at, _plainly(lines), Fate.smooth, replaces=shipment_id)
    story.refund(lines, decided_at, dice)
    return Arrival(decided_at, whole=False)


def _plainly(lines: tuple[OrderLine, ...]) -> tuple[ShippedLine, ...]:
    return tuple(ShippedLine(line_id=line.line_id, quantity=line.quantity) for line in lines)


def _shipped(story: Story, lines: tuple[OrderLine, ...]) -> tuple[ShippedLine, ...]:
    """Lines with the variant that was scanned into the parcel: one of another colour where that is the fate."""
    dice = story.order.dice("packed")
    wrong = story.order.fate is Fate.wrong_variant
    variants = [
        sister(line.variant, dice) if wrong and index == 0 else line.variant for index, line in enumerate(lines)
    ]
    return tuple(
        ShippedLine(line_id=line.line_id, quantity=line.quantity, variant=variant)
        for line, variant in zip(lines, variants, strict=True)
    )


def settle(story: Story) -> None:
    """What the fate still holds once the order is with the customer."""
    if story.delivered_at is None:
        return
    match story.order.fate:
        case Fate.wrong_variant:
            _correct(story, story.delivered_at)
        case Fate.gesture:
            dice = story.order.dice("gesture")
            story.give_back(500, (), worked(story.delivered_at + between(dice, 5, 90), dice), dice)
        case Fate.refunded_partly | Fate.refunded_twice:
            _refund_in_parts(story, story.delivered_at)
        case Fate.returned:
            _take_back(story, story.delivered_at)


def _correct(story: Story, delivered_at: datetime) -> None:
    dice = story.order.dice("correction")
    first = story.order.lines[:1]
    received_at = _send_back(story, delivered_at + between(dice, 5, 70), first, ReturnReason.wrong_item)
    shipment_id = f"{story.order_id}-s1"
    if happens(dice, 0.65):
        send(story, f"{shipment_id}r", received_at, _plainly(first), Fate.smooth, replaces=shipment_id)
    else:
        story.refund(first, worked(received_at + between(dice, 4, 60), dice), dice)


def _refund_in_parts(story: Story, delivered_at: datetime) -> None:
    """Something was scratched: some money for one line, and sometimes some more for the same line."""
    dice = story.order.dice("parts")
    line = dice.choice(story.order.lines)
    first_at = worked(delivered_at + between(dice, 10, 140), dice)
    story.refund((line,), first_at, dice, share=dice.uniform(0.15, 0.45), pieces=1)
    if story.order.fate is Fate.refunded_twice:
        again_at = worked(first_at + between(dice, 20, 190), dice)
        story.refund((line,), again_at, dice, share=dice.uniform(0.15, 0.5), pieces=1)


def _take_back(story: Story, delivered_at: datetime) -> None:
    dice = story.order.dice("return")
    line = dice.choice(story.order.lines)
    reason = dice.choice((ReturnReason.changed_mind, ReturnReason.changed_mind, ReturnReason.not_as_described))
    received_at = _send_back(story, delivered_at + between(dice, 0.5, 12, unit=DAY), (line,), reason)
    story.refund((line,), worked(received_at + between(dice, 2, 90), dice), dice)


def _send_back(story: Story, at: datetime, lines: tuple[OrderLine, ...], reason: ReturnReason) -> datetime:
    """Ask for a return and bring the parcel; returns when the shop has it."""
    dice = story.order.dice("sending-back")
    received_at = worked(at + between(dice, 2, 8, unit=DAY), dice)
    quantities = tuple(LineQuantity(line_id=line.line_id, quantity=line.quantity) for line in lines)
    for fact, happened_at in ((ReturnRequested, at), (ReturnReceived, received_at)):
        story.say(
            fact(
                customer_id=story.customer_id,
                order_id=story.order_id,
                return_id=f"{story.order_id}-b1",
                occurred_at=happened_at,
                lines=quantities,
                reason=reason,
            ),
            happened_at,
            dice,
        )
    return received_at
