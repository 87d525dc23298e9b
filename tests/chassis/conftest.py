"""Logs of the tests: one plain line each; the default would draw the locals of every expected failure."""

import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.PrintLoggerFactory(),
    )


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """A command that a test runs in this process tells logs where to go; the next test is not to go there."""
    before, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
