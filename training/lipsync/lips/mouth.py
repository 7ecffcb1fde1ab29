"""What the mouth does for each phone, and how neighbours blend: the network's targets.

Coarticulation by dominance functions (Cohen and Massaro, "Modeling coarticulation in synthetic
visual speech", 1993): each phone pulls each control toward its own target with a weight that decays
with the distance in time; lips and jaw have weights and speeds of their own. Bilabial and
labiodental closures are then imposed, since an average of neighbours never closes a lip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lips.corpus import SAMPLE_RATE, Pcm
from lips.phones import BILABIAL, CLASSES, LABIODENTAL, SILENCE, VOWELS, Phone

CONTROLS: Final = (
    "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper",
    "mouthPress", "mouthLowerDown", "mouthUpperUp", "mouthStretch", "mouthSmile",
    "mouthShrugUpper", "mouthDimple", "tongueOut", "jawForward",
)  # fmt: skip
"""ARKit's names without Left and Right: both sides move alike."""
STEPS: Final = 50
"""Steps a second of the targets and of the network."""

Curves = NDArray[np.float32]

_JAW: Final = [CONTROLS.index(name) for name in ("jawOpen", "tongueOut", "jawForward")]
_LOUDER: Final = [CONTROLS.index(n) for n in ("jawOpen", "mouthLowerDown", "mouthUpperUp")]
"""Controls that a loud vowel opens further."""
FUNNEL: Final = CONTROLS.index("mouthFunnel")
PUCKER: Final = CONTROLS.index("mouthPucker")
KEPT_FUNNEL: Final = 0.2
KEPT_PUCKER: Final = 0.5
"""Shares of the lips' rounding that a bilabial closure keeps, as in "two pools"."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a phone wants the mouth. ``jaw``, ``lips``: how strongly it asks for it."""

    jaw: float
    lips: float
    target: Curves


def _shape(jaw: float, lips: float, **controls: float) -> Shape:
    short = {
        "open": "jawOpen", "close": "mouthClose", "funnel": "mouthFunnel", "pucker": "mouthPucker",
        "roll_low": "mouthRollLower", "roll_up": "mouthRollUpper", "press": "mouthPress",
        "low": "mouthLowerDown", "up": "mouthUpperUp", "stretch": "mouthStretch",
        "smile": "mouthSmile", "shrug": "mouthShrugUpper", "dimple": "mouthDimple",
        "tongue": "tongueOut", "forward": "jawForward",
    }  # fmt: skip
    target = np.zeros(len(CONTROLS), np.float32)
    for name, value in controls.items():
        target[CONTROLS.index(short[name])] = value
    return Shape(jaw, lips, target)


SHAPES: Final = {
    SILENCE: _shape(0.8, 0.8),
    BILABIAL: _shape(4, 6, open=0.06, close=0.07, roll_low=0.32, roll_up=0.22, press=0.45),
    LABIODENTAL: _shape(2.5, 4, open=0.07, roll_low=0.55, up=0.28, shrug=0.2, press=0.05),
    "TH": _shape(1, 0.8, open=0.14, tongue=0.3, low=0.25, up=0.15),
    "DD": _shape(0.8, 0.3, open=0.12, low=0.2, up=0.1, stretch=0.1),
    "KK": _shape(0.5, 0.2, open=0.17, low=0.18, up=0.1),
    "CH": _shape(1.4, 2, open=0.09, funnel=0.5, pucker=0.22, low=0.28, up=0.25, forward=0.15),
    "SS": _shape(1.5, 0.6, open=0.06, stretch=0.25, low=0.28, up=0.15, smile=0.12),
    "RR": _shape(0.7, 1, open=0.13, funnel=0.32, pucker=0.22, low=0.15),
    "HH": _shape(0.15, 0.1, open=0.2, low=0.15),
    "AA": _shape(1.2, 0.8, open=0.62, low=0.32, up=0.2),
    "AE": _shape(1.2, 0.8, open=0.5, low=0.36, up=0.25, stretch=0.25),
    "AH": _shape(0.8, 0.5, open=0.32, low=0.22, up=0.12),
    "AX": _shape(0.45, 0.3, open=0.24, low=0.18, up=0.1),
    "EH": _shape(1, 0.8, open=0.36, low=0.3, up=0.2, stretch=0.28, smile=0.08),
    "IH": _shape(0.9, 0.8, open=0.24, low=0.25, up=0.15, stretch=0.26, smile=0.15),
    "IY": _shape(1, 1, open=0.16, low=0.22, up=0.15, stretch=0.32, smile=0.28, dimple=0.1),
    "AO": _shape(1.2, 1.2, open=0.5, funnel=0.4, pucker=0.22, low=0.2),
    "OW": _shape(1.1, 1.6, open=0.32, funnel=0.4, pucker=0.45),
    "UW": _shape(1.1, 2.2, open=0.14, funnel=0.38, pucker=0.75),
    "UH": _shape(0.9, 1.3, open=0.2, funnel=0.35, pucker=0.42),
    "ER": _shape(0.9, 0.9, open=0.22, funnel=0.32, pucker=0.2, low=0.15),
    "YY": _shape(1, 1.8, open=0.13, funnel=0.35, pucker=0.62),
    "OE": _shape(1, 1.6, open=0.3, funnel=0.4, pucker=0.45),
    "WW": _shape(1.2, 2.6, open=0.1, funnel=0.32, pucker=0.8),
    "J": _shape(0.7, 0.6, open=0.13, low=0.2, stretch=0.25, smile=0.2),
}  # fmt: skip

_SLOW_LIPS: Final = frozenset(["UW", "WW", "OW", "YY", "OE", "UH", "CH", "AO"])
"""Rounding begins long before its vowel."""
_FAST_JAW: Final = frozenset((BILABIAL, LABIODENTAL, "SS", "CH"))
_REACH: Final = 0.35
"""Seconds beyond which a phone pulls no more."""
_CLOSED: Final = 0.06
_RAMP: Final = 0.045
_LEAD: Final = 0.005
"""Seconds: shortest closure, the time to close and to open, and how far it leads the sound."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Per step of 1/:data:`STEPS` s: ``controls`` (n, 15); ``closed``, ``tucked`` (n,) how far the
    lips shut for a bilabial and the lower lip meets the teeth, 0 to 1; ``classes`` (n,) of
    :data:`~lips.phones.CLASSES`."""

    controls: Curves
    closed: Curves
    tucked: Curves
    classes: NDArray[np.int8]


def make_targets(phones: Sequence[Phone], audio: Pcm) -> Targets:
    """Targets for all whole steps of ``audio`` (int16, 16 kHz)."""
    steps = len(audio) * STEPS // SAMPLE_RATE
    phones = _within_silence(phones, len(audio) / SAMPLE_RATE)
    fine = 2
    time = (np.arange(steps * fine) + 0.5) / (STEPS * fine)
    pull = np.zeros((len(time), len(CONTROLS)), np.float32)
    weight = np.full_like(pull, 1e-6)
    closed, tucked = np.zeros((2, len(time)), np.float32)
    classes = np.zeros(len(time), np.int8)
    for phone, loudness in zip(phones, _loudness(phones, audio), strict=True):
        near = slice(*np.searchsorted(time, (phone.start - _REACH, phone.end + _REACH)))
        target = SHAPES[phone.name].target.copy()
        target[_LOUDER] *= loudness
        dominance = _dominance(phone, time[near])
        pull[near] += dominance * target
        weight[near] += dominance
        inside = slice(*np.searchsorted(time, (phone.start, phone.end)))
        classes[inside] = CLASSES.index(phone.name)
        for name, shut in ((BILABIAL, closed), (LABIODENTAL, tucked)):
            if phone.name == name:
                shut[near] = np.maximum(shut[near], _closure(phone, time[near]))
    controls = impose(_smooth(pull / weight, 10), closed, tucked)
    coarse = (steps, fine)
    return Targets(
        controls.reshape(steps, fine, -1).mean(1),
        closed.reshape(coarse).mean(1),
        tucked.reshape(coarse).mean(1),
        classes.reshape(coarse)[:, 1].copy(),
    )


def impose(controls: Curves, closed: Curves, tucked: Curves) -> Curves:
    """Shut the lips by ``closed`` and tuck the lower one by ``tucked``, (n,) each."""
    shut, tuck = closed[:, None], tucked[:, None]
    mouth = controls * (1 - tuck) + SHAPES[LABIODENTAL].target * tuck
    rounding = np.tile(SHAPES[BILABIAL].target, (len(mouth), 1))
    rounding[:, FUNNEL] = KEPT_FUNNEL * mouth[:, FUNNEL]
    rounding[:, PUCKER] = KEPT_PUCKER * mouth[:, PUCKER]
    result: Curves = (mouth * (1 - shut) + rounding * shut).astype(np.float32)
    return result


def _within_silence(phones: Sequence[Phone], seconds: float) -> list[Phone]:
    before = Phone(-_REACH, phones[0].start, SILENCE)
    after = Phone(phones[-1].end, max(seconds, phones[-1].end) + _REACH, SILENCE)
    inner = list(phones)
    if inner[0].name == SILENCE:
        inner[0] = Phone(before.start, inner[0].end, SILENCE)
    else:
        inner.insert(0, before)
    if inner[-1].name == SILENCE:
        inner[-1] = Phone(inner[-1].start, after.end, SILENCE)
    else:
        inner.append(after)
    return inner


def _loudness(phones: Sequence[Phone], audio: Pcm) -> NDArray[np.float32]:
    """How far each vowel opens for its loudness beside the utterance's other vowels."""
    factors = np.ones(len(phones), np.float32)
    vowels = [i for i, phone in enumerate(phones) if phone.name in VOWELS]
    if not vowels:
        return factors
    rms = np.zeros(len(vowels))
    for k, i in enumerate(vowels):
        begin = int(phones[i].start * SAMPLE_RATE)
        piece = audio[begin : max(int(phones[i].end * SAMPLE_RATE), begin + 1)] / 32_768
        rms[k] = np.sqrt(np.square(piece).mean() + 1e-3) if len(piece) else 0.03
    relative = rms / np.median(rms)
    factors[vowels] = np.clip(0.55 + 0.45 * relative**0.6, 0.55, 1.2)
    return factors


def _dominance(phone: Phone, time: NDArray[np.float64]) -> Curves:
    shape, length = SHAPES[phone.name], phone.end - phone.start
    jaw, lips = shape.jaw, shape.lips
    if phone.name == SILENCE:
        jaw = lips = 0.25 if length < 0.07 else (0.8 if length < 0.2 else 2.0)
        jaw_speed = (0.05, 0.06)
    else:
        jaw_speed = (0.035, 0.035) if phone.name in _FAST_JAW else (0.06, 0.05)
    lip_speed = (0.05, 0.05)
    if phone.name in (BILABIAL, LABIODENTAL):
        lip_speed = (0.03, 0.03)
    elif phone.name in _SLOW_LIPS:
        lip_speed = (0.11, 0.06)
    before = np.maximum(phone.start - time, 0)
    after = np.maximum(time - phone.end, 0)
    pull = np.repeat(
        (lips * np.exp(-before / lip_speed[0] - after / lip_speed[1]))[:, None], len(CONTROLS), 1
    )
    pull[:, _JAW] = (jaw * np.exp(-before / jaw_speed[0] - after / jaw_speed[1]))[:, None]
    result: Curves = pull.astype(np.float32)
    return result


def _closure(phone: Phone, time: NDArray[np.float64]) -> Curves:
    middle = (phone.start + phone.end) / 2 - _LEAD
    half = max((phone.end - phone.start) / 2, _CLOSED / 2)
    ease = np.clip(1 - (np.abs(time - middle) - half) / _RAMP, 0, 1)
    result: Curves = (ease * ease * (3 - 2 * ease)).astype(np.float32)
    return result


def _smooth(curves: Curves, width: int) -> Curves:
    kernel = np.hanning(width)[1:-1]
    kernel /= kernel.sum()
    columns = [np.convolve(column, kernel, "same") for column in curves.T]
    return np.stack(columns, 1).astype(np.float32)
