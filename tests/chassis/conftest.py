"""Logs of the tests: one plain line each; the default would draw the locals of every expected failure."""

import pytest
import structlog


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.PrintLoggerFactory(),
    )
