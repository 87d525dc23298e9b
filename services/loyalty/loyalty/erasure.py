"""Rules: somebody who asked to be forgotten gets nothing new. The ledger keeps its numbers; it knows no names."""

from contracts.storefront import CustomerErased
from loyalty.journal import Journal, KnownAlready


def on_customer_erased(journal: Journal, fact: CustomerErased) -> None:
    """From now on nothing is earned, given or spent; what is under way for earlier orders is booked to its end."""
    if journal.account.erased_at is not None:
        raise KnownAlready
    journal.change(erased_at=fact.occurred_at)
    journal.decide(fact.customer_id, "erasure", "erased", "customer_asked")
