"""The written policy `negative_balance`: what happens when points are taken back that were already spent.

Allowed. The whole claw-back is posted, the available balance goes below zero, and the next points pay it off; until
then nothing can be spent. Nobody is asked for money, and no order is refused. The alternative, to forgive what is
missing, would let anybody turn refunds into points (buy, spend the points, give the goods back).
"""

from loyalty.accounts import Account
from loyalty.journal import Journal


def review(journal: Journal, before: Account) -> None:
    """Say when a member falls into debt and when it is paid off."""
    in_debt, was_in_debt = journal.account.available_points < 0, before.available_points < 0
    if in_debt == was_in_debt:
        return
    outcome, reason = ("allowed", "spent_before_taken_back") if in_debt else ("settled", "paid_off_by_points")
    journal.decide(
        before.customer_id, "negative_balance", outcome, reason, available_points=journal.account.available_points
    )
