"""Where a notifier is struck: at points inside of it, and at what the mail server sees it do."""

INSIDE = (
    "taken",
    "begun",
    "report_before_commit",
    "report_committed",
    "after_poll",
    "inside_transaction",
    "before_database_commit",
    "after_database_commit",
    "relay_before_ack",
    "relay_after_ack",
)
"""Messages are in hand; they are begun with; a report is folded; it is committed; the others are every worker's."""
SEEN_BY_THE_SERVER = ("mail_begins", "inside_data", "before_250", "after_250")
"""After MAIL FROM; after DATA, before the mail is there; accepted and not yet said so; said so."""
POINTS = SEEN_BY_THE_SERVER + INSIDE
