"""What became of many interrupts: how long until silence, and how often nothing came after."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from livekit import rtc

from bench.cutoff import MouthLevels, before_smile, cut_off, open_times
from bench.ears import Ears
from bench.eyes import Eyes
from bench.mouth import openness
from bench.report import percentiles

CALM: Final = 0.6
"""Seconds without a sound that are silence for good; the pauses inside a sentence are shorter."""
RESTING: Final = (0.5, 1.1)
"""Seconds after an interrupt between which the mouth rests, or never will. Later what is felt may
pass, and with it the shape of the mouth."""
WATCH: Final = 1.5
"""Seconds after an interrupt during which a scripted face is watched."""
JUST_BEFORE: Final = 0.15
"""An interrupt counts for the timing when there was sound so shortly before it."""
PATIENCE: Final = 15.0
"""Seconds until an avatar that does not answer is taken to be wedged."""
GIVE_UP: Final = 3
"""Wedges in a row after which the rest is not tried."""
MEMORY: Final = 5.0
"""Seconds of sound and picture that are kept."""


@dataclass(frozen=True)
class Witness:
    """Ears and eyes of one participant."""

    ears: Ears
    eyes: Eyes

    def forget(self, before: float) -> None:
        """Let go of what came more than :data:`MEMORY` earlier."""
        self.ears.forget(before - MEMORY)
        self.eyes.forget(before - MEMORY)


@asynccontextmanager
async def witness(room: rtc.Room) -> AsyncIterator[Witness]:
    """Hear and see everything in a room."""
    found = Witness(Ears(room), Eyes(room, openness))
    try:
        yield found
    finally:
        await found.ears.aclose()
        await found.eyes.aclose()


@dataclass
class Tally:
    """All times are seconds."""

    tried: int = 0
    wedges: int = 0
    silence: list[float] = field(default_factory=list)
    """From the decision to silence for good."""
    mouth: list[float] = field(default_factory=list)
    """From the decision to the mouth shut for good."""
    onset: list[float] = field(default_factory=list)
    """From the first sound of a spoken interrupt to silence."""
    buffer: float | None = None
    """What the listener's own jitter buffer takes of each silence."""
    _in_a_row: int = 0

    @property
    def hopeless(self) -> bool:
        return self._in_a_row >= GIVE_UP

    def answered(self) -> None:
        """It spoke again."""
        self._in_a_row = 0

    def wedged(self, what: str) -> None:
        """It did not, or it did not stop."""
        self.wedges += 1
        self._in_a_row += 1
        print(f"wedged after {self.tried} interrupts: {what}", file=sys.stderr, flush=True)

    def note(
        self, seen: Witness, levels: MouthLevels, decision: float, until: float
    ) -> float | None:
        """Take the times of one interrupt; answers that of the silence, None without sound."""
        since = decision - 1
        loud = sorted(at for track in seen.ears.tracks for at in track.loud_packets(since, until))
        silence = cut_off(loud, decision, calm=CALM, before=JUST_BEFORE)
        if silence is None:
            return None
        self.silence.append(silence)
        mouths = seen.eyes.mouth(since, until)
        begin, end = (decision + after for after in RESTING)
        resting = mouths[(mouths[:, 0] > begin) & (mouths[:, 0] < end)]
        opened = open_times(
            before_smile(mouths, levels, decision, end), levels.with_expression(resting)
        )
        mouth = cut_off(opened, decision, calm=CALM, before=JUST_BEFORE)
        if mouth is not None:
            self.mouth.append(mouth)
        return silence

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Each key begins with ``prefix``."""
        found: dict[str, float] = {"interrupts": self.tried, "wedges": self.wedges}
        if self.buffer is not None:
            found["listener_buffer_ms"] = 1000 * self.buffer
        for name in ("silence", "mouth", "onset"):
            if values := getattr(self, name):
                found |= percentiles(1000 * value for value in values).metrics(name)
        return {prefix + key: value for key, value in found.items()}
