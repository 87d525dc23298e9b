"""Access over HTTP, at all four services: made from what they say of themselves, so that a new route is covered."""
