"""The only voice to the customer, and the only keeper of who customers are and how they are reached.

Consumes: storefront.customers: CustomerUpdated, ConsentChanged, CustomerErased; orders: OrderConfirmed, OrderShipped,
    OrderDelivered, OrderCancelled, IssueOpened, IssueUpdated, IssueResolved; feedback: SurveyDue;
    loyalty: PointsEarned, PointsVested, GoodwillGranted, TierReached, TierLost
Publishes: notifications: MessageSent, MessageHeld, MessageSuppressed, MessageFailed, MessageBounced,
    TellingFailed, PreferenceChanged
Owns: people, circumstances, messages, told_before, kept_withdrawals, suppressions, soft_bounces, mailed, answers,
    keys.people, keys.days
"""
