"""What analysts get of this service's tables: what was said, held or left unsaid, and when. No name, no address."""

EXPORT = {
    "messages": (
        "message_id customer_id kind subject state reason order_id issue_id invitation_id intended_at expires_at"
        " told_by held_until ready_at sent_at attempts deferrals priority channel provider inside broadcast_id"
    ),
    "tellings": "issue_id customer_id order_id kind happened_at promised_by told_at",
    "contacts": "customer_id contact_id order_id occurred_at topic",
    "broadcasts": "broadcast_id heard_at per_second stopped_at",
    "broadcast_minutes": "broadcast_id channel minute told",
}
LEFT_OUT = {
    "people": "names and addresses",
    "circumstances": "what the other tables say, as one document for each customer",
    "suppressions": "addresses, hashed",
    "soft_bounces": "addresses, hashed",
    "mailed": "addresses, hashed",
    "answers": "what people wrote about",
    "kept_withdrawals": "work that is under way",
    "told_before": "work that is under way",
    "providers": "how it is now",
    "broadcast_steps": "names of staff",
    "wishes": "work that is under way",
    "webhooks": "secrets",
    "webhook_deliveries": "work that is under way",
}
"""Tables that are not exported, and why; of those that are, columns that are not named."""
