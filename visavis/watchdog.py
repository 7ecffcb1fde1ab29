"""Is the avatar alive? Judged by the signs of life that it sends.

Time is counted in the agent's own ticks: while the agent itself is stalled or reconnecting,
nobody can be declared dead.
"""

from __future__ import annotations

from typing import Final

TICK: Final = 0.1
"""Seconds between ticks."""
SPEAKING: Final = 6
"""Ticks without a sign after which an avatar that speaks is dead. ICE would take 10 to 15 s."""
SILENT: Final = 20
"""The same while it has nothing to say: nobody notices, and a busy machine gets its chance."""
FIRST: Final = 80
"""Ticks that the first sign may take (an avatar waits up to 3 s for a listener), and the first one
after the agent was cut off itself."""


class Watchdog:
    """Counts ticks since the last sign."""

    def __init__(self) -> None:
        self._missed = 0
        self._trusting = True

    def sign(self) -> None:
        self._missed, self._trusting = 0, False

    def tick(self, *, speaking: bool, connected: bool) -> bool:
        """True: it is dead. ``connected``: the agent itself is."""
        if not connected:
            self._missed, self._trusting = 0, True
            return False
        self._missed += 1
        limit = SPEAKING if speaking else SILENT
        return self._missed >= (FIRST if self._trusting else limit)
