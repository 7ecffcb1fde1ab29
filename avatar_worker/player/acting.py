"""The face, a slot at a time, able to take back what was prepared and never shown."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable
from typing import Final

from avatar_worker.face import Face, HeadPose, Mood
from avatar_worker.player.segment import Weights

Wish = Callable[[Face], None]
"""Something asked of the face, such as an emotion or a gesture."""

_KEPT: Final = 4
"""Slots that can be taken back; no more are ever prepared."""


class Acting:
    """Steps a face once a slot. Slots that nobody drew are stepped over, so its time is true."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._done = -1
        self._before: deque[tuple[int, bytes]] = deque(maxlen=_KEPT)
        """The face as it was before each of the last slots."""
        self._wishes: deque[tuple[int, Wish]] = deque()
        """What was asked, with the slot that it was first seen in, while that can be taken back."""

    @property
    def done(self) -> int:
        """Serial of the last slot stepped."""
        return self._done

    def step(self, serial: int, speech: Weights | None, mood: Mood) -> tuple[Weights, HeadPose]:
        """The face at slot ``serial``, which must be a later one than the last."""
        for _ in range(min(serial - self._done - 1, _KEPT)):
            self._face.step(speech, mood)
        while self._wishes and self._wishes[0][0] <= serial - _KEPT:
            self._wishes.popleft()
        self._before.append((serial, pickle.dumps(self._face, pickle.HIGHEST_PROTOCOL)))
        self._done = serial
        return self._face.step(speech, mood)

    def take_back(self, shown: int) -> None:
        """Unstep the slots after ``shown``: something else is going to be said there.

        What was asked of the face meanwhile still holds.
        """
        for serial, before in self._before:
            if serial > shown:
                self._face = pickle.loads(before)
                self._done = serial - 1
                for first, wish in self._wishes:
                    if first > serial:
                        wish(self._face)
                break
        self._before.clear()
        self._wishes.clear()

    def ask(self, wish: Wish) -> None:
        """Ask something of the face, from the next slot on."""
        wish(self._face)
        self._wishes.append((self._done + 1, wish))
