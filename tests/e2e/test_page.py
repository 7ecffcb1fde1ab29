"""A person opens the page and has a conversation, judged by what the page received."""

from __future__ import annotations

import re
from contextlib import suppress

import numpy as np
import pytest
from playwright.sync_api import Page, TimeoutError, expect

from bench.drawn import note_peers
from bench.system import System
from tests.e2e.conftest import HOME
from tests.e2e.leaving import hang_up, inhabitants
from tests.e2e.watcher import Watcher

ASKS_ALOUD = True
PATIENCE = 60.0
"""Seconds: a slow machine is no failure."""
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


def ask(page: Page, question: str) -> None:
    if not page.get_by_test_id("chat-input").is_visible():
        page.get_by_test_id("chat-toggle").click()
    page.get_by_test_id("chat-input").fill(question)
    page.get_by_test_id("chat-send").click()


def interrupt(page: Page, watcher: Watcher) -> None:
    """Have it say something long, and press the button. So small a model may have said all before:
    then it is asked again."""
    button = page.get_by_test_id("interrupt")
    for _ in range(5):
        if button.is_enabled():
            with suppress(TimeoutError):
                return button.click(timeout=2000)
        ask(page, LONG)
        watcher.wait_for_sound(PATIENCE)
    raise AssertionError("it was always over before it could be interrupted")


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
    watcher.wait_for_greeting(PATIENCE)
    expect(page.get_by_test_id("captions")).to_contain_text(GREETING_WORD)
    watcher.wait_for_silence(PATIENCE)
    silent = watcher.look(3)
    assert silent.has_picture and silent.different_pictures > 5, "the idle face does not move"

    # The picture waits for its sound, which has a longer way through the browser.
    waits = page.evaluate(PICTURE_WAITS)
    assert any(waits), f"the lips are ahead of the voice: {waits}"

    # The microphone asks its question; it is understood, and answered aloud.
    expect(page.get_by_test_id("chat-log")).to_contain_text(
        re.compile("capital of france", re.I), timeout=90_000
    )
    watcher.wait_for_sound(PATIENCE)
    watcher.wait_for_silence(PATIENCE)

    # A typed question is answered aloud, by a mouth that opens.
    silent = watcher.look(1.5)
    ask(page, LONG)
    watcher.wait_for_sound(PATIENCE)
    speaking = watcher.look(3)
    audible = speaking.loudness > Watcher.AUDIBLE
    assert play(speaking.mouth[audible]) > play(silent.mouth) + 3

    # The interrupt silences it at once.
    interrupt(page, watcher)
    watcher.look(1.0)
    assert not (watcher.look(1.5).loudness > Watcher.AUDIBLE).any(), "it talked on"

    # The next question is still answered.
    ask(page, "What is your name?")
    watcher.wait_for_sound(PATIENCE)

    hang_up(page, system)
    assert not errors


def test_a_reload_costs_the_conversation(page: Page, system: System) -> None:
    watcher = enter(page, system)
    watcher.wait_for_greeting(PATIENCE)
    watcher.wait_for_silence(PATIENCE)
    before = inhabitants(system.livekit)
    assert len(before) == 3
    ask(page, LONG)
    watcher.wait_for_sound(PATIENCE)

    page.reload()
    expect(page.get_by_test_id("avatar-video")).to_be_visible(timeout=60_000)
    assert inhabitants(system.livekit) == before, "somebody else is there"
    expect(page.get_by_test_id("chat-log")).to_contain_text("Amy")
    expect(page.get_by_test_id("chat-log")).to_contain_text(LONG)
    page.wait_for_timeout(3000)
    ask(page, "What is the capital of France?")
    expect(page.get_by_test_id("chat-log")).to_contain_text("Paris", timeout=60_000)

    hang_up(page, system)
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
    hang_up(page, system)
    assert not errors


def test_a_phone_that_saves_power_shows_no_face(page: Page, system: System) -> None:
    page.add_init_script(REFUSE_PICTURES)
    enter(page, system)
    expect(page.get_by_test_id("captions")).to_contain_text(GREETING_WORD, timeout=60_000)
    button = page.get_by_test_id("start-playback")
    expect(button).to_have_text("Show the face", timeout=20_000)
    button.click()
    expect(button).to_have_count(0)
    hang_up(page, system)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(page: Page, system: System, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 360, "height": 740})
    enter(page, system)
    expect(page.get_by_test_id("captions")).to_contain_text(GREETING_WORD, timeout=60_000)
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 360
    expect(page.get_by_test_id("hangup")).to_be_in_viewport()
    hang_up(page, system)
