"""How well a mouth fits speech whose phones are known: the scores of ``bench lips``.

Written after the evaluation that the project's targets were set with; every score is taken at the
lag that fits the jaw best, which is a score of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.lip_mouth import Curve, Mouth

FPS: Final = 30

_LAGS: Final = np.arange(-3, 9.01, 0.25)
"""Frames that the mouth may come late by."""
_NEAR, _WIDE = 0.05, 0.2
"""Seconds around a consonant in which its closure counts, and in which "open" is measured."""
_CLOSED: Final = 0.25
"""Share of the widest aperture nearby under which the lips are closed …"""
_LEAST_OPEN: Final = 0.12
"""… of at least this."""
_PAUSE, _PAUSE_EDGE = 0.3, 0.12
"""Seconds of silence that should be still, and at its ends those that need not."""
_OPEN, _NARROW = frozenset(("AA", "AE", "AO")), frozenset(("IY", "IH", "UW", "UH"))
_ROUND = frozenset(("UW", "WW", "OW", "UH"))
_SPREAD = frozenset(("IY", "IH", "EH", "AE", "AA", "AX", "AH"))
_NOT_CLOSED = frozenset(("DD", "KK", "TH", "RR", "HH", "J"))
_NOT_TUCKED = frozenset(("DD", "KK", "TH", "SS", "HH", "CH"))


@dataclass(frozen=True, slots=True)
class Sound:
    """``name`` (a class as in ``training/lipsync/lips/phones.py``) from ``start`` to ``end`` s."""

    start: float
    end: float
    name: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A mouth, the jaw that the phones imply (t,) at 30 fps, and the phones."""

    mouth: Mouth
    target_jaw: Curve
    sounds: tuple[Sound, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """Correlations, shares, areas under the curve: 0 to 1. ``pmb_*``: P, B, M; ``fv_*``: F, V.

    ``pmb_false``: closures at consonants that need none; ``silence``: jaw in pauses; ``jitter``:
    mean second difference of the jaw.
    """

    lag_ms: float
    jaw_r: float
    pmb_recall: float
    pmb_false: float
    pmb_auc: float
    fv_auc: float
    open_auc: float
    round_auc: float
    silence: float
    jitter: float


@dataclass(slots=True)
class _Seen:
    """One sentence's share of every score."""

    jaw: Curve
    target: Curve
    closures: list[tuple[float, bool]]
    open_consonants: list[tuple[float, bool]]
    tucks: list[float]
    plain_consonants: list[float]
    open_jaws: list[float]
    narrow_jaws: list[float]
    rounds: list[float]
    spreads: list[float]
    pauses: list[float]


def score(sentences: Sequence[Sentence], lag_ms: float | None = None) -> Scores:
    """Scores of all ``sentences`` together, at ``lag_ms`` or the lag that fits the jaw best."""
    lag = _best_lag(sentences) if lag_ms is None else lag_ms * FPS / 1000
    return _sum_up([_look(s, lag) for s in sentences], lag)


def bootstrap(
    sentences: Sequence[Sentence], rng: np.random.Generator, rounds: int = 400
) -> dict[str, tuple[float, float]]:
    """95 % intervals of each score by resampling whole sentences, at the lag of them all."""
    lag = _best_lag(sentences)
    seen = [_look(s, lag) for s in sentences]
    drawn = [
        _sum_up([seen[i] for i in rng.integers(0, len(seen), len(seen))], lag)
        for _ in range(rounds)
    ]
    intervals: dict[str, tuple[float, float]] = {}
    for field in fields(Scores):
        low, high = np.nanpercentile([getattr(s, field.name) for s in drawn], (2.5, 97.5))
        intervals[field.name] = (float(low), float(high))
    return intervals


def _best_lag(sentences: Sequence[Sentence]) -> float:
    target = np.concatenate([s.target_jaw for s in sentences])
    if not target.std() or not any(s.mouth.jaw.std() for s in sentences):
        return 0.0
    fits = [
        np.corrcoef(
            np.concatenate([s.mouth.later(lag, len(s.target_jaw)).jaw for s in sentences]), target
        )[0, 1]
        for lag in _LAGS
    ]
    return float(_LAGS[int(np.nanargmax(fits))])


def _look(sentence: Sentence, lag: float) -> _Seen:
    count = len(sentence.target_jaw)
    mouth = sentence.mouth.later(lag, count)
    seen = _Seen(mouth.jaw, sentence.target_jaw, [], [], [], [], [], [], [], [], [])
    time = (np.arange(count) + 0.5) / FPS
    for index, sound in enumerate(sentence.sounds):
        near = _between(time, sound.start - _NEAR, sound.end + _NEAR)
        if not near.any():
            continue
        around = [s.name for s in sentence.sounds[max(0, index - 1) : index + 2]]
        around.remove(sound.name)
        _look_at_consonant(sound.name, around, mouth, near, _wide(time, sound), seen)
        during = _between(time, sound.start, sound.end)
        during = during if during.any() else near
        for names, values, curve in (
            (_OPEN, seen.open_jaws, mouth.jaw),
            (_NARROW, seen.narrow_jaws, mouth.jaw),
            (_ROUND, seen.rounds, mouth.round),
            (_SPREAD, seen.spreads, mouth.round),
        ):
            if sound.name in names:
                values.append(float(curve[during].mean()))
        if sound.name == "sil" and sound.end - sound.start >= _PAUSE:
            still = _between(time, sound.start + _PAUSE_EDGE, sound.end - _PAUSE_EDGE)
            seen.pauses.extend(mouth.jaw[still].tolist())
    return seen


def _look_at_consonant(
    name: str,
    around: list[str],
    mouth: Mouth,
    near: NDArray[np.bool_],
    wide: NDArray[np.bool_],
    seen: _Seen,
) -> None:
    lowest = float(mouth.aperture[near].min())
    closed = lowest / max(float(mouth.aperture[wide].max()), _LEAST_OPEN) < _CLOSED
    alone = "PP" not in around and "FF" not in around
    in_speech = "sil" not in around
    if name == "PP" and in_speech:
        seen.closures.append((-lowest, closed))
    if name in _NOT_CLOSED and alone and in_speech:
        seen.open_consonants.append((-lowest, closed))
    if name == "FF":
        seen.tucks.append(float(mouth.tuck[near].max()))
    if name in _NOT_TUCKED and alone:
        seen.plain_consonants.append(float(mouth.tuck[near].max()))


def _sum_up(seen: Sequence[_Seen], lag: float) -> Scores:
    def every(name: str) -> list[float]:
        return [value for s in seen for value in getattr(s, name)]

    closures = [c for s in seen for c in s.closures]
    others = [c for s in seen for c in s.open_consonants]
    pauses = every("pauses")
    jaw = np.concatenate([s.jaw for s in seen])
    target = np.concatenate([s.target for s in seen])
    return Scores(
        lag_ms=lag * 1000 / FPS,
        jaw_r=float(np.corrcoef(jaw, target)[0, 1]) if jaw.std() > 0 else float("nan"),
        pmb_recall=_mean([c for _, c in closures]),
        pmb_false=_mean([c for _, c in others]),
        pmb_auc=_area([v for v, _ in closures], [v for v, _ in others]),
        fv_auc=_area(every("tucks"), every("plain_consonants")),
        open_auc=_area(every("open_jaws"), every("narrow_jaws")),
        round_auc=_area(every("rounds"), every("spreads")),
        silence=_mean(pauses),
        jitter=_mean([float(np.abs(np.diff(s.jaw, 2)).mean()) for s in seen]),
    )


def _between(time: Curve, start: float, end: float) -> NDArray[np.bool_]:
    return (time >= start) & (time <= end)


def _wide(time: Curve, sound: Sound) -> NDArray[np.bool_]:
    return _between(time, sound.start - _WIDE, sound.end + _WIDE)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _area(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Area under the ROC curve: how often a positive lies above a negative."""
    if not positive or not negative:
        return float("nan")
    p, n = np.array(positive)[:, None], np.array(negative)[None]
    return float((p > n).mean() + 0.5 * (p == n).mean())
