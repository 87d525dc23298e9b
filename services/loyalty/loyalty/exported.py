"""What analysts get of this service's tables: the ledger and what stands on it."""

EXPORT = {
    "accounts": "customer_id available_points pending_points qualifying_points tier postings erased_at",
    "postings": "customer_id number kind source destination points reference order_id cause_id at",
    "goodwill": "customer_id goodwill_id points reason order_id issue_id request_id at",
    "redemptions": "customer_id redemption_id points available_points redeemed_at",
}
LEFT_OUT = {"order_points": "says in another form what the postings say"}
"""Tables that are not exported, and why."""
