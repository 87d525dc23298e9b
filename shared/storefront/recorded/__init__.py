"""Orders that somebody recorded, as the facts a storefront would have said at the time. Pure: files in, facts out."""

from storefront.recorded.layouts import recording_of
from storefront.recorded.orders import RecordedOrder, Recording
from storefront.recorded.tables import UnreadableRows
from storefront.recorded.telling import told

__all__ = ["RecordedOrder", "Recording", "UnreadableRows", "recording_of", "told"]
