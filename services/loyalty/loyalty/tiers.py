"""Rules: a member's tier follows the qualifying points, up and down; for their lifetime, for now.

The thresholds are the programme's. An erased customer's tier no longer moves.
"""

from contracts.loyalty import TierLost, TierReached
from loyalty.accounts import Account
from loyalty.journal import Journal
from loyalty.programme import Programme, Tier


def tier_at(programme: Programme, qualifying_points: int) -> Tier:
    """The highest tier whose threshold is reached; the first one below all of them."""
    reached = [tier for tier in programme.tiers if tier.from_points <= qualifying_points]
    return reached[-1] if reached else programme.tiers[0]


def tier_of(programme: Programme, account: Account) -> Tier:
    """Where a member stands; the first tier for somebody new, or whose tier the programme no longer has."""
    return next((tier for tier in programme.tiers if tier.name == account.tier), programme.tiers[0])


def tier_after(programme: Programme, tier: Tier) -> Tier | None:
    """The next one up, if there is one."""
    return next((higher for higher in programme.tiers if higher.from_points > tier.from_points), None)


def review(journal: Journal, before: Account) -> None:
    """Move the member to the tier of its points, when those have changed."""
    account = journal.account
    if account.qualifying_points == before.qualifying_points or account.erased_at is not None:
        return
    old, new = tier_of(journal.programme, account), tier_at(journal.programme, account.qualifying_points)
    if new == old:
        return
    journal.change(tier=new.name)
    up = new.from_points > old.from_points
    said = TierReached if up else TierLost
    journal.say(said(customer_id=account.customer_id, occurred_at=journal.at, tier=new.name, previous=old.name))
    journal.decide(
        account.customer_id, "tier", "reached" if up else "lost", new.name,
        previous=old.name, qualifying_points=account.qualifying_points,
    )  # fmt: skip
