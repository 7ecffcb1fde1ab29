"""Counts requests in moving windows, in this process.

The memory storage of :mod:`limits` looks through all that it holds at every request; under a flood
from many addresses that costs more than what the flood asks for.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

MOST_KEYS: Final = 100_000
"""Who came longest ago is forgotten first."""


@dataclass
class _Window:
    seconds: float
    hits: deque[float] = field(default_factory=deque)
    """Oldest first."""

    def drop_old(self, now: float) -> None:
        while self.hits and self.hits[0] <= now - self.seconds:
            self.hits.popleft()


class MemoryWindows:
    """A window a key; keys that were not used for its length are dropped as others come."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock``: seconds."""
        self._clock = clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def hit(self, key: str, most: int, seconds: float) -> float | None:
        """Count a request of ``key``, which may make ``most`` in ``seconds``. Where it is one too
        many it is not counted: the seconds to wait for the next."""
        now = self._clock()
        self._drop_idle(now)
        window = self._windows.setdefault(key, _Window(seconds))
        self._windows.move_to_end(key)
        window.drop_old(now)
        if len(window.hits) >= most:
            return window.hits[0] + seconds - now
        window.hits.append(now)
        return None

    def _drop_idle(self, now: float) -> None:
        """Two for each that may come: nothing is left to do all at once."""
        for _ in range(2):
            if not self._windows:
                return
            key, window = next(iter(self._windows.items()))
            window.drop_old(now)
            if window.hits and len(self._windows) < MOST_KEYS:
                return
            del self._windows[key]
