"""The face that the page draws for itself against the video: in time, smooth, and how dear."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
from playwright.sync_api import Page

from bench.browser import open_chromium
from bench.eyes import MOUTH_SCRIPT
from bench.offsets import AUDIBLE, jaw_lag, output_latency
from bench.report import Report
from bench.system import System, running_system

HELP = "the face drawn by the page from weights: offset to the sound, rate, bytes, processor"

SOFTWARE_GL: Final = (
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
"""WebGL on a machine without a GPU."""
STORY: Final = "Tell me a long story about the sea."
CLEAR: Final = 0.3
"""Correlation of jaw and loudness from which their offset is one: a machine that draws three
pictures a second shows none."""
_PEERS: Final = """
  window.peers = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...all) { super(...all); window.peers.push(this); }
  };
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=40.0, help="in each view (default 40)")


@dataclass(frozen=True)
class Seen:
    """What one view was like while somebody spoke."""

    offset: float
    """Seconds by which the mouth comes after the sound."""
    correlation: float
    fps: float
    """Pictures a second that the page could have shown."""
    traffic: Mapping[str, float]
    """Bytes a second of ``video``, ``audio``, ``weights``; weights' ``packets`` a second."""
    cores: float
    """That the avatar worker took."""


class PageNotes:
    """Watches and listens inside a page that is in a call."""

    def __init__(self, page: Page) -> None:
        """The page's context must bypass its CSP, and have run :func:`note_peers` first."""
        self._page = page
        page.add_script_tag(content=MOUTH_SCRIPT)
        for script in ("ear.js", "drawn.js"):
            page.add_script_tag(path=Path(__file__).with_name(script))
        page.evaluate("() => window.notes.begin()")

    def look_anew(self) -> None:
        """The page has changed over to another view."""
        self._page.evaluate("() => window.notes.look()")
        self._page.wait_for_timeout(300)
        self.take()

    def take(self) -> dict[str, np.ndarray]:
        """What was noted since the last time: see ``drawn.js``."""
        taken = self._page.evaluate("() => window.notes.take()")
        return {name: np.array(rows, float).reshape(len(rows), 2) for name, rows in taken.items()}

    def traffic(self) -> dict[str, float]:
        found: dict[str, float] = self._page.evaluate("() => window.notes.traffic()")
        return found

    def playout(self) -> dict[str, float]:
        """``media-playout`` of W3C's webrtc-stats."""
        found: dict[str, float] = self._page.evaluate("() => window.notes.playout()")
        return found


def note_peers(page: Page) -> None:
    """Before the page is opened."""
    page.add_init_script(_PEERS)


def lag_of(taken: Mapping[str, np.ndarray], latency: float) -> tuple[float, float]:
    """(seconds by which the mouth comes after its sound, correlation).

    ``latency``: seconds from the jitter buffer to the speaker.
    """
    sound, seen = taken["loudness"] / [1000, 1] + [latency, 0], taken["pictures"] / [1000, 1]
    return jaw_lag(sound, seen)


async def measure(args: argparse.Namespace) -> Report:
    return await asyncio.to_thread(_measure, args.seconds)


def _measure(seconds: float) -> Report:
    metrics: dict[str, float] = {}
    for prefix, env in (("", {}), ("no_video_", {"AVATAR_VIDEO": "false"})):
        with running_system(env) as system, open_chromium(SOFTWARE_GL) as browser:
            context = browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=True)
            page = context.new_page()
            note_peers(page)
            page.goto(system.gateway)
            page.get_by_test_id("start").click()
            page.get_by_test_id("appearance").wait_for(timeout=60_000)
            notes = PageNotes(page)
            if not prefix:
                metrics |= _describe("video_", watch(page, system, notes, seconds))
            choose(page, "drawn")
            notes.look_anew()
            metrics |= _describe(f"{prefix}drawn_", watch(page, system, notes, seconds))
            metrics |= _idle(f"{prefix}idle_", page, system, notes)
            context.close()
    return Report("drawn", 1, metrics)


def choose(page: Page, view: str) -> None:
    """Change over to ``drawn`` or ``video``, and wait until it is to be seen."""
    page.get_by_test_id("appearance").locator("summary").click()
    page.get_by_test_id(f"picture-{view}").check()
    page.keyboard.press("Escape")
    page.locator(f'.stage[data-face="{view}"]').wait_for(timeout=60_000)


def watch(page: Page, system: System, notes: PageNotes, seconds: float) -> Seen:
    """Let it tell stories for ``seconds``."""
    ask(page, STORY)
    until = time.monotonic() + 60
    while not (notes.take()["loudness"][:, 1:] > AUDIBLE).any():
        if time.monotonic() > until:
            raise RuntimeError("nobody answers")
        page.wait_for_timeout(250)
    with _spent(system) as spent:
        before, began = notes.traffic(), time.monotonic()
        playout = notes.playout()
        taken = notes.take()
        for _ in range(round(seconds / 5)):
            page.wait_for_timeout(5000)
            more = notes.take()
            taken = {name: np.concatenate([rows, more[name]]) for name, rows in taken.items()}
            if not (more["loudness"][:, 1] > AUDIBLE).any():
                ask(page, STORY)
        passed = time.monotonic() - began
        after = notes.traffic()
    offset, correlation = lag_of(taken, output_latency([playout, notes.playout()]))
    traffic = {name: (after[name] - before[name]) / passed for name in after}
    gaps = np.diff(taken["pictures"][:, 0])
    return Seen(offset, correlation, 1000 / float(np.mean(gaps)), traffic, spent[0] / passed)


def ask(page: Page, question: str) -> None:
    if not page.get_by_test_id("chat-input").is_visible():
        page.get_by_test_id("chat-toggle").click()
    page.get_by_test_id("chat-input").fill(question)
    page.get_by_test_id("chat-send").click()


def _idle(prefix: str, page: Page, system: System, notes: PageNotes) -> dict[str, float]:
    page.get_by_test_id("interrupt").click(force=True)
    page.wait_for_timeout(3000)
    with _spent(system) as spent:
        before, began = notes.traffic(), time.monotonic()
        page.wait_for_timeout(10_000)
        after, passed = notes.traffic(), time.monotonic() - began
    return {
        f"{prefix}weights_bytes": (after["weights"] - before["weights"]) / passed,
        f"{prefix}cores": spent[0] / passed,
    }


def _describe(prefix: str, seen: Seen) -> dict[str, float]:
    named: dict[str, Any] = {
        "correlation": seen.correlation,
        "fps": seen.fps,
        "cores": seen.cores,
    }
    if seen.correlation >= CLEAR:
        named["offset_ms"] = 1000 * seen.offset
    named |= {f"{name}_bytes": value for name, value in seen.traffic.items() if name != "packets"}
    named["packets"] = seen.traffic["packets"]
    return {prefix + name: float(value) for name, value in named.items()}


@contextmanager
def _spent(system: System) -> Iterator[list[float]]:
    """Processor seconds of the avatar worker, once it is left; without processes that end."""
    before = _processor(system)
    found = [0.0]
    yield found
    found[0] = sum(time - before.get(pid, 0.0) for pid, time in _processor(system).items())


def _processor(system: System) -> dict[int, float]:
    """Seconds by process."""
    spent = {}
    for process in system.processes()["avatar"]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            spent[process.pid] = times.user + times.system
    return spent
