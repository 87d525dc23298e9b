"""Every kind of mail in every language in a real browser: it fits, it can be read. Pictures in build/mails."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC

import pytest
import uvicorn
from fastapi import FastAPI

from contracts.vocabulary import Channel
from deploy.local.ports import free_port
from notifier.deliveries import Result
from notifier.letters import Letters
from notifier.look import Look
from notifier.mail import Answer
from notifier.people import zone_of
from notifier.preview_routes import preview
from notifier.samples import SHOWN, sample_message, sample_person, sample_ways
from notifier.shop import Shop
from notifier.words import words_of
from tests.browser import Tab, open_tab
from tests.notifier.correspondent import BERLIN
from tests.notifier.test_in_a_browser import FAINT
from tests.running import until
from tests.sources import ROOT

PICTURES = ROOT / "build" / "mails"
PHONE, DESKTOP = 360, 1280
SCHEMES = ("light", "dark")
IMPRINT = "Corner & Co · 12 Mill Lane, Bristol BS1 4AA · Company no. 01234567"
SHOP = Shop(name="Corner & Co", address="hello@shop.example", zone=zone_of(BERLIN) or UTC, look=Look(imprint=IMPRINT))
WORDS = words_of(SHOP)
IN_EVERY_LANGUAGE = ("issue_opened.delivery_late", "issue_opened.refund_overdue", "survey")
WIDE = "document.documentElement.scrollWidth"


@pytest.fixture(scope="module")
async def tab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tab]:
    async with open_tab(tmp_path_factory.mktemp("profile")) as opened:
        await opened.open("about:blank", width=PHONE, scheme="light")
        yield opened


def page(key: str, locale: str, **content: str) -> str:
    message = sample_message(key)
    message.content.update(content)
    composed = WORDS.compose(message, sample_person(locale), Channel.email, sample_ways(key))
    assert composed.locale == locale
    return composed.html or ""


async def wrong(tab: Tab) -> list[tuple[object, ...]]:
    """What is wrong at one of the widths or in one of the lights."""
    found: list[tuple[object, ...]] = []
    for width in (PHONE, DESKTOP):
        for scheme in SCHEMES:
            await tab.look(width=width, scheme=scheme)
            found += [(width, scheme, faint) for faint in await tab.run(FAINT)]
            if (wide := await tab.run(WIDE)) > width:
                found.append((width, wide))
    return found


@pytest.mark.parametrize("locale", WORDS.locales)
async def test_every_kind_fits_and_can_be_read_in_light_and_dark(tab: Tab, locale: str) -> None:
    found = {}
    for key in SHOWN:
        await tab.show(page(key, locale))
        found[key] = [*await wrong(tab), *await tab.violations()]
    assert {key: one for key, one in found.items() if one} == {}


@pytest.mark.parametrize("locale", WORDS.locales)
async def test_a_mail_program_that_drops_styles_shows_it_well(tab: Tab, locale: str) -> None:
    bare = re.sub(r"<style>.*?</style>", "", page("survey", locale), flags=re.DOTALL)
    await tab.show(bare)
    for width in (PHONE, DESKTOP):
        await tab.look(width=width, scheme="light")
        assert await tab.run(WIDE) <= width
        assert await tab.run(FAINT) == []
    assert await tab.run("getComputedStyle(document.querySelector('.action')).backgroundColor") == "rgb(31, 78, 140)"


async def test_a_title_without_spaces_does_not_push_the_mail_wider_than_a_phone(tab: Tab) -> None:
    await tab.show(page("issue_opened.item_missing", "en", title="W" * 120))
    assert await wrong(tab) == []


@pytest.fixture
async def preview_url() -> AsyncIterator[str]:
    """The page for staff, behind a real server."""
    app, port = FastAPI(), free_port()
    app.include_router(preview(Letters(SHOP, WORDS), nobody))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: asyncio.sleep(0, server.started), patience_s=10)
    yield f"http://127.0.0.1:{port}/preview"
    server.should_exit = True
    await serving


async def nobody(_: str, __: bytes) -> Answer:
    """No mail is sent from here."""
    return Answer(Result.refused)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
async def test_staff_sees_a_mail_on_telephone_and_desktop(tab: Tab, preview_url: str, width: int) -> None:
    for scheme in SCHEMES:
        await tab.open(f"{preview_url}?kind=issue_opened.lost&locale=de", width=width, scheme=scheme)
        await tab.picture(PICTURES / f"preview-{width}-{scheme}.png")
        assert await tab.run(WIDE) <= width
        assert await tab.run(FAINT) == []
        assert await tab.violations() == []
    await tab.open("about:blank", width=PHONE, scheme="light")  # where no page forbids the styles of mails


async def test_pictures_of_what_customers_read(tab: Tab) -> None:
    views = [(key, "en", PHONE, "light") for key in SHOWN]
    views += [(key, locale, PHONE, "dark") for key in IN_EVERY_LANGUAGE for locale in WORDS.locales]
    views += [(key, locale, DESKTOP, "light") for key in IN_EVERY_LANGUAGE for locale in WORDS.locales]
    for key, locale, width, scheme in views:
        await tab.show(page(key, locale))
        await tab.look(width=width, scheme=scheme)
        await tab.picture(PICTURES / f"{key}-{locale}-{width}-{scheme}.png")


async def test_what_cannot_be_read_would_be_found(tab: Tab) -> None:
    dark = "@media (prefers-color-scheme: dark) { p { color: #222 } body { background: #111 } }"
    head = f"<!doctype html><html lang=en><title>x</title><style>body {{ background: #fff; margin: 0 }} {dark}</style>"
    await tab.show(f"{head}<main><p>Hidden in the dark<img src=x></main>")
    assert {one[1] for one in await wrong(tab)} == {"dark"}
    assert "image-alt" in [name for name, _ in await tab.violations()]
    await tab.show(f"{head}<p style='width:400px'>too wide</p>")
    assert [one[0] for one in await wrong(tab) if len(one) == 2] == [PHONE, PHONE]
