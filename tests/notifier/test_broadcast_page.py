"""Staff's page of a broadcast, without a browser: what it says, who may press, and that it loads itself again."""

import httpx
import pytest

from chassis.runtime import Runtime
from notifier.app import application
from tests.conftest import RuntimeOf
from tests.notifier.test_broadcasts import STRIKE, WHERE, strike, told

PAGE = f"/broadcasts/{STRIKE}"


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    made = await runtime_of(application, CLOCK="simulated", NOTIFIER_SHOP_NAME="Corner & Co")
    await strike(made, 3)
    return made


async def test_who_looks_says_their_name_once_and_then_the_page_keeps_itself_fresh(client: httpx.AsyncClient) -> None:
    nameless = await client.get(PAGE)
    assert "refresh" not in nameless.headers  # somebody is about to write their name
    assert "Your name" in nameless.text
    named = await client.get(PAGE, params={"by": "eve"})
    assert named.headers["refresh"] == "2"
    assert "of 3 messages to 3 customers" in named.text
    assert "<progress" in named.text
    assert "<script" not in named.text
    listed = await client.get("/broadcasts", params={"by": "eve"})
    assert f'href="broadcasts/{STRIKE}?by=eve"' in listed.text


async def test_a_press_is_done_and_written_down(client: httpx.AsyncClient) -> None:
    pressed = await client.post(f"{PAGE}/stop?by=eve")
    assert (pressed.status_code, pressed.headers["location"]) == (303, f"../{STRIKE}?by=eve")
    page = (await client.get(PAGE, params={"by": "eve"})).text
    assert "Nothing of it leaves." in page
    assert ">Resume<" in page
    assert [(one["step"], one["actor"]) for one in (await told(client))["steps"]] == [("stop", "staff:eve")]
    await client.post(f"{PAGE}/resume?by=eve")
    assert (await told(client))["state"] == "going"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"{PAGE}/stop?by=eve", {"Sec-Fetch-Site": "cross-site"}, 403),
        (f"{PAGE}/stop?by=eve", {"Sec-Fetch-Site": "same-site"}, 403),
        (f"{PAGE}/stop", {}, 422), (f"{PAGE}/stop?by=e%0Av", {}, 422), (f"{PAGE}/pace?by=eve", {}, 422),
        (f"{PAGE}/burn?by=eve", {}, 422), ("/broadcasts/other/stop?by=eve", {}, 404),
    ],
)  # fmt: skip
async def test_nothing_is_pressed_by_accident_or_from_elsewhere(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], status: int
) -> None:
    assert (await client.post(path, headers=headers)).status_code == status
    assert (await client.get(WHERE)).json()["steps"] == []


async def test_what_nobody_heard_of_has_no_page_and_breaks_out_of_none(client: httpx.AsyncClient) -> None:
    answer = await client.get("/broadcasts/%3Cscript%3E", params={"by": '"><script>'})
    assert answer.status_code == 404
    assert "<script>" not in answer.text
    assert "<script>" not in (await client.get(PAGE, params={"by": '"><script>'})).text
