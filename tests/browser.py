"""A real browser for pages: Chromium, spoken to over a pipe in its own protocol. Only where one is installed."""

import asyncio
import base64
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE_S = 60
AXE = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
_VIOLATIONS = """
axe.run(document, {resultTypes: ['violations']})
  .then(found => found.violations.map(one => [one.id, one.nodes.map(node => node.html)]))
"""
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
)  # fmt: skip


class Browser:
    """Commands of the DevTools protocol and their answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: int) -> None:
        self._reader = reader
        self._writer = writer
        self._last = 0

    async def tell(self, method: str, session: str | None = None, **arguments: Any) -> dict[str, Any]:
        """One command; its answer, or an `AssertionError` with what the browser objects to."""
        self._last += 1
        said: dict[str, Any] = {"id": self._last, "method": method, "params": arguments}
        os.write(self._writer, json.dumps(said | ({"sessionId": session} if session else {})).encode() + b"\0")
        answer = await self._heard(lambda heard: heard.get("id") == self._last)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    async def wait(self, event: str) -> None:
        """Until the browser says that this has happened."""
        await self._heard(lambda heard: heard.get("method") == event)

    async def _heard(self, wanted: Any) -> dict[str, Any]:
        while True:
            async with asyncio.timeout(PATIENCE_S):
                heard: dict[str, Any] = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            if wanted(heard):
                return heard


class Tab:
    """One page of the browser, as wide and as bright as its reader has it."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    async def open(self, url: str, *, width: int, scheme: str) -> None:
        """Go there with a screen of that many pixels, in light or dark."""
        await self.look(width=width, scheme=scheme)
        await self._tell("Page.enable")
        await self._tell("Page.navigate", url=url)
        await self._browser.wait("Page.loadEventFired")

    async def look(self, *, width: int, scheme: str) -> None:
        """At what is there, with another screen."""
        phone = {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": width < 600}
        await self._tell("Emulation.setDeviceMetricsOverride", **phone)
        preference = {"name": "prefers-color-scheme", "value": scheme}
        await self._tell("Emulation.setEmulatedMedia", features=[preference])

    async def show(self, html: str) -> None:
        """These very words instead of a page from somewhere."""
        tree = await self._tell("Page.getFrameTree")
        await self._tell("Page.setDocumentContent", frameId=tree["frameTree"]["frame"]["id"], html=html)

    async def run(self, script: str) -> Any:
        """The value of an expression on the page (its own rules against scripts do not hold for us)."""
        answer = await self._tell("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def press(self, script: str) -> None:
        """Run what leads to another page, and wait for that."""
        await self.run(script)
        await self._browser.wait("Page.loadEventFired")

    async def picture(self, file: Path) -> None:
        """The whole page as PNG."""
        shot = await self._tell("Page.captureScreenshot", captureBeyondViewport=True)
        _write(file, base64.b64decode(shot["data"]))

    async def violations(self) -> list[Any]:
        """What axe finds wrong with the page (WCAG 2.2 A and AA, and good practice), with the elements."""
        if not await self.run("typeof axe === 'object'"):
            await self.run(f"{AXE}; undefined")
        found: list[Any] = await self.run(_VIOLATIONS)
        return found

    async def _tell(self, method: str, **arguments: Any) -> dict[str, Any]:
        return await self._browser.tell(method, self._session, **arguments)


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


@asynccontextmanager
async def open_tab(folder: Path) -> AsyncIterator[Tab]:
    """A tab of a browser of its own, whose profile lies in `folder`; it ends with the block."""
    to_browser, our_writer = os.pipe()
    our_reader, from_browser = os.pipe()
    # the browser reads from 3 and writes to 4
    script = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", script, "bash", str(PROGRAM), *_OPTIONS, f"--user-data-dir={folder}", "about:blank",
        pass_fds=(to_browser, from_browser), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(to_browser)
    os.close(from_browser)
    reader = asyncio.StreamReader(limit=2**26)
    pipe = os.fdopen(our_reader, "rb")
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    browser = Browser(reader, our_writer)
    try:
        target = await browser.tell("Target.createTarget", url="about:blank")
        attached = await browser.tell("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        yield Tab(browser, attached["sessionId"])
        await browser.tell("Browser.close")
    finally:
        transport.close()
        os.close(our_writer)
        if process.returncode is None:
            await asyncio.wait_for(process.wait(), PATIENCE_S)
