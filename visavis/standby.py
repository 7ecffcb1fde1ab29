"""The source of a track that waits to be heard: while it does, it costs nothing.

LiveKit's own source sends silence for ever, which WebRTC encodes and a server carries: 0.02 of a
core for each room. This one stops after a while and mutes its track. Without the latter, a
listener's jitter buffer takes a short rest for a delay of the network and grows by its length; a
LiveKit server skips the time of one that is muted.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Final, Protocol

from livekit import rtc

from .segment import RATE, WIDTH

logger = logging.getLogger("visavis.voice")

TICK: Final = RATE // 100
"""Samples (10 ms) that are released at once, as WebRTC takes them."""
REST: Final = 5.0
"""Seconds of silence after which the track rests."""
ROUSING: Final = 0.06
"""Seconds that the first sound after a rest waits: the word that the track is no longer muted goes
another way, and a server drops what comes before it. Without this up to 20 ms were lost."""
IN_VAIN: Final = 1.0
"""Seconds after which one that was roused for nothing rests again."""
LATE: Final = 0.05
"""Seconds behind time at which it is not made up for any more."""


class Track(Protocol):
    """What is needed of ``rtc.LocalAudioTrack``."""

    def mute(self) -> None: ...

    def unmute(self) -> None: ...


class StandbySource:
    """Releases what it is given in real time, on a thread of its own.

    A :class:`.plain_voice.Source`, mono at :data:`.RATE`. It sends silence from the start, by which
    a server gets to know its track, and rests from :meth:`let_rest` on where there is nothing to
    hear.
    """

    def __init__(self, rest: float = REST) -> None:
        """``rest``: seconds of silence after which it rests."""
        self._rest = rest
        self._loop = asyncio.new_event_loop()
        self.source = rtc.AudioSource(RATE, 1, queue_size_ms=0, loop=self._loop)
        """For the track."""
        self._lock = threading.Lock()
        self._queue = bytearray()
        self._silent = 0
        """Samples of silence since the last sound."""
        self._track: Track | None = None
        self._closed = False
        self._flows = False
        self._thread: threading.Thread | None = None
        self._flow()

    def let_rest(self, track: Track) -> None:
        """``track`` is published."""
        with self._lock:
            self._track, self._silent = track, 0

    def close(self) -> None:
        """Nobody will hear it any more."""
        with self._lock:
            self._closed = True
            if not self._flows:
                self._loop.close()

    @property
    def queued_duration(self) -> float:
        with self._lock:
            return len(self._queue) / (WIDTH * RATE)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        with self._lock:
            self._wake()
            self._silent = 0
            self._queue += frame.data

    def rouse(self) -> None:
        """Something to be heard may come at any moment: be awake by then.

        Nothing but silence is sent; where nothing comes, it rests again :data:`IN_VAIN` seconds
        after the last call.
        """
        with self._lock:
            self._wake()
            self._silent = min(self._silent, max(0, round((self._rest - IN_VAIN) * RATE)))

    def clear_queue(self) -> None:
        with self._lock:
            self._queue.clear()

    def _wake(self) -> None:
        if self._flows or self._closed:
            return
        if self._track is not None:
            self._track.unmute()
        self._flow(ROUSING)

    def _flow(self, after: float = 0.0) -> None:
        self._flows = True
        self._thread = threading.Thread(
            target=self._run, args=(self._thread, after), name="visavis-standby", daemon=True
        )
        self._thread.start()

    def _run(self, before: threading.Thread | None, after: float) -> None:
        if before is not None:
            before.join()  # it is about to leave the loop
        try:
            self._loop.run_until_complete(self._release(after))
        except Exception as error:
            logger.warning("the agent's own voice was cut off: %s", error)
            with self._lock:
                self._flows = False
                self._queue.clear()
        with self._lock:
            if self._closed and not self._loop.is_closed():
                self._loop.close()

    async def _release(self, after: float) -> None:
        await asyncio.sleep(after)
        due = time.monotonic()
        while (piece := self._take()) is not None:
            await self.source.capture_frame(rtc.AudioFrame(piece, RATE, 1, TICK))
            due += TICK / RATE
            due = max(due, time.monotonic() - LATE)
            await asyncio.sleep(due - time.monotonic())

    def _take(self) -> bytes | None:
        """10 ms; None: it rests from now on."""
        with self._lock:
            piece = bytes(self._queue[: TICK * WIDTH])
            del self._queue[: TICK * WIDTH]
            self._silent = 0 if piece else self._silent + TICK
            if self._closed:
                return None
            if self._track is not None and self._silent >= self._rest * RATE:
                self._track.mute()
                self._flows = False
                return None
            return piece.ljust(TICK * WIDTH, b"\0")
