"""A person's page draws the face for itself: in a real Chromium, with the page's own rules."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from bench.browser import open_chromium
from bench.drawn import SOFTWARE_GL, ask, choose
from bench.system import System
from tests.e2e.watcher import Watcher

LONG = "Tell me a long story about the sea."
CANVAS = "document.querySelector('[data-testid=drawn-face] canvas')"
COUNT_GAPS = f"""() => {{
  window.before = {CANVAS};
  window.gaps = 0;
  const look = () => {{
    const canvas = {CANVAS};
    if (canvas === null || getComputedStyle(canvas.parentElement).opacity < 1) window.gaps += 1;
    requestAnimationFrame(look);
  }};
  look();
}}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_chromium(SOFTWARE_GL) as browser:
        yield browser


@pytest.fixture
def errors(page: Page) -> list[str]:
    """What the page complains of."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            found.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def enter(page: Page, system: System) -> Watcher:
    page.set_viewport_size({"width": 480, "height": 700})  # few pixels for a software renderer
    page.goto(system.gateway)
    watcher = Watcher(page)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("avatar-video")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("appearance")).to_be_visible(timeout=60_000)
    return watcher


def speaks_within(watcher: Watcher, page: Page, limit: float, open_mouth: float) -> bool:
    """Whether the mouth opens while there is sound. On a machine that has lost its breath, the face
    may be away for a while, and the agent speak without it."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        ask(page, LONG)
        watcher.wait_for_sound(60)
        seen = watcher.look(5)
        if seen.has_picture and np.nanpercentile(seen.mouth, 90) > open_mouth:
            return True
        watcher.wait_for_silence(60)
    return False


def test_the_drawn_face_speaks_changes_and_gives_way_to_the_video(
    page: Page, system: System, errors: list[str]
) -> None:
    watcher = enter(page, system)
    watcher.wait_for_greeting(40)
    watcher.wait_for_silence(40)
    choose(page, "drawn")
    expect(page.get_by_test_id("avatar-video")).to_have_count(0)

    # It lives, and speaks with the voice that is heard.
    silent = watcher.look(4)
    assert silent.has_picture and silent.different_pictures > 3, "the face does not move"
    shut = np.nanpercentile(silent.mouth, 90)
    assert speaks_within(watcher, page, 90, shut + 3), "the mouth stays shut while it speaks"
    page.keyboard.press("Escape")
    watcher.wait_for_silence(20)

    # Another head, while it is drawn here; one of them is there all the time.
    page.evaluate(COUNT_GAPS)
    page.get_by_test_id("appearance").locator("summary").click()
    page.get_by_test_id("appearance-head").select_option("ben")
    drawn = page.locator('[data-testid="drawn-face"][data-drawn="true"]')
    expect(page.get_by_test_id("brains")).to_contain_text("ben", timeout=60_000)
    page.wait_for_function(f"() => {CANVAS} && {CANVAS} !== window.before", timeout=60_000)
    expect(drawn).to_be_visible(timeout=60_000)
    assert page.evaluate("() => window.gaps") == 0, "the stage was empty"
    page.get_by_test_id("appearance-emotion").select_option("happy")
    expect(page.get_by_test_id("appearance-emotion")).to_have_value("happy", timeout=30_000)
    page.keyboard.press("Escape")

    choose(page, "video")
    expect(page.get_by_test_id("drawn-face")).to_have_count(0, timeout=20_000)
    expect(page.get_by_test_id("avatar-video")).to_be_visible()
    again = watcher.look(4)
    assert again.has_picture and again.different_pictures > 3, "the video stands still"
    assert not errors


def test_a_browser_without_webgl_loses_the_face(
    page: Page, system: System, errors: list[str]
) -> None:
    page.add_init_script(
        """
        const given = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind.startsWith('webgl') ? null : given.call(this, kind, ...rest);
        };
        """
    )
    enter(page, system)
    page.get_by_test_id("appearance").locator("summary").click()
    page.get_by_test_id("picture-drawn").click()
    expect(page.locator('[data-problem="drawing-webgl"]')).to_contain_text("you see the video")
    expect(page.get_by_test_id("picture-video")).to_be_checked()
    expect(page.get_by_test_id("avatar-video")).to_be_visible()
    assert not errors
