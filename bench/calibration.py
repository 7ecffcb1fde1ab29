"""A face that is a ruler: every picture says how long after the last click it belongs.

Sound: a click a second. Picture: a grid of black and white cells that carries the number of the
last click and the pictures since. It takes the place of head and lip-sync model in the real avatar
worker, so that player, encoder, network and browser are what is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render import HeadPose
from visavis.protocol import ARKIT_NAMES

FPS: Final = 30
CLICK_SECONDS: Final = 0.03
CLICK_PEAK: Final = 0.5
"""Full scale is 1."""
ONSET: Final = 0.15
"""Sound above this is a click's; the noise between clicks stays far below."""
LEAD_IN: Final = 0.004
"""Seconds by which each click begins after its picture: no rounding moves it out of it."""
QUIET: Final = 0.5
"""Seconds after a click in which none begins."""

GRID: Final = 4
"""Cells a side."""
COUNT_BITS: Final = 6
VALID: Final = 13
"""Cell that is white in every picture that says something."""
DARK: Final = 14
"""Cell that is black in every picture that says something."""

# Weights that speech owns and the face passes on as they are; bit k goes through the k-th.
_CARRIERS: Final = tuple(
    ARKIT_NAMES.index(name)
    for name in (
        "jawForward", "jawLeft", "jawRight", "mouthDimpleLeft", "mouthDimpleRight",
        "mouthFrownLeft", "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthRight",
        "mouthPucker", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthStretchLeft",
        "mouthStretchRight", "mouthUpperUpLeft",
    )
)  # fmt: skip

Bits = NDArray[np.bool_]
"""(16,)"""


@dataclass(frozen=True)
class Mark:
    """What one picture says."""

    clicks: int
    """Heard so far, modulo 64."""
    since: int
    """Pictures since the one in which the last click began, at most 63."""

    def to_bits(self) -> Bits:
        bits = np.zeros(GRID * GRID, np.bool_)
        for k in range(COUNT_BITS):
            bits[k] = self.clicks >> k & 1
            bits[COUNT_BITS + k] = self.since >> k & 1
        bits[2 * COUNT_BITS] = bits[: 2 * COUNT_BITS].sum() % 2
        bits[VALID] = True
        return bits

    @classmethod
    def from_bits(cls, bits: Bits) -> Mark | None:
        """None where the picture says nothing, or was damaged."""
        if not bits[VALID] or bits[DARK] or bits[: 2 * COUNT_BITS + 1].sum() % 2:
            return None
        powers = 1 << np.arange(COUNT_BITS)
        return cls(int(bits[:COUNT_BITS] @ powers), int(bits[COUNT_BITS : 2 * COUNT_BITS] @ powers))


class Marker:
    """Follows sound, and says what each 1/30 s of it looks like."""

    def __init__(self, rate: int) -> None:
        self._frame = rate // FPS if rate % FPS == 0 else rate / FPS
        self._waiting = np.zeros(0, np.float32)
        self._taken = 0
        self._clicks, self._since = 0, 1 << COUNT_BITS

    def push(self, sound: NDArray[np.float32]) -> list[Mark]:
        """(n,), full scale 1; the marks of the frames that it completes."""
        self._waiting = np.concatenate([self._waiting, sound])
        marks = []
        while len(self._waiting) >= (size := self._next_size()):
            frame, self._waiting = self._waiting[:size], self._waiting[size:]
            self._taken += 1
            marks.append(self._look(frame))
        return marks

    def flush(self) -> list[Mark]:
        """The mark of a last frame that is not full, and a new beginning for the frames."""
        marks = [self._look(self._waiting)] if len(self._waiting) else []
        self._waiting, self._taken = np.zeros(0, np.float32), 0
        return marks

    def _next_size(self) -> int:
        return round((self._taken + 1) * self._frame) - round(self._taken * self._frame)

    def _look(self, frame: NDArray[np.float32]) -> Mark:
        self._since += 1
        if self._since > QUIET * FPS and np.abs(frame).max() > ONSET:
            self._clicks, self._since = self._clicks + 1, 0
        return Mark(self._clicks % (1 << COUNT_BITS), min(self._since, (1 << COUNT_BITS) - 1))


def clicking(seconds: int, rate: int) -> NDArray[np.int16]:
    """(n,): faint noise, and :data:`LEAD_IN` after each full second a burst of 1 kHz."""
    sound = np.random.default_rng(0).normal(0, 0.002, seconds * rate)
    time = np.arange(round(CLICK_SECONDS * rate)) / rate
    burst = CLICK_PEAK * np.cos(2 * np.pi * 1000 * time)
    for second in range(seconds):
        start = round((second + LEAD_IN) * rate)
        sound[start : start + len(burst)] += burst
    return np.round(sound * 32767).astype(np.int16)


def paint(bits: Bits, into: NDArray[np.uint8]) -> None:
    """``into``: I420, (height * 3 // 2, width)."""
    height = into.shape[0] * 2 // 3
    cells = np.where(bits, 235, 16).astype(np.uint8).reshape(GRID, GRID)
    rows = np.arange(height) * GRID // height
    columns = np.arange(into.shape[1]) * GRID // into.shape[1]
    into[:height] = cells[rows[:, None], columns]
    into[height:] = 128


def read(luma: NDArray[np.uint8]) -> Mark | None:
    """The mark on a picture's luma (height, width)."""
    height, width = luma.shape
    rows = (2 * np.arange(GRID) + 1) * height // (2 * GRID)
    columns = (2 * np.arange(GRID) + 1) * width // (2 * GRID)
    return Mark.from_bits((luma[rows[:, None], columns] > 128).reshape(-1))


class CalibrationLips:
    """A :class:`~avatar_worker.lipsync.base.LipSync` whose weights are a :class:`Mark`."""

    name = "calibration"
    lead = 1 / FPS

    def __init__(self) -> None:
        self._marker = Marker(16_000)

    def create(self) -> CalibrationLips:
        """It is its own :class:`~avatar_worker.lipsync.base.LipSyncFactory`: one room a process."""
        return self

    def push(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        return _to_weights(self._marker.push(pcm))

    def finish(self) -> NDArray[np.float32]:
        return _to_weights(self._marker.flush())

    def reset(self) -> None:
        self._marker.flush()


class CalibrationRenderer:
    """A :class:`~avatar_worker.render.Renderer` that paints the mark which the weights carry."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height

    def draw(self, weights: NDArray[np.float32], pose: HeadPose, into: NDArray[np.uint8]) -> None:
        paint(weights[list(_CARRIERS)] > 0.5, into)


def _to_weights(marks: list[Mark]) -> NDArray[np.float32]:
    weights = np.zeros((len(marks), len(ARKIT_NAMES)), np.float32)
    for row, mark in zip(weights, marks, strict=True):
        row[list(_CARRIERS)] = mark.to_bits()
    return weights
