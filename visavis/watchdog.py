"""Is the avatar alive? Judged by the signs of life that it sends.

Time is counted in the agent's own ticks: while the agent itself is stalled or reconnecting,
nobody can be declared dead.
"""

from __future__ import annotations

from typing import Final

from .protocol import ALIVE_AT_REST

TICK: Final = 0.1
"""Seconds between ticks."""
SPEAKING: Final = 6
"""Ticks without a sign after which an avatar that speaks is dead. ICE would take 10 to 15 s."""
STARTING: Final = 12
"""The same while it begins to speak: a burst of speech to understand keeps it busy."""
SILENT: Final = 20
"""The same while it has nothing to say: nobody notices, and a busy machine gets its chance."""
AT_REST: Final = round(ALIVE_AT_REST / TICK)
"""Ticks from sign to sign while it has nothing to say."""
FIRST: Final = 80
"""Ticks that the first sign may take (an avatar waits up to 3 s for a listener), and the first one
after the agent was cut off itself."""
FORGETTING: Final = 0.995
"""Of the longest silence between signs, with each tick: half in 14 s. On a machine that is too busy
an avatar hesitates often, and to throw its face out for that would be worse."""


class Watchdog:
    """Counts ticks since the last sign."""

    def __init__(self) -> None:
        self._missed = 0
        self._limit = float(FIRST)
        self._trusting = True
        self._longest = 0.0

    @property
    def doubts(self) -> bool:
        """Half of the time to its death is over: longer than it was silent of late, as a rule, for
        the limit is more than twice that."""
        return 2 * self._missed >= self._limit

    def sign(self, *, at_rest: bool = False) -> None:
        """``at_rest``: it has nothing to say, and need not hurry."""
        self._longest = max(self._missed - AT_REST if at_rest else self._missed, self._longest)
        self._missed, self._trusting = 0, False

    def begin(self) -> None:
        """It has something to say from now on; how long ago its last sign was tells nothing."""
        self._missed = 0

    def tick(self, patience: int, *, connected: bool) -> bool:
        """True: it is dead, after ``patience`` ticks or a little more than twice what it took
        between signs of late. ``connected``: the agent itself is."""
        if not connected:
            self._missed, self._trusting = 0, True
            return False
        self._missed += 1
        self._longest *= FORGETTING
        if self._trusting:
            self._limit = FIRST
        else:
            self._limit = max(patience, min(2 * self._longest + 2, SILENT))
        return self._missed >= self._limit
