"""The consume paths that are measured: whose, on which events, beside what."""

from benchmarks.consuming import Path
from benchmarks.measuring import Mode
from benchmarks.plan import SEED, Plan
from benchmarks.shoppers import order_facts
from benchmarks.storefronts import storefront_facts


def path_of(service: str, plan: Plan) -> Path:
    """By the service's package; `KeyError` for one that is not measured."""
    return {"loyalty": _loyalty, "orders_listener": _orders_listener}[service](plan)


def _orders_listener(plan: Plan) -> Path:
    """Facts of storefronts into timelines."""
    by_hand = "benchmarks.modes.orders_listener_by_hand"
    return Path(
        service="orders_listener",
        topic="storefront.orders",
        events=storefront_facts(SEED, plan.accounts),
        fast=(
            Mode(name="by hand", module=by_hand),
            Mode(name="by hand, abreast", module=by_hand, arguments=("abreast",)),
        ),
    )


def _loyalty(plan: Plan) -> Path:
    """Orders into points."""
    by_hand = "benchmarks.modes.loyalty_by_hand"
    return Path(
        service="loyalty",
        topic="orders",
        events=order_facts(SEED, plan.accounts),
        fast=(
            Mode(name="by hand", module=by_hand),
            Mode(name="by hand, abreast", module=by_hand, arguments=("abreast",)),
            Mode(name="FastStream batch", module="benchmarks.modes.loyalty_faststream_batch"),
        ),
        slow=(
            Mode(name="ORM per message", module="benchmarks.modes.loyalty_orm"),
            Mode(name="FastStream and ORM per message", module="benchmarks.modes.loyalty_faststream_orm"),
        ),
    )
