"""The page that ``docs/own-page.md`` shows, served by another site than the gateway."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bench.drawn import note_peers
from bench.livekit import ROOT
from bench.system import running_system
from tests.e2e.test_page import PICTURE_WAITS

EXAMPLE = ROOT / "examples" / "own_page"

FAKE_CLIENT = """
  window.on = {};
  window.LivekitClient = {
    RoomEvent: { TrackSubscribed: 'TrackSubscribed' },
    Room: class {
      on(event, listener) { window.on[event] = listener; }
      registerTextStreamHandler() {}
    },
  };
"""
FAKE_LIP_SYNC = """
  window.kept = [];
  export const keepLipSync = (audio, video) => {
    const pair = `${audio}, ${video}`;
    window.kept.push(pair);
    return () => { window.kept = window.kept.filter((each) => each !== pair) };
  };
"""
SUBSCRIBE = """(tracks) => {
  for (const [kind, receiver, attributes] of tracks) {
    const track = { kind, receiver, attach: (to) => to ?? document.createElement('audio') };
    window.on.TrackSubscribed(track, {}, { attributes });
  }
  return window.kept;
}"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """Origin of a static server with the example and, as by npm, LiveKit's client."""
    (tmp_path / "index.html").symlink_to(EXAMPLE / "index.html")
    (tmp_path / "node_modules").symlink_to(ROOT / "frontend" / "node_modules")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def test_a_page_of_ones_own_shows_no_face_or_lets_the_lips_run_ahead(page: Page, site: str) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    note_peers(page)
    with running_system({"AUTH_ALLOWED_ORIGINS": site}) as system:
        page.goto(f"{site}/?visavis={system.gateway}")
        page.get_by_text("Talk", exact=True).click()
        expect(page.get_by_text("Interrupt")).to_be_visible(timeout=60_000)
        page.get_by_text("Interrupt").click()
        expect(page.get_by_text("Interrupt")).to_be_hidden(timeout=20_000)
        expect(page.locator("#said")).to_contain_text(re.compile(r"\w"))
        page.wait_for_function("() => document.querySelector('video').videoWidth > 0")
        assert any(page.evaluate(PICTURE_WAITS)), "the lips are ahead of the voice"
        page.goto("about:blank")  # the room is left before its server goes
    assert not errors, "an interrupt that fails is one, too"


def test_the_picture_of_a_page_of_ones_own_waits_for_another_sound(page: Page, site: str) -> None:
    page.route("**/livekit-client.umd.js", lambda route: route.fulfill(body=FAKE_CLIENT))
    page.route(
        "**/lip-sync.js",
        lambda route: route.fulfill(content_type="text/javascript", body=FAKE_LIP_SYNC),
    )
    page.goto(f"{site}/?visavis={site}")
    expect(page.get_by_text("Talk", exact=True)).to_be_enabled()
    agent, avatar = {"lk.agent.state": "speaking"}, {"lk.publish_on_behalf": "agent"}
    voice, sound, picture = (
        ["audio", "voice", agent],
        ["audio", "sound", avatar],
        ["video", "picture", avatar],
    )
    assert page.evaluate(SUBSCRIBE, [picture, sound, voice]) == ["sound, picture"]
    again = [["audio", "new sound", avatar], ["video", "new picture", avatar]]
    assert page.evaluate(SUBSCRIBE, again) == ["new sound, new picture"]
