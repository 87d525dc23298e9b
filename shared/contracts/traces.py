"""One trace from what a storefront says to the mail: W3C trace context whose every id is derived. Pure.

Nothing has to be remembered between processes: whoever knows an event's id knows the span that said it, and whoever
knows an item's id and who folded it knows that step's span. Rows and headers are the same whether traces are looked
at or not. Travels as CloudEvents' distributed tracing extension, the header `ce_traceparent`.
"""

import re
from hashlib import blake2b
from typing import NamedTuple

_HEXADECIMAL = re.compile(r"[0-9a-f]+")


class Place(NamedTuple):
    """Where something stands in a trace."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str | None
    """16 of the span that it follows from; None at the beginning of a trace."""
    sampled: bool


def continued_trace(traceparent: str | None, correlation_id: str, identity: str) -> str:
    """The same trace, a new span that follows from the event's id.

    An event that came without a trace starts one, named after its correlation.
    """
    parts = (traceparent or "").split("-")
    known = len(parts) == 4 and len(parts[1]) == 32 and len(parts[3]) == 2
    trace_id = parts[1] if known else blake2b(correlation_id.encode(), digest_size=16).hexdigest()
    flags = parts[3] if known else "01"
    return f"00-{trace_id}-{span_of(identity)}-{flags}"


def place_of(traceparent: str | None, correlation_id: str) -> Place:
    """Where an item stands; one without a trace begins the trace that `continued_trace` would begin.

    A trace whose name is not hexadecimal goes on in what is said, and nobody looks at it.
    """
    _, trace_id, _, flags = continued_trace(traceparent, correlation_id, correlation_id).split("-")
    sampled = _HEXADECIMAL.fullmatch(trace_id + flags) is not None and bool(int(flags, 16) & 1)
    came = (traceparent or "").split("-")
    known = len(came) == 4 and came[1] == trace_id and len(came[2]) == 16 and _HEXADECIMAL.fullmatch(came[2])
    return Place(trace_id, came[2] if known else None, sampled)


def span_of(identity: str) -> str:
    """The span named by something's id: saying an event, handing over a message."""
    return blake2b(identity.encode(), digest_size=8).hexdigest()


def step_of(source: str, item_id: str) -> str:
    """The span of folding an item: `source` is the CloudEvents source of who folds it."""
    return span_of(f"{source}|{item_id}")


def stepped(traceparent: str | None, correlation_id: str, source: str, item_id: str) -> str:
    """The trace of an item as it goes on below the step that folds it."""
    return continued_trace(traceparent, correlation_id, f"{source}|{item_id}")
