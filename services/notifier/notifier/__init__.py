"""The only voice to the customer, and the only keeper of who customers are and how they are reached.

Of who was erased over HTTP it says so as storefronts do, on storefront.customers: every service hears it.

Consumes: storefront.customers: CustomerUpdated, ConsentChanged, ContactReceived, CustomerErased;
    orders: OrderConfirmed, OrderShipped, OrderDelivered, OrderCancelled, OrderRefunded, IssueOpened,
    IssueUpdated, IssueResolved, MilestoneReached; feedback: SurveyDue;
    loyalty: PointsEarned, PointsVested, GoodwillGranted, TierReached, TierLost
Publishes: notifications: MessageSent, MessageHeld, MessageSuppressed, MessageFailed, MessageBounced,
    TellingFailed, PreferenceChanged
Owns: people, circumstances, messages, told_before, kept_withdrawals, providers, suppressions, soft_bounces, mailed,
    answers, keys.people, keys.days, tellings, contacts, wishes, broadcasts, broadcast_steps, broadcast_minutes,
    webhooks, webhook_deliveries
"""
