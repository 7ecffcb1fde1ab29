"""From what was noted to figures: how far the picture is from its sound. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.calibration import FPS, GRID, LEAD_IN, Mark

SAME_CLICK: Final = 0.45
"""Seconds that sound and picture of one click may be apart."""
YOUNG: Final = 2
"""Pictures after that of a click that may stand in for it, where it was not seen."""

STEP: Final = 1 / 60
"""Seconds between two samples of mouth and loudness."""
JAW_REACH: Final = 0.4
"""Seconds by which the jaw may be apart from the loudness."""
AUDIBLE: Final = 0.005
"""RMS, full scale 1, of speech."""

Floats = NDArray[np.float64]


def unpack(bits: int) -> Mark | None:
    """The mark that ``listener.js`` read: cell k is bit k."""
    return Mark.from_bits(np.array([bits >> k & 1 for k in range(GRID * GRID)], np.bool_))


def flashes(pictures: Iterable[tuple[float, Mark | None]]) -> Floats:
    """(n,) seconds at which each click's picture was seen.

    Where that one was not, it is told from the next or the one after, which say how old they are.
    """
    best: list[tuple[int, int, float]] = []
    for at, mark in pictures:
        if mark is None or mark.since > YOUNG:
            continue
        seen = (mark.clicks, mark.since, at - mark.since / FPS)
        if best and best[-1][0] == mark.clicks:
            best[-1] = min(best[-1], seen)
        else:
            best.append(seen)
    return np.array([at for _, _, at in best])


def offsets(flashes: Floats, clicks: Floats) -> Floats:
    """(n, 2): seconds, and picture minus sound in ms; negative: the picture is early.

    ``clicks``: seconds at which each click was heard. Lone ones of either kind are left out.
    """
    rows = []
    for heard in clicks:
        if len(flashes):
            seen = flashes[np.argmin(np.abs(flashes - heard))]
            if abs(seen - heard) < SAME_CLICK:
                rows.append((heard, 1000 * (seen - (heard - LEAD_IN))))
    return np.array(rows).reshape(-1, 2)


def slope(times: Floats, values: Floats, per: float = 600.0) -> float:
    """Least-squares slope of ``values`` in ``per`` seconds of ``times``; two points at least."""
    if len(times) < 2 or np.ptp(times) == 0:
        raise ValueError("a slope needs values at two times at least")
    return float(np.polyfit(times - times[0], values, 1)[0]) * per


def slope_error(times: Floats, values: Floats, per: float = 600.0) -> float:
    """Standard error of :func:`slope`."""
    centred = times - times.mean()
    rest = values - np.polyval(np.polyfit(times - times[0], values, 1), times - times[0])
    variance = float(rest @ rest) / max(1, len(times) - 2)
    return float(np.sqrt(variance / (centred @ centred))) * per


def output_latency(playouts: Sequence[Mapping[str, float]]) -> float:
    """Seconds that sound takes from the jitter buffer to the speaker, as the browser has it.

    ``playouts``: W3C webrtc-stats' ``media-playout`` at several times.

    Raises ValueError where they tell nothing.
    """
    if len(playouts) > 1:
        first, last = playouts[0], playouts[-1]
        samples = last["totalSamplesCount"] - first["totalSamplesCount"]
        if samples > 0:
            return (last["totalPlayoutDelay"] - first["totalPlayoutDelay"]) / samples
    raise ValueError("the browser told nothing of its sound's way to the speaker")


def freezes(shown: Floats) -> int:
    """Of pictures shown at these seconds, by W3C webrtc-stats' ``freezeCount``.

    A gap is one if it is longer than max(3 δ, δ + 150 ms), δ the mean of the 30 gaps before it.
    """
    gaps = np.diff(shown)
    count = 0
    for index, gap in enumerate(gaps):
        before = gaps[max(0, index - 30) : index]
        if len(before):
            usual = float(before.mean())
            count += bool(gap >= max(3 * usual, usual + 0.150))
    return count


def lag(signal: Floats, follower: Floats, step: float, limit: float) -> tuple[float, float]:
    """(seconds by which ``follower`` comes later, correlation there), both (n,) every ``step``.

    Of all lags within ±``limit``, that of the highest correlation, interpolated between steps.
    """
    reach = round(limit / step)
    if len(signal) != len(follower) or len(signal) < 4 * reach:
        raise ValueError("a lag needs two signals of one length, far longer than the limit")
    middle = signal[reach:-reach]
    scores = np.array(
        [
            np.corrcoef(middle, follower[reach + shift : len(follower) - reach + shift])[0, 1]
            for shift in range(-reach, reach + 1)
        ]
    )
    peak = int(np.argmax(scores))
    nudge = 0.0
    if 0 < peak < len(scores) - 1:
        left, top, right = scores[peak - 1 : peak + 2]
        bend = left - 2 * top + right
        nudge = 0.5 * (left - right) / bend if bend else 0.0
    return (peak - reach + nudge) * step, float(scores[peak])


def jaw_lag(sound: Floats, mouth: Floats, since: float = -np.inf) -> tuple[float, float]:
    """(seconds by which the mouth comes after the loudness, correlation) on natural speech.

    Args:
        sound: (n, 2) seconds and RMS of 10 ms, full scale 1.
        mouth: (m, 2) seconds and how dark the mouth is.
        since: From then on; to the last of the speech.

    Raises:
        ValueError: there is not enough speech, or not enough of the mouth.
    """
    talking = sound[(sound[:, 1] > AUDIBLE) & (sound[:, 0] > since), 0]
    if not len(talking) or not len(mouth):
        raise ValueError("no speech, or no mouth to be seen")
    grid = np.arange(talking[0], talking[-1], STEP)
    seen = np.interp(grid, mouth[:, 0], mouth[:, 1])
    heard = np.interp(grid, sound[:, 0], _smooth(sound[:, 1]))
    return lag(np.log10(1e-3 + heard), _level(seen), STEP, JAW_REACH)


def _smooth(values: Floats, size: int = 7) -> Floats:
    return np.convolve(values, np.ones(size) / size, "same")


def _level(values: Floats, seconds: float = 2.0) -> Floats:
    """Without what changes slower than speech: the head's own motion."""
    size = round(seconds / STEP)
    ones = np.ones(len(values))
    usual = np.convolve(values, np.ones(size), "same")[: len(values)]
    return values - usual / np.convolve(ones, np.ones(size), "same")[: len(values)]
