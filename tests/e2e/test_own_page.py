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

ASKS_ALOUD = True
EXAMPLE = ROOT / "examples" / "own_page" / "index.html"
DEFAULT = "http://localhost:8080"

FAKE_CLIENT = """
  window.on = {};
  window.LivekitClient = {
    RoomEvent: { TrackSubscribed: 'TrackSubscribed', Disconnected: 'Disconnected' },
    Room: class {
      localParticipant = {
        setMicrophoneEnabled: () => Promise.reject(new Error('Permission denied')),
      };
      on(event, listener) { window.on[event] = listener; }
      registerTextStreamHandler() {}
      async connect() {}
      async disconnect() { window.on.Disconnected?.(); }
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
    """Origin of a static server with, as by npm, LiveKit's client."""
    (tmp_path / "node_modules").symlink_to(ROOT / "frontend" / "node_modules")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def put_page(folder: Path, gateway: str) -> None:
    """The example, as whoever takes it changes it."""
    text = EXAMPLE.read_text()
    assert text.count(DEFAULT) == 1
    (folder / "index.html").write_text(text.replace(DEFAULT, gateway))


def test_a_page_of_ones_own_shows_no_face_or_lets_the_lips_run_ahead(
    page: Page, site: str, tmp_path: Path
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    note_peers(page)
    with running_system({"AUTH_ALLOWED_ORIGINS": site}) as system:
        put_page(tmp_path, system.gateway)
        page.goto(site)
        page.get_by_text("Talk", exact=True).click()
        expect(page.get_by_text("Interrupt")).to_be_visible(timeout=60_000)
        page.get_by_text("Interrupt").click(timeout=60_000)
        expect(page.get_by_text("Interrupt")).to_be_hidden(timeout=20_000)
        expect(page.locator("#said")).to_contain_text(re.compile(r"\w"))
        page.wait_for_function("() => document.querySelector('video').videoWidth > 0")
        assert any(page.evaluate(PICTURE_WAITS)), "the lips are ahead of the voice"
        page.goto("about:blank")  # the room is left before its server goes
    assert not errors, "an interrupt that fails is one, too"


def test_the_picture_of_a_page_of_ones_own_waits_for_another_sound(
    page: Page, site: str, tmp_path: Path
) -> None:
    page.route("**/livekit-client.umd.js", lambda route: route.fulfill(body=FAKE_CLIENT))
    page.route(
        "**/lip-sync.js",
        lambda route: route.fulfill(content_type="text/javascript", body=FAKE_LIP_SYNC),
    )
    put_page(tmp_path, site)
    page.goto(site)
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


def test_a_page_of_ones_own_is_not_dead_without_a_word(
    page: Page, site: str, tmp_path: Path
) -> None:
    """Whatever fails is said, and may be tried again."""
    page.route("**/livekit-client.umd.js", lambda route: route.fulfill(body=FAKE_CLIENT))
    put_page(tmp_path, site)  # where there is no gateway
    page.goto(site)
    talk, said = page.get_by_text("Talk", exact=True), page.locator("#said")
    talk.click()
    expect(said).to_contain_text("did not work")
    expect(talk).to_be_enabled()
    page.route("**/api/token", lambda route: route.fulfill(json={"server_url": "ws://localhost"}))
    talk.click()
    expect(said).to_contain_text("Permission denied")
    expect(talk).to_be_enabled()
    page.evaluate("() => window.on.Disconnected()")
    expect(said).to_contain_text("over")


def test_the_address_of_a_page_of_ones_own_does_not_name_code_to_run(
    page: Page, site: str, tmp_path: Path
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/livekit-client.umd.js", lambda route: route.fulfill(body=FAKE_CLIENT))
    put_page(tmp_path, site)
    page.goto(f"{site}/?visavis=http://localhost:1")
    expect(page.get_by_text("Talk", exact=True)).to_be_enabled()
    assert f"{site}/lip-sync.js" in asked
    assert not [url for url in asked if not url.startswith(f"{site}/")]
