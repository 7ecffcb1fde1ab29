"""How the head moves, and how the brows go with it.

Heads of speakers move nearly always, in time with loudness and pitch (Hadar, Steiner, Grant and
Rose 1983; Munhall, Jones, Callan, Kuratate and Vatikiotis-Bateson 2004); those of listeners rest
most of the time, and nod.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Final

from avatar_worker.face.breath import Breath
from avatar_worker.face.delivery import Cue
from avatar_worker.face.moods import Manner
from avatar_worker.face.motion import FRAME, Drift, Pulse, Reach
from avatar_worker.face.pose import HeadPose

_FOLLOW: Final = 0.3
"""Share of a glance that the head takes part in …"""
_FOLLOWED: Final = 7.0
"""… if it goes so many degrees away: smaller ones are the eyes' alone (Stahl 1999)."""
_PATIENT: Final = 15.0
"""Seconds of listening after which nods become rare: perhaps nobody talks."""
_FOLLOW_SECONDS: Final = 0.45
_SWAY: Final = (2.0, 1.0, 1.0)
"""Degrees of yaw, pitch and roll of a usual change of posture."""
_STIR: Final = (1.6, 1.0, 1.0)
"""The same of the motion of speech."""
_BREATH: Final = 0.32
"""Degrees that the head is raised by a full breath."""
_LIFT: Final = 0.2
"""Degrees that the head is raised by, a semitone that the voice is …"""
_LIFTING: Final = 0.15
"""… and how much of the way it goes in a frame."""


@dataclass(frozen=True)
class Posture:
    """Where mood and emotion want the head, already eased; degrees as in :class:`HeadPose`."""

    stir: float
    yaw: float
    pitch: float
    roll: float


class Head:
    """Poses for ever, one each frame."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._frames = 0
        self._sway = (Reach(), Reach(), Reach())
        self._until_sway = random.uniform(1.0, 3.0)
        self._stir = [Drift(random, hertz) for hertz in (0.37, 0.43, 0.31)]
        self._breath = Breath(random)
        self._nod = Pulse()
        self._nods_left = 0
        self._nod_size = 0.0
        self._brow = Pulse()
        self._aside, self._up = Reach(), Reach()
        self._glance = (0.0, 0.0)
        self._lift = 0.0
        self._until_nod = 0.0
        self._listened = 0.0

    def hold_still(self) -> None:
        """No new nod for a second: who is interrupted does not agree at once."""
        self._nods_left = 0
        self._until_nod = max(self._until_nod, 1.0)

    def nod(self, size: float, times: int = 1) -> None:
        """Nod by ``size`` degrees, each time less."""
        if not self._nods_left:
            self._nods_left, self._nod_size = times, size

    def step(
        self,
        posture: Posture,
        manner: Manner,
        glance: tuple[float, float],
        cue: Cue,
        pace: float = 1.0,
    ) -> tuple[HeadPose, float]:
        """Return the pose and how far the brows are raised by an accent, 0..1.

        ``glance``: yaw and pitch of what is looked at. ``pace``: 1 is the usual tempo.
        """
        self._frames += 1
        now = self._frames * FRAME
        self._heed(cue, pace)
        self._agree(manner)
        self._change_posture(manner, pace)
        self._follow(glance)
        self._lift += (_LIFT * cue.lift - self._lift) * _LIFTING
        stirs = posture.stir > 0.01
        yaw, pitch, roll = (
            sway.step(pace) + (posture.stir * size * stir.at(now) if stirs else 0.0)
            for sway, size, stir in zip(self._sway, _STIR, self._stir, strict=True)
        )
        breath = _BREATH * (self._breath.step(pace, cue.speaking) - 0.5)
        pose = HeadPose(
            yaw=posture.yaw + yaw + self._aside.step(),
            pitch=posture.pitch + pitch + breath + self._lift + self._up.step() - self._step_nod(),
            roll=posture.roll + roll,
        )
        return pose, self._brow.step()

    def _follow(self, glance: tuple[float, float]) -> None:
        """The eyes go first, the head comes after."""
        if glance == self._glance:
            return
        self._glance = glance
        aside, up = glance if math.hypot(*glance) > _FOLLOWED else (0.0, 0.0)
        self._aside.go(_FOLLOW * aside, _FOLLOW_SECONDS)
        self._up.go(_FOLLOW * up, _FOLLOW_SECONDS)

    def _heed(self, cue: Cue, pace: float) -> None:
        random = self._random
        if cue.ends:
            self._breath.gasp()
        if not cue.accent:
            return
        strength = cue.accent * pace
        if random.random() < 0.75:
            self._nod.start(random.uniform(1.0, 2.6) * strength, random.uniform(0.35, 0.55))
        # Of the rises of the brows 71 % go with a rise of pitch (Cavé et al. 1996).
        if random.random() < 0.2 + 0.5 * cue.rise:
            self._brow.start(random.uniform(0.2, 0.45) * strength, random.uniform(0.4, 0.7))

    def _agree(self, manner: Manner) -> None:
        self._until_nod -= FRAME
        if manner.nod_seconds is None:
            self._listened = 0.0
            return
        self._listened += FRAME
        if self._until_nod > 0:
            return
        seconds = manner.nod_seconds * max(1.0, self._listened / _PATIENT)
        if self._random.random() < FRAME / (seconds - 1.5):
            self._until_nod = 1.5
            self.nod(self._random.uniform(1.6, 3.4), self._random.choice((1, 1, 2, 2, 3)))

    def _step_nod(self) -> float:
        if self._nods_left and not self._nod.busy:
            self._nods_left -= 1
            # 1.8 to 3.7 Hz (Hadar et al. 1983), and each nod smaller than the one before.
            self._nod.start(self._nod_size, self._random.uniform(0.4, 0.55))
            self._nod_size *= 0.65
        return self._nod.step()

    def _change_posture(self, manner: Manner, pace: float) -> None:
        self._until_sway -= FRAME * pace
        if self._until_sway > 0:
            return
        random = self._random
        seconds = random.uniform(0.9, 1.8)
        for sway, size in zip(self._sway, _SWAY, strict=True):
            reach = min(1.6, max(-1.6, random.gauss(0, 0.7)))
            sway.go(manner.sway * size * reach, seconds)
        spread = math.exp(random.gauss(-0.08, 0.4))
        self._until_sway = seconds + manner.rest_seconds * min(2.5, spread)
