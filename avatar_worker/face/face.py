"""A face that lives: weights and head pose for every 1/30 s, with speech or without."""

from __future__ import annotations

from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.blink import Blinks
from avatar_worker.face.delivery import Cue, Delivery
from avatar_worker.face.feeling import Feeling
from avatar_worker.face.gaze import Gaze
from avatar_worker.face.gesture import Gesture, Gestures, Shown
from avatar_worker.face.head import Head, Posture
from avatar_worker.face.lips import SPOKEN, wear
from avatar_worker.face.moods import MANNERS, Mood
from avatar_worker.face.motion import Ease, Reach
from avatar_worker.face.mouth import Mouth
from avatar_worker.face.pose import HeadPose
from visavis.emotion import Emotion
from visavis.protocol import ARKIT_NAMES

POSE_STEP: Final = 0.05
"""Degrees that a pose is rounded to: an eighth of a pixel at the eyes in a picture of 512 × 512."""
WEIGHT_STEP: Final = 1 / 256
_AT = {name: index for index, name in enumerate(ARKIT_NAMES)}
_SIDEWAYS, _UPWARDS, _DOWNWARDS = 32.0, 24.0, 26.0
"""Degrees that an eye turns at weight 1, as the heads that come with Visavis are built."""
_MOOD_SECONDS = 0.6
_PHRASE_BLINK = 0.35
"""Share of phrases' ends that bring a blink."""
_PHRASE_GLANCE = 0.3
"""Share of phrases' beginnings at which a speaker looks away."""


class Face:
    """Idle life over speech. The same seed and the same input give the same face."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._mouth = Mouth()
        self._delivery = Delivery(random)
        self._blinks = Blinks(random)
        self._gaze = Gaze(random)
        self._head = Head(random)
        self._feeling = Feeling(random)
        self._gestures = Gestures(random)
        self._ease = Ease(MANNERS["idle"].posture(), _MOOD_SECONDS)
        self._brows = Reach(0.03)
        self._until_brows = 2.0
        self._pose = HeadPose()

    def step(
        self, speech: NDArray[np.float32] | None, mood: Mood = "idle"
    ) -> tuple[NDArray[np.float32], HeadPose]:
        """Return the next 1/30 s: weights (52,) in the order of ``ARKIT_NAMES``, 0..1, and pose.

        ``speech``: weights (52,) of this frame's audio, with the columns of
        :mod:`~avatar_worker.lipsync.prosody` behind them or without; None while nothing is said,
        and the mouth eases shut. With speech the mood is "speaking", whatever ``mood`` says.

        Weights and pose are rounded to steps that nobody sees, so that what rests stays the same.
        """
        manner = MANNERS["speaking" if speech is not None else mood]
        cue = self._listen(speech)
        look, bearing, plain = self._feeling.step()
        pace = 1 + bearing.pace
        smile, brows, frown, stir, *turned = map(float, self._ease.step(manner.posture()))
        posture = Posture(
            stir * (1 + bearing.stir),
            turned[0] + bearing.yaw,
            turned[1] + bearing.pitch,
            turned[2] + bearing.roll,
        )
        pose, accent = self._head.step(posture, manner, self._gaze.base, cue, pace)
        shown = self._gestures.step()
        self._pose = HeadPose(
            _round(pose.yaw + shown.yaw, POSE_STEP),
            _round(pose.pitch + shown.pitch, POSE_STEP),
            _round(pose.roll + shown.roll, POSE_STEP),
        )
        _add(look, plain * frown, "browDownLeft", "browDownRight")
        self._raise_brows(look, brows + accent + shown.brows, speech)
        self._warm(look, plain * smile)
        mouth = self._mouth.step(None if speech is None else speech[: len(ARKIT_NAMES)])
        weights = wear(mouth, look, self._mouth.held, self._mouth.wide) + look * (1 - SPOKEN)
        rate = manner.blink_rate * (1 + bearing.blinks)
        yaw, pitch, shift = self._gaze.step(manner, self._pose, bearing.drop)
        self._heed(cue, shift)
        self._move_eyes(weights, yaw, pitch)
        self._shut_eyes(weights, self._blinks.step(rate), shown)
        rounded = np.round(np.clip(weights, 0, 1) / WEIGHT_STEP) * WEIGHT_STEP
        return rounded.astype(np.float32), self._pose

    def feel(self, emotion: Emotion) -> None:
        """Show ``emotion`` from now on; the face changes within a second."""
        self._feeling.feel(emotion)

    def gesture(self, gesture: Gesture) -> None:
        """Begin ``gesture`` now; one of the same kind that is under way goes on instead."""
        self._gestures.ask(gesture)

    def greet(self) -> None:
        """Smile at somebody who has just appeared, with raised brows and a small nod.

        The brows' flash is what greetings have in common everywhere (Eibl-Eibesfeldt 1972).
        """
        self._feeling.greet()
        self._gaze.look_at_person(3.0)
        self._gestures.ask("raise_brows")
        self._head.nod(2.0)

    def look_back(self) -> None:
        """Look at the person now, as one does who is interrupted."""
        self._gaze.look_at_person(self._random.uniform(1.2, 2.5))
        self._head.hold_still()

    def _listen(self, speech: NDArray[np.float32] | None) -> Cue:
        """What the voice asks for; without prosody the jaw stands in for its loudness."""
        if speech is None:
            return self._delivery.rest()
        if len(speech) > len(ARKIT_NAMES):
            level, hertz = map(float, speech[len(ARKIT_NAMES) :])
            return self._delivery.step(level, hertz)
        return self._delivery.step(-40 + 60 * min(0.6, float(speech[_AT["jawOpen"]])), 0.0)

    def _heed(self, cue: Cue, shift: float) -> None:
        """Blink and look as phrases begin and end: away, and back at the end (Kendon 1967)."""
        if shift:
            self._blinks.shift(shift)
        if cue.ends:
            self._blinks.suggest(_PHRASE_BLINK)
            if not self._gaze.at_person:
                self._gaze.look_at_person(self._random.uniform(2.0, 4.0))
        elif cue.begins and self._random.random() < _PHRASE_GLANCE:
            self._gaze.look_aside()

    def _raise_brows(
        self, look: NDArray[np.float64], raised: float, speech: NDArray[np.float32] | None
    ) -> None:
        self._until_brows -= 1 / 30
        if self._until_brows <= 0:
            self._until_brows = self._random.uniform(4.0, 12.0)
            self._brows.go(self._random.uniform(0.0, 0.08), 0.8)
        raised += self._brows.step()
        if speech is not None:
            for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"):
                look[_AT[name]] += 0.5 * float(speech[_AT[name]])
        _add(look, raised, "browInnerUp")
        _add(look, 0.7 * raised, "browOuterUpLeft", "browOuterUpRight")

    @staticmethod
    def _warm(look: NDArray[np.float64], smile: float) -> None:
        _add(look, smile, "mouthSmileLeft", "mouthSmileRight")
        _add(look, 0.6 * smile, "cheekSquintLeft", "cheekSquintRight")
        _add(look, 0.4 * smile, "eyeSquintLeft", "eyeSquintRight")

    @staticmethod
    def _move_eyes(weights: NDArray[np.float64], yaw: float, pitch: float) -> None:
        _add(weights, max(0.0, yaw) / _SIDEWAYS, "eyeLookOutLeft", "eyeLookInRight")
        _add(weights, max(0.0, -yaw) / _SIDEWAYS, "eyeLookInLeft", "eyeLookOutRight")
        _add(weights, max(0.0, pitch) / _UPWARDS, "eyeLookUpLeft", "eyeLookUpRight")
        _add(weights, max(0.0, -pitch) / _DOWNWARDS, "eyeLookDownLeft", "eyeLookDownRight")

    @staticmethod
    def _shut_eyes(weights: NDArray[np.float64], shut: float, shown: Shown) -> None:
        for side, closed in (("Left", max(shut, shown.wink)), ("Right", shut)):
            weights[_AT[f"eyeSquint{side}"]] *= 1 - closed
            weights[_AT[f"eyeWide{side}"]] *= 1 - closed
            drooped = min(1.0, float(weights[_AT[f"eyeBlink{side}"]]))
            weights[_AT[f"eyeBlink{side}"]] = drooped + closed * (1 - drooped)


def _round(value: float, step: float) -> float:
    return step * round(value / step)


def _add(weights: NDArray[np.float64], amount: float, *names: str) -> None:
    for name in names:
        weights[_AT[name]] += amount
