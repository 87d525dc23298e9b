"""Structured logs: one JSON object a line, no personal data, no paths of requests (they may hold a link's token).

What an exception says may hold what a customer wrote, so it is left out: its kinds and places are told, PostgreSQL's
code, and the words only of errors whose words we know (our own, Kafka's, the operating system's).
"""

import logging
import sys
import time
import traceback
from collections.abc import Iterator

import structlog

from chassis.database import sqlstate_of

SELDOM_S = 10.0
"""The same kind of line of Kafka's client comes no more often."""


def configure(service: str, level: str) -> None:
    """Send our logs and those of the libraries to standard output as JSON."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_words,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.EventRenamer("message"),
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    handler.addFilter(_Seldom())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    structlog.contextvars.bind_contextvars(service=service)
    for noisy in ("aiokafka", "httpx", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _Seldom(logging.Filter):
    """While Kafka is away its client says so many times a second: each kind of line comes once in a while."""

    def __init__(self) -> None:
        super().__init__()
        self._said_at_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is said; `record.msg` is the line without what is filled in, of which there are few."""
        if not record.name.startswith("aiokafka"):
            return True
        kind, now_s = str(record.msg), time.monotonic()
        if now_s - self._said_at_s.get(kind, -SELDOM_S) < SELDOM_S:
            return False
        self._said_at_s[kind] = now_s
        return True


def _without_words(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Replace an exception by what may be told of it and of what caused it."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = [line for one in _causes(error) for line in (_told(one), *_places(one))]
    return event


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _told(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if kind.startswith(("chassis.", "aiokafka.")) or (kind.startswith("builtins.") and isinstance(error, OSError)):
        return f"{kind}: {error}"
    code = sqlstate_of(error)
    return f"{kind} ({code})" if code else kind


def _places(error: BaseException) -> Iterator[str]:
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
