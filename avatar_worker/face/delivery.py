"""What the voice's loudness and pitch ask of brows and head: accents, and where phrases end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Final

from avatar_worker.face.motion import FRAME

_PAUSE: Final = 0.2
"""Seconds of silence that end a phrase; shorter ones are plosives (Goldman-Eisler 1968)."""
_PHRASE: Final = 0.5
"""Seconds of voice that make one."""
_BELOW_PEAK_DB: Final = 25.0
_FLOOR_DB: Final = -50.0
_ACCENT: Final = 0.75
"""Prominence from which a syllable is stressed."""
_LOUDER_DB, _HIGHER = 6.0, 3.0
"""dB and semitones above the voice's habit that count 1."""
_FARTHEST: Final = 6.0
"""Semitones from the habit that are believed: what is beyond is an error of the octave."""


@dataclass(frozen=True)
class Cue:
    """What happens in the voice now."""

    speaking: bool = False
    accent: float = 0.0
    """Strength of a stressed syllable that begins, 0.5..1, else 0."""
    rise: float = 0.0
    """How much of it is pitch, 0..1."""
    lift: float = 0.0
    """Semitones that the voice is above its habit."""
    begins: bool = False
    ends: bool = False
    """A phrase does."""


class Delivery:
    """Listens to a voice, a frame at a time, against its own habit of some seconds."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._peak = _FLOOR_DB
        self._loud = self._usually_loud = _FLOOR_DB
        self._high = self._usually_high = 0.0
        """Semitones above 100 Hz."""
        self._known = False
        self._voiced = 0.0
        self._quiet = 10.0
        self._rest = 0.0

    def step(self, level: float, hertz: float) -> Cue:
        """``level``: dBFS. ``hertz``: of the voice, 0 for none."""
        self._peak = max(level, self._peak - 3 * FRAME)
        sounds = level > max(_FLOOR_DB, self._peak - _BELOW_PEAK_DB)
        begins = sounds and self._quiet >= _PAUSE
        if sounds:
            self._voiced, self._quiet = (0.0 if begins else self._voiced) + FRAME, 0.0
            self._loud += (level - self._loud) * 0.5
            self._usually_loud += (self._loud - self._usually_loud) * (0.3 if begins else 0.03)
        else:
            self._quiet += FRAME
            self._loud += (_FLOOR_DB - self._loud) * 0.2
        self._follow_pitch(hertz)
        was_quiet = self._quiet - FRAME
        ends = self._voiced >= _PHRASE and was_quiet < _PAUSE <= self._quiet
        louder = max(0.0, self._loud - self._usually_loud) / _LOUDER_DB
        rise = max(0.0, self._high - self._usually_high) / _HIGHER
        self._rest -= FRAME
        accent = 0.0
        if sounds and self._rest <= 0 and louder + rise > _ACCENT:
            self._rest = self._random.uniform(0.5, 1.4)
            accent = min(1.0, 0.5 + 0.4 * (louder + rise - _ACCENT))
        lift = self._high - self._usually_high if self._known else 0.0
        return Cue(self._quiet < 2 * _PAUSE, accent, min(1.0, rise), lift, begins, ends)

    def rest(self) -> Cue:
        """Nobody speaks."""
        ended = self._quiet < _PAUSE and self._voiced >= _PHRASE
        self._quiet, self._voiced = 10.0, 0.0
        self._high += (self._usually_high - self._high) * 0.2
        return Cue(ends=ended)

    def _follow_pitch(self, hertz: float) -> None:
        if hertz <= 0:
            self._high += (self._usually_high - self._high) * 0.1
            return
        semitones = 12 * math.log2(hertz / 100)
        if not self._known:
            self._known, self._high, self._usually_high = True, semitones, semitones
        apart = semitones - self._usually_high
        near = self._usually_high + min(_FARTHEST, max(-_FARTHEST, apart))
        self._high += (near - self._high) * 0.35
        self._usually_high += (near - self._usually_high) * 0.02
