"""A face that lives: weights and head pose for every 1/30 s, with speech or without."""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.blink import Blinks
from avatar_worker.face.emotion import Emotion
from avatar_worker.face.expression import LOOKS
from avatar_worker.face.gaze import Gaze
from avatar_worker.face.gesture import Gesture, Gestures
from avatar_worker.face.head import Head, Posture
from avatar_worker.face.moods import MANNERS, Manner, Mood
from avatar_worker.face.motion import Drift, Ease
from avatar_worker.face.mouth import SPOKEN, Mouth, closure
from avatar_worker.face.pose import HeadPose
from visavis.protocol import ARKIT_NAMES

_AT = {name: index for index, name in enumerate(ARKIT_NAMES)}
_SIDEWAYS, _UPWARDS, _DOWNWARDS = 32.0, 24.0, 26.0
"""Degrees that an eye turns at weight 1, as the heads that come with Visavis are built."""
_MOOD_SECONDS = 0.6
_EMOTION_SECONDS = 0.8
_BLINK_WITH_SHIFT = 0.3
"""Share of far shifts of gaze that bring a blink."""


class Face:
    """Idle life over speech. The same seed and the same input give the same face."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._mouth = Mouth()
        self._blinks = Blinks(random)
        self._gaze = Gaze(random)
        self._head = Head(random)
        self._brow_drift = Drift(random, 0.11)
        self._ease = Ease(MANNERS["idle"].posture(), _MOOD_SECONDS)
        self._gestures = Gestures(random)
        self._emotion = Emotion()
        self._look = Ease(np.zeros(len(ARKIT_NAMES)), _EMOTION_SECONDS)
        self._frames = 0
        self._pose = HeadPose()

    def step(
        self, speech: NDArray[np.float32] | None, mood: Mood = "idle"
    ) -> tuple[NDArray[np.float32], HeadPose]:
        """Return the next 1/30 s: weights (52,) in the order of ``ARKIT_NAMES``, 0..1, and pose.

        ``speech``: weights (52,) of this frame's audio, or None while nothing is said; the mouth
        then eases shut. With speech the mood is "speaking", whatever ``mood`` says.
        """
        manner = MANNERS["speaking" if speech is not None else mood]
        smile, brows, frown, *posture = map(float, self._ease.step(manner.posture()))
        weights = self._mouth.step(speech)
        voice = float(weights[_AT["jawOpen"]])
        self._pose, accent = self._head.step(Posture(*posture), manner, self._gaze.base, voice)
        shown = self._gestures.step()
        self._pose = HeadPose(
            self._pose.yaw + shown.yaw,
            self._pose.pitch + shown.pitch,
            self._pose.roll + shown.roll,
        )
        self._move_brows(weights, brows + accent + shown.brows, frown, speech)
        self._warm(weights, smile)
        self._show_emotion(weights)
        self._move_eyes(weights, manner)
        _add(weights, shown.wink, "eyeBlinkLeft")
        return np.clip(weights, 0, 1).astype(np.float32), self._pose

    def look_back(self) -> None:
        """Look at the person now, as one does who is interrupted."""
        self._gaze.look_back()
        self._head.hold_still()

    def feel(self, emotion: Emotion) -> None:
        """Show ``emotion`` from now on; the face changes within a second."""
        self._emotion = emotion

    def gesture(self, gesture: Gesture) -> None:
        """Begin ``gesture`` now; one of the same kind that is under way goes on instead."""
        self._gestures.ask(gesture)

    def _show_emotion(self, weights: NDArray[np.float64]) -> None:
        """None of it opens a mouth that speech shuts."""
        look = self._look.step(
            sum(
                (amount * LOOKS[name] for name, amount in self._emotion.amounts.items()),
                np.zeros(len(ARKIT_NAMES)),
            )
        )
        free = 1 - closure(weights) * SPOKEN
        weights += look * free * (1 - np.clip(weights, 0, 1))

    def _move_brows(
        self,
        weights: NDArray[np.float64],
        raised: float,
        frown: float,
        speech: NDArray[np.float32] | None,
    ) -> None:
        self._frames += 1
        raised += 0.03 * (1 + self._brow_drift.at(self._frames / 30))
        if speech is not None:
            for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"):
                weights[_AT[name]] += 0.5 * float(speech[_AT[name]])
        _add(weights, raised, "browInnerUp")
        _add(weights, 0.7 * raised, "browOuterUpLeft", "browOuterUpRight")
        _add(weights, frown, "browDownLeft", "browDownRight")

    def _warm(self, weights: NDArray[np.float64], smile: float) -> None:
        """Add the smile; none of it reaches a mouth that speech shuts."""
        mouth_smile = smile * (1 - closure(weights))
        for name in ("mouthSmileLeft", "mouthSmileRight"):
            weights[_AT[name]] += mouth_smile * (1 - weights[_AT[name]])
        # A smile parts resting lips; parted ones shall stay parted.
        resting = max(0.0, 1 - 8 * float(weights[_AT["jawOpen"]]))
        _add(weights, 0.4 * mouth_smile * resting, "mouthClose")
        _add(weights, 0.6 * smile, "cheekSquintLeft", "cheekSquintRight")
        _add(weights, 0.4 * smile, "eyeSquintLeft", "eyeSquintRight")

    def _move_eyes(self, weights: NDArray[np.float64], manner: Manner) -> None:
        yaw, pitch, far = self._gaze.step(manner, self._pose)
        if far and self._random.random() < _BLINK_WITH_SHIFT:
            self._blinks.ask()
        _add(weights, max(0.0, yaw) / _SIDEWAYS, "eyeLookOutLeft", "eyeLookInRight")
        _add(weights, max(0.0, -yaw) / _SIDEWAYS, "eyeLookInLeft", "eyeLookOutRight")
        _add(weights, max(0.0, pitch) / _UPWARDS, "eyeLookUpLeft", "eyeLookUpRight")
        _add(weights, max(0.0, -pitch) / _DOWNWARDS, "eyeLookDownLeft", "eyeLookDownRight")
        shut = self._blinks.step(manner.blink_pace)
        for name in ("eyeSquintLeft", "eyeSquintRight"):
            weights[_AT[name]] *= 1 - shut
        _add(weights, shut, "eyeBlinkLeft", "eyeBlinkRight")


def _add(weights: NDArray[np.float64], amount: float, *names: str) -> None:
    for name in names:
        weights[_AT[name]] += amount
