"""Counts requests in moving windows, in this process, for :mod:`limits`.

Its own memory storage looks through all that it holds at every request; under a flood from many
addresses that costs more than what the flood asks for.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from limits.aio.storage import MovingWindowSupport, Storage

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


class MemoryWindows(Storage, MovingWindowSupport):
    """A window a key; keys that were not used for its length are dropped as others come."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock``: Unix seconds."""
        super().__init__()
        self._clock = clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = self._clock()
        self._drop_idle(now)
        window = self._windows.setdefault(key, _Window(expiry))
        self._windows.move_to_end(key)
        window.drop_old(now)
        if len(window.hits) + amount > limit:
            return False
        window.hits.extend([now] * amount)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """When its first request came, and how many there were."""
        now = self._clock()
        window = self._windows.get(key)
        if window is not None:
            window.drop_old(now)
        if window is None or not window.hits:
            return now, 0
        return window.hits[0], len(window.hits)

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

    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    async def reset(self) -> int:
        count = len(self._windows)
        self._windows.clear()
        return count

    async def check(self) -> bool:
        return True

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("fixed windows are not counted here")

    async def get(self, key: str) -> int:
        raise NotImplementedError("fixed windows are not counted here")

    async def get_expiry(self, key: str) -> float:
        raise NotImplementedError("fixed windows are not counted here")
