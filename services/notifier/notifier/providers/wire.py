"""What happened on the wire while somebody else's code spoke HTTP and says only yes or no.

The library `requests` is watched at the one place where it sends; what was seen belongs to whoever asked to watch, in
its own context and in threads that inherit it. Without that, a refused connection and an answer that never came would
look the same, and one of them must not be tried again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError


class Seen:
    """The last exchange: its status, or the error that ended it."""

    def __init__(self) -> None:
        self.asked = False
        self.status: int | None = None
        self.error: Exception | None = None

    @property
    def never_connected(self) -> bool:
        """Certainly nothing was handed over."""
        reason = getattr(self.error and self.error.args and self.error.args[0], "reason", None)
        refused = isinstance(reason, NewConnectionError | NameResolutionError | ConnectTimeoutError)
        return refused or isinstance(self.error, requests.ConnectTimeout)


_watching: ContextVar[Seen | None] = ContextVar("watching", default=None)


@contextmanager
def watched() -> Iterator[Seen]:
    """Everything that `requests` sends inside of the block is seen."""
    _watch_requests()
    seen = Seen()
    token = _watching.set(seen)
    try:
        yield seen
    finally:
        _watching.reset(token)


@cache
def _watch_requests() -> None:
    """Once for the process; who does not watch sees no difference."""
    sends = HTTPAdapter.send

    def send(self: HTTPAdapter, *given: Any, **options: Any) -> requests.Response:
        seen = _watching.get()
        if seen is None:
            return sends(self, *given, **options)
        seen.asked, seen.status, seen.error = True, None, None
        try:
            response = sends(self, *given, **options)
        except Exception as error:
            seen.error = error
            raise
        seen.status = response.status_code
        return response

    HTTPAdapter.send = send  # type: ignore[method-assign]  # plugins give no other way to look on
