"""A person opens the page and has a conversation, judged by what the page received."""

from __future__ import annotations

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from livekit import api
from playwright.sync_api import Page, expect

from bench.drawn import note_peers
from bench.livekit import LiveKitServer
from bench.system import System
from settings import Settings
from tests.e2e.conftest import HOME
from tests.e2e.watcher import Watcher

GREETING_WORD = "Amy"
LONG = "Tell me a long story about the sea."
PICTURE_WAITS = """() => window.peers
  .flatMap((peer) => peer.getReceivers())
  .filter((receiver) => receiver.track.kind === 'video')
  .map((receiver) => receiver.jitterBufferTarget)"""
"""Milliseconds that each picture is told to wait at least; null where it is not."""

REFUSE_PICTURES = """
  let touched = false;
  addEventListener('click', ({ target }) => {
    touched ||= target.dataset.testid === 'start-playback';
  }, true);
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    if (touched || this.localName !== 'video') return play.call(this);
    return Promise.reject(new DOMException('to save power', 'NotAllowedError'));
  };
"""


def enter(page: Page, system: System) -> Watcher:
    page.goto(system.gateway)
    watcher = Watcher(page)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("avatar-video")).to_be_visible(timeout=60_000)
    return watcher


def inhabitants(livekit: LiveKitServer) -> list[str]:
    """Everybody in any room."""

    async def ask_livekit() -> list[str]:
        async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as lk:
            found: list[str] = []
            for room in (await lk.room.list_rooms(api.ListRoomsRequest())).rooms:
                request = api.ListParticipantsRequest(room=room.name)
                people = (await lk.room.list_participants(request)).participants
                found += [each.identity for each in people]
            return sorted(found)

    with ThreadPoolExecutor(1) as thread:  # Playwright has a loop of its own in this one
        return thread.submit(asyncio.run, ask_livekit()).result()


def ask(page: Page, question: str) -> None:
    if not page.get_by_test_id("chat-input").is_visible():
        page.get_by_test_id("chat-toggle").click()
    page.get_by_test_id("chat-input").fill(question)
    page.get_by_test_id("chat-send").click()


def play(mouth: np.ndarray) -> float:
    """Between its darkest and its brightest. Not against another time: a smile shows teeth, a story
    may be a merry one, and what is said first may open the jaw but little."""
    brightest, darkest = np.nanpercentile(mouth, [5, 95])
    return float(darkest - brightest)


def test_a_person_is_greeted_asks_aloud_types_interrupts_and_leaves(
    page: Page, system: System
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    note_peers(page)
    watcher = enter(page, system)

    # The face is there and says hello, and the caption shows the words.
    watcher.wait_for_greeting(15)
    expect(page.get_by_test_id("captions")).to_contain_text(GREETING_WORD)
    watcher.wait_for_silence(15)
    silent = watcher.look(3)
    assert silent.has_picture and silent.different_pictures > 5, "the idle face does not move"

    # The picture waits for its sound, which has a longer way through the browser.
    waits = page.evaluate(PICTURE_WAITS)
    assert any(waits), f"the lips are ahead of the voice: {waits}"

    # The microphone asks its question; it is understood, and answered aloud.
    expect(page.get_by_test_id("chat-log")).to_contain_text(
        re.compile("capital of france", re.I), timeout=40_000
    )
    watcher.wait_for_sound(15)
    watcher.wait_for_silence(60)

    # A typed question is answered aloud, by a mouth that opens.
    silent = watcher.look(1.5)
    ask(page, LONG)
    watcher.wait_for_sound(20)
    speaking = watcher.look(3)
    audible = speaking.loudness > Watcher.AUDIBLE
    assert play(speaking.mouth[audible]) > play(silent.mouth) + 3

    # The interrupt silences it at once. So small a model may have said all by now.
    if not page.get_by_test_id("interrupt").is_enabled():
        ask(page, LONG)
        watcher.wait_for_sound(20)
    page.get_by_test_id("interrupt").click()
    watcher.look(1.0)
    assert not (watcher.look(1.5).loudness > Watcher.AUDIBLE).any(), "it talked on"

    # The next question is still answered.
    ask(page, "What is your name?")
    watcher.wait_for_sound(20)

    page.get_by_test_id("hangup").click()
    expect(page.get_by_test_id("start")).to_be_visible()
    for _ in range(40):
        if not (left := inhabitants(system.livekit)):
            break
        page.wait_for_timeout(250)
    assert not left, f"{left} stayed behind"
    assert not errors


def test_a_reload_costs_the_conversation(page: Page, system: System) -> None:
    watcher = enter(page, system)
    watcher.wait_for_greeting(40)
    watcher.wait_for_silence(40)
    before = inhabitants(system.livekit)
    assert len(before) == 3
    ask(page, LONG)
    watcher.wait_for_sound(40)

    page.reload()
    expect(page.get_by_test_id("avatar-video")).to_be_visible(timeout=60_000)
    assert inhabitants(system.livekit) == before, "somebody else is there"
    expect(page.get_by_test_id("chat-log")).to_contain_text("Amy")
    expect(page.get_by_test_id("chat-log")).to_contain_text(LONG)
    page.wait_for_timeout(3000)
    ask(page, "What is the capital of France?")
    expect(page.get_by_test_id("chat-log")).to_contain_text("Paris", timeout=60_000)

    # Hanging up is for good, at once.
    page.get_by_test_id("hangup").click()
    expect(page.get_by_test_id("start")).to_be_visible()
    patience = time.monotonic() + Settings(_env_file=None).reconnect_grace / 2
    while inhabitants(system.livekit) and time.monotonic() < patience:
        page.wait_for_timeout(250)
    assert not inhabitants(system.livekit), "the agent waits for somebody who has hung up"
    page.reload()
    expect(page.get_by_test_id("start")).to_be_visible()


def test_a_page_that_is_not_secure_sends_nothing(page: Page, system: System) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(system.gateway.replace("127.0.0.1", HOME))
    assert not page.evaluate("() => isSecureContext")
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("avatar-video")).to_be_visible(timeout=60_000)
    expect(page.locator('[data-problem="microphone-insecure"]')).to_contain_text("type instead")
    expect(page.get_by_test_id("captions")).to_contain_text(GREETING_WORD, timeout=60_000)
    ask(page, "What is the capital of France?")
    expect(page.get_by_test_id("chat-log")).to_contain_text("Paris", timeout=60_000)
    page.get_by_test_id("hangup").click()
    assert not errors


def test_a_phone_that_saves_power_shows_no_face(page: Page, system: System) -> None:
    page.add_init_script(REFUSE_PICTURES)
    enter(page, system)
    button = page.get_by_test_id("start-playback")
    expect(button).to_have_text("Show the face", timeout=20_000)
    button.click()
    expect(button).to_have_count(0)
    page.get_by_test_id("hangup").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(page: Page, system: System, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 360, "height": 740})
    enter(page, system)
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 360
    expect(page.get_by_test_id("hangup")).to_be_in_viewport()
    page.get_by_test_id("hangup").click()
