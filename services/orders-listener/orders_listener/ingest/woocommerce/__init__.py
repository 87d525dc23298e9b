"""WooCommerce: what its webhooks tell. Pure mapping; docs/ingest/woocommerce.md has the tables."""

from orders_listener.ingest.woocommerce.topics import heard

__all__ = ["heard"]
