"""A headless Chromium, spoken to through its DevTools: what a page asks, says and looks like."""

from __future__ import annotations

import asyncio
import base64
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    " --disable-background-networking --disable-component-update --remote-debugging-port=0"
)


@dataclass
class Seen:
    """What happened while a page was open."""

    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    paper: bytes = b""
    facts: dict[str, Any] = field(default_factory=dict)


def look(page: Path, folder: Path, width: int = 1200, ask: dict[str, str] | None = None) -> Seen:
    """Open a file in both themes and on paper. `ask`: expressions by name, for `facts`."""
    return asyncio.run(_look(page, folder, width, ask or {}))


async def _look(page: Path, folder: Path, width: int, ask: dict[str, str]) -> Seen:
    seen = Seen()
    async with _browser(folder) as tab:
        tab.seen = seen
        for domain in ("Network", "Log", "Runtime", "Page"):
            await tab.call(f"{domain}.enable")
        for theme in ("light", "dark"):
            await _open(tab, page, theme, width)
            seen.pictures[theme] = await _picture(tab)
            for name, expression in ask.items():
                seen.facts[f"{name} {theme}"] = await tab.value(expression)
        seen.paper = base64.b64decode(
            (await tab.call("Page.printToPDF", preferCSSPageSize=True))["data"]
        )
        await asyncio.sleep(0.5)  # what a page would ask late
    return seen


async def _open(tab: Tab, page: Path, theme: str, width: int) -> None:
    features = [{"name": "prefers-color-scheme", "value": theme}]
    await tab.call("Emulation.setEmulatedMedia", features=features)
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    await tab.call("Emulation.setDeviceMetricsOverride", **size)
    tab.loaded.clear()
    await tab.call("Page.navigate", url=page.as_uri())
    await asyncio.wait_for(tab.loaded.wait(), 60)


async def _picture(tab: Tab) -> bytes:
    shot = await tab.call(
        "Page.captureScreenshot", captureBeyondViewport=True, clip=await _all(tab)
    )
    return base64.b64decode(shot["data"])


async def _all(tab: Tab) -> dict[str, Any]:
    size = (await tab.call("Page.getLayoutMetrics"))["cssContentSize"]
    return {**size, "x": 0, "y": 0, "scale": 1}


class Tab:
    """One page of the browser: commands go out, events come in."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._number = socket, 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.seen, self.loaded = Seen(), asyncio.Event()

    async def call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        return await asyncio.wait_for(answer, 60)

    async def value(self, expression: str) -> Any:
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def listen(self) -> None:
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said.get("result", said))
            else:
                self._note(said["method"], said["params"])

    def _note(self, method: str, said: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self.loaded.set()
        elif method == "Network.requestWillBeSent":
            self.seen.requests.append(said["request"]["url"])
        elif method == "Log.entryAdded":
            self.seen.messages.append(said["entry"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.seen.messages.append(str(said["args"]))
        elif method == "Runtime.exceptionThrown":
            self.seen.messages.append(str(said["exceptionDetails"]))


@asynccontextmanager
async def _browser(folder: Path) -> AsyncIterator[Tab]:
    assert CHROMIUM
    command = [CHROMIUM, *_QUIET.split(), f"--user-data-dir={folder}", "about:blank"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet) as process:
        try:
            port = await _port(folder / "DevToolsActivePort")
            async with aiohttp.ClientSession() as http:
                async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    pages = [one for one in await answer.json() if one["type"] == "page"]
                address = pages[0]["webSocketDebuggerUrl"]
                async with http.ws_connect(address, max_msg_size=0) as socket:
                    tab = Tab(socket)
                    listening = asyncio.create_task(tab.listen())
                    yield tab
                    listening.cancel()
        finally:
            process.terminate()


async def _port(file: Path) -> int:
    end = time.monotonic() + 60
    while not file.exists() or "\n" not in file.read_text():
        assert time.monotonic() < end, "Chromium did not start"
        await asyncio.sleep(0.05)
    return int(file.read_text().splitlines()[0])
