"""What analysts get of this service's tables: scores, cohorts, cases. What people wrote stays."""

EXPORT = {
    "invitations": (
        "invitation_id customer_id order_id state reason cohort planned_at look_at decided_at asked_at expires_at"
        " sent_at answered_at"
    ),
    "responses": "invitation_id customer_id order_id score cohort answered_at",
    "cases": "case_id customer_id order_id cause state opened_at due_at escalated_at resolved_at",
    "writings": "contact_id customer_id case_id in_reply_to occurred_at topic by_addressee",
}
LEFT_OUT = {"experiences": "what the other tables say, as one document for each customer"}
"""Tables that are not exported, and why; of those that are, columns that are not named."""
