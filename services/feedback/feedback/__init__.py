"""Asks how it went at the right moment, keeps the answers, and has somebody care for who is unhappy.

Consumes: orders: OrderConfirmed, OrderDelivered, OrderCancelled, OrderRefunded, IssueOpened, IssueResolved;
    storefront.customers: ContactReceived, CustomerErased; loyalty: GoodwillGranted, GoodwillRefused;
    notifications: MessageSent, TellingFailed
Publishes: feedback: SurveyDue, ResponseReceived, CaseOpened, CaseEscalated, CaseResolved, GoodwillRequested
Owns: experiences, invitations, responses, cases, writings
"""
