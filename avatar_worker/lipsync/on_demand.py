"""Lip-sync that rests while nobody watches the mouth."""

from __future__ import annotations

import threading

from avatar_worker.lipsync.base import Audio, LipSync, LipSyncFactory, Weights
from avatar_worker.lipsync.still import StillLips


class LipsOnDemand:
    """A :class:`~avatar_worker.lipsync.base.LipSync` for a voice whose face is seldom seen.

    Whoever is woken, or sent to rest, in the middle of a segment changes at its end: a model must
    hear a segment from its first sample on.
    """

    def __init__(self, factory: LipSyncFactory) -> None:
        self._factory = factory
        self._real: LipSync | None = None
        self._next: LipSync = StillLips()
        self._now: LipSync = self._next
        self._fresh = True
        self._changing = threading.Lock()

    @property
    def name(self) -> str:
        return self._next.name

    @property
    def lead(self) -> float:
        return self._next.lead

    def wake(self) -> None:
        """Move the mouth from the next segment on. The first time, it loads the model: blocking.

        From any thread. Raises as :meth:`LipSyncFactory.create`.
        """
        with self._changing:
            if self._real is None:
                self._real = self._factory.create()
            self._next = self._real

    def rest(self) -> None:
        """Move it no more from the next segment on. From any thread."""
        self._next = StillLips()

    def push(self, pcm: Audio) -> Weights:
        if self._fresh:
            self._now, self._fresh = self._next, False
        return self._now.push(pcm)

    def finish(self) -> Weights:
        self._fresh = True
        return self._now.finish()

    def reset(self) -> None:
        self._fresh = True
        self._now.reset()
