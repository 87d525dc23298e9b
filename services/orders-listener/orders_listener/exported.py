"""What analysts get of this service's tables: ids, codes, times and numbers. Histories and parcels' numbers stay."""

EXPORT = {
    "timelines": "order_id customer_id status began_at placed_at promised_until delivered_at traits",
    "issues": "issue_id order_id customer_id kind state severity opened_at resolved_at",
    "patrons": "customer_id first_contact_id first_contact_at erased_at relationship",
    "journeys": (
        "order_id plan country region known_on ship_by_on promised_on moved_on moved_known_on ended_on delivered"
    ),
    "forecasts": ("order_id ends_at stage at forecast_on promised_on raw_milli late_milli bar_milli snapshot"),
    "snapshots": "day document",
    "disruptions": "disruption_id declared_at over_at",
}
LEFT_OUT = {
    "disruption_calls": "work that is under way",
    "tracking_claims": "numbers of parcels lead to people",
    "unmatched_trackings": "numbers of parcels lead to people",
    "unmatched_orders": "work that is under way",
}
"""Tables that are not exported, and why; of those that are, columns that are not named."""
