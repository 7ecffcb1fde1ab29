"""What a real Chromium receives: frames per second, freezes, jitter buffers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

_KEEP_CONNECTIONS = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) { super(...args); window.connections.push(this); }
};
"""

_READ_STATISTICS = """
async () => {
  const found = {};
  for (const connection of window.connections)
    for (const report of (await connection.getStats()).values())
      if (report.type === 'inbound-rtp') found[report.kind] = { ...report };
  return found;
}
"""

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


@dataclass(frozen=True)
class Received:
    """Between two readings of ``RTCPeerConnection.getStats`` (W3C webrtc-stats)."""

    frames_per_second: float
    freezes: int
    dropped: int
    audio_buffer_ms: float
    video_buffer_ms: float


@contextmanager
def open_chromium(extra_flags: Sequence[str] = ()) -> Iterator[Browser]:
    """A headless Chromium with a microphone and nobody to ask for permission.

    Raises FileNotFoundError where there is none.
    """
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if chromium is None:
        raise FileNotFoundError("there is no Chromium here: run `make test`, or install it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *extra_flags])
        try:
            yield browser
        finally:
            browser.close()


def watch_page(gateway: str, seconds: float) -> Received:
    """Open the page, start a conversation, and watch it for ``seconds``."""
    with open_chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(_KEEP_CONNECTIONS)
        page.goto(gateway)
        page.get_by_test_id("start").click()
        page.get_by_test_id("avatar-video").wait_for(timeout=60_000)
        page.wait_for_timeout(3000)
        before = page.evaluate(_READ_STATISTICS)
        page.wait_for_timeout(seconds * 1000)
        after = page.evaluate(_READ_STATISTICS)
        page.get_by_test_id("hangup").click()
        page.get_by_test_id("start").wait_for()
    return _difference(before, after, seconds)


def _difference(before: Any, after: Any, seconds: float) -> Received:
    def grown(kind: str, name: str) -> float:
        return float(after[kind].get(name, 0)) - float(before[kind].get(name, 0))

    def buffer_ms(kind: str) -> float:
        emitted = grown(kind, "jitterBufferEmittedCount")
        return 1000 * grown(kind, "jitterBufferDelay") / emitted if emitted else 0.0

    return Received(
        frames_per_second=grown("video", "framesDecoded") / seconds,
        freezes=int(grown("video", "freezeCount")),
        dropped=int(grown("video", "framesDropped")),
        audio_buffer_ms=buffer_ms("audio"),
        video_buffer_ms=buffer_ms("video"),
    )
