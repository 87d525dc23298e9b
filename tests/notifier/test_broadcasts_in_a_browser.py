"""Staff's page of a broadcast in a real browser: it fits, is legible, keeps itself fresh, and its button works.

Collected only where a browser is installed. Pictures for people lie in `build/pages` afterwards.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from sqlalchemy import text

from chassis.runtime import Runtime
from chassis.web import create_app
from deploy.local.ports import free_port
from notifier.app import application
from tests.browser import Tab, open_tab
from tests.conftest import RuntimeOf, key_of, runtime_applications
from tests.notifier.test_broadcasts import STRIKE, of, strike, told_to_many
from tests.notifier.test_in_a_browser import FAINT, PICTURES, SCREENS, SMALL
from tests.running import until


@pytest.fixture(scope="module")
async def tab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tab]:
    async with open_tab(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    made = await runtime_of(application, CLOCK="simulated", NOTIFIER_SHOP_NAME="Corner & Co")
    await strike(made, 24)
    await made.fold([of(told_to_many(10.5), "nobody")])
    async with made.transaction() as tx:
        await tx.execute(text("update messages set state = 'sent' where customer_id < 'c0009'"))
        await tx.execute(text("insert into broadcast_minutes values (:id, 'email', now(), 9)"), {"id": STRIKE})
    return made


@pytest.fixture
async def url(runtime: Runtime) -> AsyncIterator[str]:
    """The page, behind a real server."""
    app, port = create_app(runtime_applications[id(runtime)], runtime), free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until(started)
    key = await key_of(runtime)  # as if staff had typed it where the browser asks
    yield f"http://eve:{key.written()}@127.0.0.1:{port}/broadcasts/{STRIKE}?by=eve"
    server.should_exit = True
    await serving


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
async def test_it_fits_and_is_legible(tab: Tab, url: str, width: int, scheme: str) -> None:
    await tab.open(url, width=width, scheme=scheme)
    await tab.picture(PICTURES / f"broadcast-{width}-{scheme}.png")
    assert await tab.run("document.documentElement.scrollWidth") <= width
    assert await tab.run(FAINT) == []
    assert await tab.run(SMALL) == []


async def test_the_button_stops_it_and_the_page_shows_what_others_do(tab: Tab, url: str, runtime: Runtime) -> None:
    await tab.open(url, width=1_280, scheme="light")
    await tab.press("document.querySelector('button').click()")
    assert "Stopped since" in await tab.run("document.querySelector('[role=status]').textContent")
    await tab.picture(PICTURES / "broadcast-stopped.png")
    async with runtime.transaction() as tx:
        await tx.execute(text("update broadcasts set stopped_at = null"))

    async def goes_on() -> bool:
        return "Going" in str(await tab.run("(document.querySelector('[role=status]') || {}).textContent"))

    await until(goes_on, patience_s=10)  # nobody pressed anything: the page loads itself again
