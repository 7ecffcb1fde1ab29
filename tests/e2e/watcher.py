"""Looks and listens inside the browser: what the person's own page received."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Page

_INSTALL = """
() => {
  if (window.watcher) return;
  const watcher = window.watcher = { samples: [] };
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 128;
  const paint = canvas.getContext('2d', { willReadFrequently: true });
  const sound = new AudioContext();
  // The face's voice, and the agent's own that takes over when the face is lost.
  const analyser = sound.createAnalyser(), wave = new Float32Array(1024), heard = new Set();
  analyser.fftSize = 1024;
  const drawnFace = () =>
    document.querySelector('[data-testid="drawn-face"][data-drawn="true"] canvas');
  let mouth = null, picture = null, waiting = false;
  const see = (source) => {
    paint.drawImage(source, 0, 0, 128, 128);
    const at = paint.getImageData(0, 0, 128, 128).data;
    let light = 0, sum = 0;
    for (let y = 70; y < 82; y++) for (let x = 58; x < 72; x++) {
      const i = 4 * (y * 128 + x);
      light += at[i] * 0.299 + at[i + 1] * 0.587 + at[i + 2] * 0.114;
    }
    for (let i = 0; i < at.length; i += 16) sum += at[i] * ((i % 251) + 1);
    mouth = 255 - light / (12 * 14); picture = sum;
  };
  const look = () => {
    const video = document.querySelector('[data-testid="avatar-video"]');
    for (const { srcObject } of document.querySelectorAll('audio')) {
      if (!srcObject?.getAudioTracks().length || heard.has(srcObject)) continue;
      heard.add(srcObject);
      sound.createMediaStreamSource(srcObject).connect(analyser);
    }
    analyser.getFloatTimeDomainData(wave);
    const loudness = Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length);
    if (drawnFace()) {
      // What WebGL drew can be read in the frame that drew it, after that.
      if (!waiting) requestAnimationFrame(() => {
        waiting = false;
        const face = drawnFace();
        if (face?.width) see(face);
      });
      waiting = true;
    } else if (video && video.videoWidth) see(video);
    else mouth = picture = null;
    watcher.samples.push([performance.now(), loudness, mouth, picture]);
  };
  setInterval(look, 30);
}
"""


@dataclass(frozen=True)
class Seen:
    """Samples every 30 ms: (n,) each."""

    loudness: np.ndarray
    """RMS, full scale 1."""
    mouth: np.ndarray
    """Mean darkness of amy's mouth, 0..255; about 18 more from shut to half open.
    NaN without a picture."""
    picture: np.ndarray
    """A checksum of the picture; NaN without one."""

    @property
    def has_picture(self) -> bool:
        return bool(np.isfinite(self.picture).any())

    @property
    def different_pictures(self) -> int:
        return len(np.unique(self.picture[np.isfinite(self.picture)]))


class Watcher:
    """Samples the page's avatar: its sound, its mouth, its picture."""

    AUDIBLE = 0.003

    def __init__(self, page: Page) -> None:
        self._page = page
        page.evaluate(_INSTALL)

    def look(self, seconds: float) -> Seen:
        """What there was to see and hear in the ``seconds`` from now."""
        self._page.evaluate("() => { watcher.samples.length = 0 }")
        self._page.wait_for_timeout(seconds * 1000)
        # A page that draws without a graphics card may have no time to look as often.
        while not (samples := self._page.evaluate("() => watcher.samples")):
            self._page.wait_for_timeout(100)
        table = np.array(samples, dtype=float)
        return Seen(table[:, 1], table[:, 2], table[:, 3])

    def is_audible(self) -> bool:
        return bool((self.look(0.3).loudness > self.AUDIBLE).any())

    def wait_for_greeting(self, limit: float) -> None:
        """The first sound there was since this was made, however late one asks."""

        def heard() -> bool:
            self._page.wait_for_timeout(100)
            loudest: float = self._page.evaluate(
                "() => watcher.samples.reduce((most, at) => Math.max(most, at[1]), 0)"
            )
            return loudest > self.AUDIBLE

        self._wait(heard, limit, "heard no greeting")

    def wait_for_sound(self, limit: float) -> None:
        self._wait(lambda: self.is_audible(), limit, "heard nothing")

    def wait_for_silence(self, limit: float, *, seconds: float = 1.5) -> None:
        self._wait(
            lambda: not (self.look(seconds).loudness > self.AUDIBLE).any(),
            limit,
            "it never stopped",
        )

    def _wait(self, done: object, limit: float, failure: str) -> None:
        assert callable(done)
        until = time.monotonic() + limit
        while not done():
            assert time.monotonic() < until, f"{failure} within {limit:.0f} s"
