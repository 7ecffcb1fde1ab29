"""One segment of speech: what has arrived of it, and the states it goes through.

::

             START              RUN_DRY
    WAITING ──────▶ SOUNDING ◀──────────▶ STARVED
       │             │  ▲       START        │
       │        HOLD ▼  │ RELEASE            │
       │             HELD                    │
       └──────┬───────┴───────────┬──────────┘
          END ▼                   ▼ CLEAR
          FINISHED             CLEARED

Every segment gets to FINISHED or CLEARED once, and stays there.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE: Final = 48_000
"""Hz of everything that is played: what WebRTC's Opus runs at."""
FPS: Final = 30
SLOT_SAMPLES: Final = SAMPLE_RATE // FPS

Audio = NDArray[np.int16]
Weights = NDArray[np.float32]
"""The 52 weights of a frame; what lip-sync gives has the columns of ``lipsync/prosody.py`` behind
them."""


class State(Enum):
    WAITING = auto()
    """Nothing of it was released yet."""
    SOUNDING = auto()
    STARVED = auto()
    """It began, and everything that arrived has been released; more will come."""
    HELD = auto()
    """Paused in the middle."""
    FINISHED = auto()
    """Released to its end."""
    CLEARED = auto()
    """Interrupted: the rest was dropped."""


class Change(Enum):
    START = auto()
    RUN_DRY = auto()
    HOLD = auto()
    RELEASE = auto()
    END = auto()
    CLEAR = auto()


TRANSITIONS: Final[dict[tuple[State, Change], State]] = {
    (State.WAITING, Change.START): State.SOUNDING,
    (State.SOUNDING, Change.RUN_DRY): State.STARVED,
    (State.STARVED, Change.START): State.SOUNDING,
    (State.SOUNDING, Change.HOLD): State.HELD,
    (State.HELD, Change.RELEASE): State.SOUNDING,
    (State.WAITING, Change.END): State.FINISHED,
    (State.SOUNDING, Change.END): State.FINISHED,
    (State.STARVED, Change.END): State.FINISHED,
    (State.HELD, Change.END): State.FINISHED,
    (State.WAITING, Change.CLEAR): State.CLEARED,
    (State.SOUNDING, Change.CLEAR): State.CLEARED,
    (State.STARVED, Change.CLEAR): State.CLEARED,
    (State.HELD, Change.CLEAR): State.CLEARED,
}


@dataclass(eq=False)
class Segment:
    """Sound at 48 kHz, and the weights of each 1600 samples of it."""

    number: int
    state: State = State.WAITING
    closed: bool = False
    """It has arrived in full."""
    released: int = 0
    """Samples."""
    available: int = 0
    """Samples that have arrived and were not released."""
    _sound: deque[Audio] = field(default_factory=deque)
    _frames: deque[Weights] = field(default_factory=deque)
    _first: int = 0
    """Index of the first frame that is kept."""

    @property
    def has_frames(self) -> bool:
        return bool(self._frames)

    @property
    def over(self) -> bool:
        """Nothing of it is left, and nothing will come."""
        return self.closed and not self.available

    def knows(self, index: int) -> bool:
        """Whether frame ``index`` will not be another one later."""
        return self.closed or index < self._first + len(self._frames)

    def change(self, change: Change) -> None:
        """Raises KeyError where the diagram has no such arrow."""
        self.state = TRANSITIONS[self.state, change]

    def push(self, sound: Audio, frames: Weights) -> None:
        """More of it: (n,) and (t, 52 and more)."""
        if len(sound):
            self._sound.append(sound)
            self.available += len(sound)
        self._frames.extend(frames)

    def take(self, samples: int) -> Audio:
        """Release the next ``samples``, of which there must be as many."""
        taken = self.peek(samples)
        left = samples
        while left:
            piece = self._sound.popleft()
            if len(piece) > left:
                self._sound.appendleft(piece[left:])
            left -= min(left, len(piece))
        self.available -= samples
        self.released += samples
        while len(self._frames) > 1 and self._first < self.released // SLOT_SAMPLES:
            self._frames.popleft()
            self._first += 1
        return taken

    def peek(self, samples: int) -> Audio:
        """The next ``samples``, or what there is of them; they stay."""
        pieces, found = [np.zeros(0, np.int16)], 0
        for piece in self._sound:
            if found >= samples:
                break
            pieces.append(piece[: samples - found])
            found += len(pieces[-1])
        return np.concatenate(pieces)

    def weights(self, index: int) -> Weights | None:
        """Of frame ``index``; where lip-sync is late, the last that it gave; None before any."""
        if not self._frames:
            return None
        return self._frames[max(0, min(index - self._first, len(self._frames) - 1))]
