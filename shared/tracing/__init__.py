"""Spans, and the way in which they leave a process: OTLP over HTTP, in JSON, without any library.

Knows the contracts only, so that a storefront's backend and the services share it. Nothing here is reached while
`OTEL_EXPORTER_OTLP_ENDPOINT` is not set. No span holds anything of a person.
"""

from tracing.exporter import Traces
from tracing.spans import Kind, Span

__all__ = ["Kind", "Span", "Traces"]
