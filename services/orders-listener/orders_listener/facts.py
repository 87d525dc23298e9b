"""The facts of an order that others listen to, each said once.

Owns what is said and under which key it is remembered as said. Must not know issues or deadlines.
"""

from collections.abc import Iterator, Set
from datetime import datetime

from contracts import Fact, orders
from contracts.storefront import OrderCancelled, OrderPlaced, OrderRefunded
from contracts.vocabulary import OrderLine
from orders_listener.goods import named, tracking
from orders_listener.issues import titled
from orders_listener.parcels import Parcel
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.refunds import expected_by, owed_minor, paid_minor
from orders_listener.remainders import unsent
from orders_listener.waits import refund as refunds_owed
from orders_listener.waits import waits_of

CONFIRMED, SHIPPED, DELIVERED, CANCELLED, COMPLETED = "confirmed", "shipped", "delivered", "cancelled", "completed"


def due_facts(picture: Picture, said: Set[str], at: datetime, policy: Policy) -> dict[str, Fact]:
    """What the picture shows and was not said yet, by key, in the order in which an order lives."""
    return dict(_due(picture, picture.placed, said, at, policy)) if picture.placed else {}


def _due(
    picture: Picture, placed: OrderPlaced, said: Set[str], at: datetime, policy: Policy
) -> Iterator[tuple[str, Fact]]:
    # a cancelled order never becomes an order again
    if CONFIRMED not in said and CANCELLED not in said and picture.confirmed_at:
        yield CONFIRMED, confirmed(picture, placed, picture.confirmed_at)
    parcel = picture.first_moved
    if SHIPPED not in said and parcel and parcel.moved_at:
        yield SHIPPED, shipped(picture, placed, parcel, parcel.moved_at)
    if DELIVERED not in said and picture.delivered_at:
        yield DELIVERED, delivered(picture, placed, picture.delivered_at)
    for refund in picture.refunds:
        key = f"refund|{refund.refund_id}"
        if key not in said:
            yield key, refunded(picture, placed, refund)
    if CANCELLED not in said and picture.cancelled:
        yield CANCELLED, cancelled(picture, placed, picture.cancelled, at, policy)


def confirmed(picture: Picture, placed: OrderPlaced, confirmed_at: datetime) -> orders.OrderConfirmed:
    """With the lines as they are known when this is said; edits until then are in them."""
    return orders.OrderConfirmed(
        customer_id=placed.customer_id,
        order_id=placed.order_id,
        occurred_at=confirmed_at,
        placed_at=placed.placed_at,
        currency=placed.currency,
        lines=tuple(confirmed_line(line) for line in picture.lines.values()),
        shipping_minor=placed.shipping_minor,
        tax_minor=placed.tax_minor,
        total_minor=picture.total_minor,
        promised_by=picture.promised.ends_at if picture.promised else None,
        redemption_id=placed.redemption_id,
        referral_code=placed.referral_code,
        destination=picture.destination,
        channel=placed.channel,
        locale=placed.locale,
    )


def confirmed_line(line: OrderLine) -> orders.ConfirmedLine:
    """What others need of a line."""
    return orders.ConfirmedLine(
        line_id=line.line_id,
        quantity=line.quantity,
        paid_minor=line.paid_minor,
        product_id=line.product_id,
        category=line.category,
        sku=line.sku,
        title=titled(line).get("title"),
        variant=line.variant,
    )


def shipped(picture: Picture, placed: OrderPlaced, parcel: Parcel, moved_at: datetime) -> orders.OrderShipped:
    """The first movement of the first parcel."""
    return orders.OrderShipped(
        customer_id=placed.customer_id,
        order_id=placed.order_id,
        shipment_id=parcel.shipment_id,
        occurred_at=moved_at,
        carrier=parcel.announced.carrier if parcel.announced else None,
        promised_by=picture.promised.ends_at if picture.promised else None,
        lines=named(picture, parcel.carries),
        rest_follows=parcel.announced is not None and _rest_follows(picture),
        **tracking(parcel),
    )


def _rest_follows(picture: Picture) -> bool:
    """Something is in no parcel that has left; what cannot be sent is spoken of by its issue."""
    left = [parcel for parcel in picture.parcels.values() if parcel.moved_at]
    return not unsent(picture, left).keys() <= picture.unavailable.keys()


def delivered(picture: Picture, placed: OrderPlaced, delivered_at: datetime) -> orders.OrderDelivered:
    """The last piece arrived. Late by the promise that `delays.delivery_late` looks at."""
    promised_by = picture.binding.ends_at if picture.binding else None
    pieces = {line_id: line.quantity - picture.refunded.get(line_id, 0) for line_id, line in picture.lines.items()}
    kept = {line_id: quantity for line_id, quantity in pieces.items() if quantity > 0}
    return orders.OrderDelivered(
        customer_id=placed.customer_id,
        order_id=placed.order_id,
        occurred_at=delivered_at,
        promised_by=promised_by,
        late=promised_by is not None and delivered_at > promised_by,
        lines=named(picture, kept),
    )


def completed(placed: OrderPlaced, at: datetime) -> orders.OrderCompleted:
    """The return window is over."""
    return orders.OrderCompleted(customer_id=placed.customer_id, order_id=placed.order_id, occurred_at=at)


def refunded(picture: Picture, placed: OrderPlaced, refund: OrderRefunded) -> orders.OrderRefunded:
    """One per refund, in the order's currency."""
    return orders.OrderRefunded(
        customer_id=placed.customer_id,
        order_id=placed.order_id,
        refund_id=refund.refund_id,
        occurred_at=refund.occurred_at,
        currency=placed.currency,
        amount_minor=refund.amount_minor,
        lines=refund.lines,
        way=refund.way,
        expected_by=expected_by(picture, refund),
        named=named(picture, {line.line_id: line.quantity for line in refund.lines}),
    )


def cancelled(
    picture: Picture, placed: OrderPlaced, cancellation: OrderCancelled, at: datetime, policy: Policy
) -> orders.OrderCancelled:
    """Nothing more will be sent; by when what was paid is back, unless that is over `at` the telling."""
    owed = (wait for wait in waits_of(refunds_owed, picture, policy) if wait.subject == placed.order_id)
    return orders.OrderCancelled(
        customer_id=placed.customer_id,
        order_id=placed.order_id,
        occurred_at=cancellation.occurred_at,
        by=cancellation.by,
        reason=cancellation.reason,
        owed_minor=owed_minor(picture),
        currency=placed.currency,
        paid_minor=paid_minor(picture),
        refund_by=next((wait.due_at for wait in owed if wait.due_at > at), None),
        lines=named(picture, picture.undelivered),
    )
