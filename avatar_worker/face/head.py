"""How the head moves and the brows go with it: drift, breath, nods, and the beats of speech."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import numpy as np

from avatar_worker.face.moods import Manner
from avatar_worker.face.motion import FRAME, Drift, Ease, Pulse
from avatar_worker.face.pose import HeadPose

_BREATH = 0.24
"""Breaths a second, at rest."""
_FOLLOW = 0.25
"""Share of a glance that the head takes part in."""


@dataclass(frozen=True)
class Posture:
    """Where the mood wants the head, already eased; fields as in :class:`Manner`."""

    sway: float
    stir: float
    yaw: float
    pitch: float
    roll: float


class Head:
    """Poses for ever, one each frame."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._frames = 0
        self._slow = [Drift(random, hertz) for hertz in (0.071, 0.083, 0.059)]
        self._quick = [Drift(random, hertz) for hertz in (0.37, 0.43, 0.31)]
        self._breath = random.uniform(0, 2 * math.pi)
        self._nod = Pulse()
        self._brow = Pulse()
        self._beats = Beats(random)
        self._follow = Ease(np.zeros(2), 0.5)
        self._no_nod_before = 0.0

    def hold_still(self) -> None:
        """No new nod for a second: who is interrupted does not agree at once."""
        self._no_nod_before = self._frames * FRAME + 1.0

    def step(
        self, posture: Posture, manner: Manner, glance: tuple[float, float], voice: float
    ) -> tuple[HeadPose, float]:
        """Return the pose and how far the brows are raised by an accent, 0..1.

        ``glance``: yaw and pitch of what is looked at. ``voice``: how open the mouth is, 0..1.
        """
        self._frames += 1
        now = self._frames * FRAME
        if strength := self._beats.step(voice):
            self._accent(strength)
        nods = manner.nod_seconds and self._random.random() < FRAME / manner.nod_seconds
        if nods and now > self._no_nod_before:
            self._nod.start(-self._random.uniform(2.0, 3.5), self._random.uniform(0.5, 0.8))
        aside, up = map(float, _FOLLOW * self._follow.step(np.array(glance)))
        yaw, pitch, roll = (
            posture.sway * slow.at(now) + posture.stir * quick.at(now)
            for slow, quick in zip(self._slow, self._quick, strict=True)
        )
        breath = math.sin(2 * math.pi * _BREATH * now + self._breath)
        pose = HeadPose(
            yaw=posture.yaw + 2.0 * yaw + aside,
            pitch=posture.pitch + 1.3 * pitch + 0.3 * breath + self._nod.step() + up,
            roll=posture.roll + 1.1 * roll + 0.1 * breath,
        )
        return pose, self._brow.step()

    def _accent(self, strength: float) -> None:
        random = self._random
        if random.random() < 0.7:
            self._nod.start(-random.uniform(1.0, 2.6) * strength, random.uniform(0.35, 0.55))
        if random.random() < 0.45:
            self._brow.start(random.uniform(0.15, 0.4) * strength, random.uniform(0.4, 0.7))


class Beats:
    """Finds the stressed syllables: the mouth opens well beyond its recent habit."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._fast = self._habit = 0.0
        self._rest = 0.0

    def step(self, voice: float) -> float:
        """Return the strength of a beat that begins now, 0.5..1, else 0."""
        self._fast += (voice - self._fast) * 0.4
        self._habit += (voice - self._habit) * 0.03
        self._rest -= FRAME
        if self._rest > 0 or self._fast < 1.3 * self._habit + 0.06:
            return 0.0
        self._rest = self._random.uniform(0.5, 1.6)
        return min(1.0, 0.5 + 2 * (self._fast - self._habit))
