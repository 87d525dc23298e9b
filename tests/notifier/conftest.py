"""What sends in a test, and where it arrives. Each module says by itself which `runtime` that is."""

from collections.abc import AsyncIterator, Iterator

import pytest

from chassis.runtime import Runtime
from notifier.sender import Sender
from notifier.settings import NotifierSettings
from tests.notifier.postbox import Postbox, open_postbox


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    """A mail server of the test's own."""
    with open_postbox() as opened_postbox:
        yield opened_postbox


@pytest.fixture
async def sender(runtime: Runtime) -> AsyncIterator[Sender]:
    """Sends what is ready when it is told to."""
    assert isinstance(runtime.settings, NotifierSettings)
    made = Sender(runtime, runtime.settings)
    yield made
    await made.close()
