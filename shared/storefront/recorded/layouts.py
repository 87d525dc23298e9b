"""Which reader a recording needs: a folder with orders.csv is Olist's, a file is an export of Shopify's admin."""

from pathlib import Path

from storefront.recorded import olist, shopify
from storefront.recorded.orders import Recording
from storefront.recorded.tables import UnreadableRows


def recording_of(place: Path) -> Recording:
    """All of it, read and checked; nothing is said. Raises `UnreadableRows` naming every bad row it found."""
    if (place / "orders.csv").is_file():
        return olist.recording(place)
    files = [place] if place.is_file() else sorted(place.glob("*.csv"))
    if not files:
        raise UnreadableRows([f"{place}: neither a folder with orders.csv (Olist) nor an order export (Shopify)"])
    return shopify.recording(files)
