"""One timeline per order, whatever arrives first, and every issue that it shows: also what did not happen.

Consumes: storefront.orders: OrderPlaced, OrderChanged, PromiseChanged, OrderPaid, PaymentFailed, LineUnavailable,
    LineAvailable, LineSubstituted, OrderCancelled, OrderRefunded, ReturnRequested, ReturnReceived;
    storefront.shipments: ShipmentCreated, ShipmentProgressed;
    storefront.customers: ContactReceived, CustomerErased
Publishes: orders: OrderConfirmed, OrderShipped, OrderDelivered, OrderCompleted, OrderCancelled, OrderRefunded,
    IssueOpened, IssueUpdated, IssueResolved, MilestoneReached, SegmentChanged, DelayAccepted, CancellationRequested
Owns: timelines, issues, patrons, journeys, forecasts, snapshots, disruptions, disruption_calls, tracking_claims,
    unmatched_trackings, unmatched_orders
"""
