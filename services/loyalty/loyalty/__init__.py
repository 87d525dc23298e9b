"""Points that follow the money: earned by what was paid, taken back with what is refunded, given for broken promises.

Consumes: orders: OrderConfirmed, OrderCompleted, OrderCancelled, OrderRefunded, OrderDelivered, IssueOpened;
    feedback: GoodwillRequested; storefront.customers: CustomerErased
Publishes: loyalty: PointsEarned, PointsVested, PointsClawedBack, PointsSpent, GoodwillGranted, GoodwillRefused,
    TierReached, TierLost
Owns: accounts, order_points, postings, goodwill, redemptions
"""
