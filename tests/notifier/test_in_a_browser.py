"""The customer's page in a real browser: on a phone and a desk, by day and by night, in every language.

Collected only where a browser is installed (`tests/conftest.py`). Pictures for people lie in `build/pages` afterwards.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn

from chassis.runtime import Runtime
from chassis.web import create_app
from deploy.local.ports import free_port
from notifier.app import application
from notifier.preferences import LANGUAGES
from tests.browser import Tab, open_tab
from tests.conftest import RuntimeOf, runtime_applications
from tests.notifier.correspondent import ADA, hour, known
from tests.notifier.persons import CARRIERS, EVERYWHERE, change
from tests.running import until
from tests.sources import ROOT

PICTURES = ROOT / "build" / "pages"
SCREENS = [(360, "light"), (360, "dark"), (1_280, "light"), (1_280, "dark")]

FAINT = """
(() => {
  const light = colour => {
    const parts = colour.match(/[0-9.]+/g).slice(0, 3).map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (!/rgba\\(.*, 0\\)|transparent/.test(colour)) return colour;
    }
  };
  const written = [...document.querySelectorAll('body *')].filter(element =>
    ['INPUT', 'SELECT'].includes(element.tagName) ||
    [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
  return written.map(element => {
    const [one, other] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    return [(one + 0.05) / (other + 0.05), element.outerHTML.slice(0, 80)];
  }).filter(([ratio]) => ratio < 4.5);
})()
"""
"""Texts of less contrast than WCAG 2.2 asks for (1.4.3, level AA), by its formula."""
SMALL = """
[...document.querySelectorAll('input, select, button')]
  .map(element => [element.getBoundingClientRect(), element.name])
  .filter(([box]) => box.width < 24 || box.height < 24).map(([box, name]) => [name, box.width, box.height])
"""
"""What a finger misses (WCAG 2.2, 2.5.8, level AA)."""
UNNAMED = """
[...document.querySelectorAll('input, select')].filter(element => !element.labels.length).map(element => element.name)
"""


@pytest.fixture(scope="module")
async def tab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tab]:
    async with open_tab(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, tmp_path: Path) -> Runtime:
    (tmp_path / "providers.yaml").write_text(CARRIERS)
    files = {"NOTIFIER_PROVIDERS_FILE": str(tmp_path / "providers.yaml")}
    made = await runtime_of(application, **files, NOTIFIER_SHOP_NAME="Corner & Co")
    await made.fold([known()], until=hour(1))
    return made


@pytest.fixture
async def url(runtime: Runtime) -> AsyncIterator[str]:
    """The page, behind a real server."""
    app, port = create_app(runtime_applications[id(runtime)], runtime), free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: asyncio.sleep(0, server.started), patience_s=10)
    far = hour(1_000_000)
    token = runtime.links.mint(purpose="preferences", subject="loyalty:m1", customer_id=ADA, expires_at=far)
    yield f"http://127.0.0.1:{port}/preferences/{token}"
    server.should_exit = True
    await serving


async def speak(runtime: Runtime, language: str) -> None:
    await change(runtime, locale=language)


async def check(tab: Tab, width: int, picture: Path) -> None:
    await tab.picture(picture)
    assert await tab.run("document.documentElement.scrollWidth") <= width
    assert await tab.run(FAINT) == []
    assert await tab.run(SMALL) == []
    assert await tab.run(UNNAMED) == []


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
async def test_the_page_fits_and_can_be_read(tab: Tab, url: str, width: int, scheme: str) -> None:
    await tab.open(url, width=width, scheme=scheme)
    await check(tab, width, PICTURES / f"preferences-{width}-{scheme}.png")


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
async def test_words_in_the_place_of_a_page_can_be_read(tab: Tab, url: str, width: int, scheme: str) -> None:
    cut_off = url[: url.index("preferences/") + len("preferences/")]
    await tab.open(cut_off, width=width, scheme=scheme)
    assert await tab.run("document.querySelector('h1').textContent") == "This link does not work"
    assert await tab.violations() == []
    await check(tab, width, PICTURES / f"cut-off-{width}-{scheme}.png")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_no_language_is_too_long_for_a_phone(tab: Tab, runtime: Runtime, url: str, language: str) -> None:
    await speak(runtime, language)
    await tab.open(url, width=320, scheme="light")
    assert await tab.run("document.documentElement.lang") == language
    await check(tab, 320, PICTURES / f"preferences-320-{language}.png")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_several_channels_fit_a_phone(tab: Tab, runtime: Runtime, url: str, language: str) -> None:
    await change(runtime, locale=language, addresses=EVERYWHERE)
    await tab.open(url, width=320, scheme="light")
    await check(tab, 320, PICTURES / f"preferences-320-{language}-channels.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_channel_is_chosen_with_clicks_alone(tab: Tab, runtime: Runtime, url: str, scheme: str) -> None:
    await change(runtime, addresses=EVERYWHERE)
    await tab.open(url, width=360, scheme=scheme)
    choose = "document.getElementById('channel-sms').click(); document.querySelector('[name=sms-survey]').click();"
    await tab.press(f"{choose} document.querySelector('button').click()")
    assert await tab.run("document.querySelector('[name=channel]:checked').value") == "sms"
    assert await tab.run("document.querySelector('[name=sms-survey]').checked") is True
    assert await tab.run("document.querySelector('[name=chat-service]').checked") is True
    await check(tab, 360, PICTURES / f"preferences-360-{scheme}-channels.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_what_is_wrong_can_be_read_and_is_said_to_belong_to_its_field(tab: Tab, url: str, scheme: str) -> None:
    await tab.open(url, width=360, scheme=scheme)
    await tab.press("quiet_begins.value = '21:00'; document.querySelector('button').click()")
    assert await tab.run("document.querySelector('[role=alert]').textContent.length") > 0
    marked = "[...document.querySelectorAll('[aria-invalid]')].map(field => field.name)"
    assert await tab.run(marked) == ["quiet_begins", "quiet_ends"]
    assert await tab.run("document.getElementById('quiet-problem').textContent.includes('21:30')")
    await check(tab, 360, PICTURES / f"preferences-360-{scheme}-wrong.png")


async def test_a_choice_is_made_with_clicks_alone(tab: Tab, url: str) -> None:
    await tab.open(url, width=360, scheme="light")
    choose = "document.querySelector('[name=email-survey]').click(); pause.value = '14'; language.value = 'de';"
    await tab.press(f"{choose} document.querySelector('button').click()")
    assert await tab.run("document.querySelector('[role=status]').textContent") == "Gespeichert."
    assert await tab.run("document.querySelector('[name=email-survey]').checked") is False
    assert await tab.run("pause.value") == "keep"
    await check(tab, 360, PICTURES / "preferences-360-light-saved.png")
