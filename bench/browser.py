"""A real Chromium: the page's, and a listener of our own that notes what came when."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from livekit import api
from playwright.async_api import Page, async_playwright
from playwright.sync_api import Browser, sync_playwright

from bench.calibration import ONSET
from bench.eyes import MOUTH_SCRIPT
from bench.livekit import ROOT, LiveKitServer
from bench.report import Missing

FLAGS: Final = (
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)


def find_chromium() -> str:
    """Path. Raises Missing where there is none."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if chromium is None:
        raise Missing("there is no Chromium on this machine: install it")
    return chromium


Reading = Literal["marks", "mouth", "none"]
"""What to look at in each picture: the calibration's marks, or how dark the mouth is."""


@dataclass
class Noted:
    """What a listener in the browser noted; see ``listener.js`` for the rows."""

    pictures: list[tuple[float, int, Any, int]] = field(default_factory=list)
    """(ms at which it was to be displayed, presented so far, marks' bits or mouth, width)."""
    onsets: list[float] = field(default_factory=list)
    """Clicks, in ms at which the output took them."""
    loudness: list[tuple[float, float]] = field(default_factory=list)
    """(ms at which the output took it, RMS of 10 ms)."""
    stats: list[dict[str, Any]] = field(default_factory=list)
    """Each second ``{"now": ms, "audio": inbound-rtp, "video": inbound-rtp,
    "playout": media-playout}``, as W3C's webrtc-stats has them."""


class Listener:
    """A person's browser in a room. Made by :func:`listen`."""

    def __init__(self, page: Page) -> None:
        self.noted = Noted()
        self._page = page

    async def fetch(self) -> None:
        """Add to :attr:`noted` what came since the last time."""
        taken = await self._page.evaluate("() => window.listener.take()")
        for name, rows in taken.items():
            getattr(self.noted, name).extend(rows)

    async def forget(self) -> None:
        """Begin :attr:`noted` anew."""
        await self.fetch()
        self.noted = Noted()

    async def wait_for_picture(self, limit: float) -> None:
        """Raises TimeoutError."""
        async with asyncio.timeout(limit):
            while not self.noted.pictures:
                await asyncio.sleep(0.2)
                await self.fetch()


@asynccontextmanager
async def listen(
    livekit: LiveKitServer,
    room: str,
    reading: Reading,
    *,
    program: Path | None = None,
    as_page: bool = False,
) -> AsyncIterator[Listener]:
    """Enter ``room`` with a Chromium that plays whatever is published.

    Args:
        program: Starts it; unless given, this machine's Chromium does.
        as_page: Keep the picture with its sound as our own page does.

    Raises Missing where there is no Chromium, FileNotFoundError where there are not the page's
    packages.
    """
    client = ROOT / "frontend/node_modules/livekit-client/dist/livekit-client.umd.js"
    if not client.exists():
        raise FileNotFoundError("livekit-client is not installed: run `make setup`")
    access = api.AccessToken(livekit.api_key, livekit.api_secret).with_identity(f"person-{room}")
    token = access.with_grants(api.VideoGrants(room_join=True, room=room)).to_jwt()
    async with async_playwright() as playwright:
        origin = livekit.url.replace("ws", "http", 1)
        # Only a secure origin may use an AudioWorklet, and a loopback address alone is one.
        secure = f"--unsafely-treat-insecure-origin-as-secure={origin}"
        browser = await playwright.chromium.launch(
            executable_path=program or find_chromium(), args=[*FLAGS, secure]
        )
        try:
            page = await browser.new_page(viewport={"width": 800, "height": 700})
            await page.goto(origin)  # LiveKit's own answer to a GET
            await page.add_script_tag(path=client)
            await page.add_script_tag(content=MOUTH_SCRIPT)
            for script in ("ear.js", "listener.js"):
                await page.add_script_tag(path=Path(__file__).with_name(script))
            if as_page:
                await page.add_script_tag(content=await asyncio.to_thread(_bundle_lip_sync))
            await page.evaluate(
                "([url, token, reading, onset]) => window.listen(url, token, reading, onset)",
                [livekit.url, token, reading, ONSET],
            )
            yield Listener(page)
        finally:
            await browser.close()


def _bundle_lip_sync() -> str:
    """The page's ``lipSync.ts`` as a script that sets ``window.LipSync``."""
    source = ROOT / "frontend/src/media/lipSync.ts"
    bundler = ROOT / "frontend/node_modules/.bin/rolldown"
    command = [str(bundler), str(source), "--format", "iife", "--name", "LipSync"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def open_chromium(extra_flags: Sequence[str] = ()) -> Iterator[Browser]:
    """A headless Chromium with a microphone and nobody to ask for permission.

    Raises Missing where there is none.
    """
    chromium = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *extra_flags])
        try:
            yield browser
        finally:
            browser.close()
