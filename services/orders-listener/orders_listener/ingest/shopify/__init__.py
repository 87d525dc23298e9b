"""What Shopify's webhooks tell, said as storefront facts. Pure; made for API version 2025-01 and tolerant of others.

`topics` knows which module a topic concerns. Bodies of the REST shape; docs/ingest/shopify.md has the tables.
"""

from orders_listener.ingest.shopify.topics import heard

__all__ = ["heard"]
