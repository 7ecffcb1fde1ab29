"""One inference at a time: a large model's streams take turns, and few of them wait."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, TypeVar

Answer = TypeVar("Answer")

WAITING: Final = 4
"""Requests that may wait."""
PATIENCE: Final = 1.0
"""Seconds that one waits at most."""
MEMORY: Final = 60.0
"""Seconds after which how long the last one took says nothing any more: a machine that was busy
gets another chance."""


class InferenceRefused(Exception):
    """There is no time for an inference; the text says why."""


class InferenceTurns:
    """Runs what it is asked to, one after another, in the order of asking. Thread-safe.

    May be made before a fork, as long as nothing runs then.
    """

    def __init__(
        self,
        most_waiting: int = WAITING,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most_waiting
        self._patience = patience
        self._clock = clock
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._running = False
        self._took = 0.0
        self._ended = 0.0

    @classmethod
    def without_hurry(cls) -> InferenceTurns:
        """For a mouth that nobody waits for: nothing is late."""
        return cls(patience=threading.TIMEOUT_MAX, clock=lambda: 0.0)

    @property
    def waiting(self) -> int:
        """Requests that wait at the moment."""
        with self._changed:
            return len(self._queue)

    @property
    def expected(self) -> float:
        """Seconds in which a request made now would be answered, if all take as long as the last.

        0 before the first one, and a minute after the last.
        """
        with self._changed:
            forgotten = self._clock() - self._ended > MEMORY
            return 0.0 if forgotten else self._took * (1 + self._ahead())

    @property
    def last(self) -> float:
        """Seconds that the last one took, however long ago; 0 before the first one."""
        with self._changed:
            return self._took

    def run(self, infer: Callable[[], Answer]) -> Answer:
        """Call ``infer`` when it is its turn; what it raises goes through.

        Raises :class:`InferenceRefused` where the queue is full, or the turn would come or did come
        too late.
        """
        self._begin()
        began = self._clock()
        try:
            return infer()
        finally:
            with self._changed:
                self._ended = self._clock()
                self._took = self._ended - began
                self._running = False
                self._changed.notify_all()

    def _ahead(self) -> int:
        return self._running + len(self._queue)

    def _begin(self) -> None:
        with self._changed:
            ahead = self._ahead()
            if len(self._queue) >= self._most and ahead:
                raise InferenceRefused(f"{len(self._queue)} others wait for the model already")
            if ahead * self._took > self._patience:
                raise InferenceRefused(
                    f"{ahead} before it would take {ahead * self._took:.1f} s, "
                    f"{self._patience:.1f} s are allowed"
                )
            ticket = object()
            self._queue.append(ticket)
            try:
                is_my_turn = self._changed.wait_for(
                    lambda: not self._running and self._queue[0] is ticket, self._patience
                )
                if not is_my_turn:
                    raise InferenceRefused(f"the model was not free within {self._patience:.1f} s")
                self._running = True
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()
