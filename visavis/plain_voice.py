"""The agent's own voice in the room: what speaks while there is no face.

It is published ahead of need and silent until used.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, runtime_checkable

import numpy as np
from livekit import rtc

from .segment import RATE, WIDTH, Leg
from .speech import Speech
from .waiting import rest

logger = logging.getLogger("visavis.voice")

PIECE: Final = RATE // 50
"""Samples (20 ms) that are pushed at once."""
AHEAD: Final = 0.3
"""Seconds that are pushed ahead: what the agent's event loop may be late. An interrupt takes it
back all the same; only a new face has to begin beyond it."""
QUEUE_MS: Final = 600
"""Room in the source, so that pushing never waits."""
FADE: Final = RATE // 50
"""Samples (20 ms) of each fade."""


class Source(Protocol):
    """What is needed of ``rtc.AudioSource``."""

    @property
    def queued_duration(self) -> float: ...

    async def capture_frame(self, frame: rtc.AudioFrame) -> None: ...

    def clear_queue(self) -> None: ...


@runtime_checkable
class Sleeper(Protocol):
    """A source that rests while nothing is heard."""

    def rouse(self) -> None:
        """Be awake, in silence, for what may come."""

    def close(self) -> None:
        """Nobody will hear it any more."""


class PlainVoice:
    """A route into the room that needs nobody else.

    Args:
        speech: Whom to tell.
        publish: Makes the track known in the room and answers its source, at :data:`.RATE`, mono.
            Called once, by :meth:`prepare` or when the first sound is due.
        wall: Unix time.
        rest: Waits until the event is set, or for so many seconds.
    """

    can_pause = True

    def __init__(
        self,
        speech: Speech,
        publish: Callable[[], Awaitable[Source]],
        wall: Callable[[], float] = time.time,
        rest: Callable[[asyncio.Event, float], Awaitable[None]] = rest,
    ) -> None:
        self._speech = speech
        self._publish = publish
        self._wall = wall
        self._rest = rest
        self._source: Source | None = None
        self._publishing: asyncio.Future[Source] | None = None
        self._leg: Leg | None = None
        self._audio = bytearray()
        self._pushed = 0
        """Samples of the leg that are in the source or were heard."""
        self._tail = b""
        """The fade-out of what was stopped, which has to sound first."""
        self._fade_in = False
        self._paused = False
        self._changed = asyncio.Event()
        self.silent = asyncio.Event()
        """Nothing sounds this way, nor waits to."""
        self.silent.set()

    async def prepare(self) -> Source:
        """Publish the track, if it is not yet. Raises what the room raises."""
        if self._publishing is None:
            self._publishing = asyncio.ensure_future(self._publish())
        try:
            self._source = await asyncio.shield(self._publishing)
        except Exception:
            self._publishing = None  # the next word tries again
            raise
        return self._source

    def rouse(self) -> None:
        """It may have to speak in a moment: what rests wakes up now. Nothing is heard of it."""
        if isinstance(self._source, Sleeper):
            self._source.rouse()

    async def run(self) -> None:
        """Until cancelled. What rests is closed then."""
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                try:
                    await self._play(await self.prepare())
                except Exception:
                    logger.exception("the agent's own voice cannot be heard")
                    if (leg := self._leg) is not None:
                        self._end(leg, self.position(leg), interrupted=True)
        finally:
            if self._publishing is not None:
                self._publishing.cancel()
            if isinstance(self._source, Sleeper):
                self._source.close()

    def open(self, leg: Leg) -> None:
        self._leg, self._audio, self._pushed = leg, bytearray(), 0
        self._fade_in = leg.offset > 0
        self.silent.clear()

    def send(self, leg: Leg, audio: bytes) -> None:
        if leg is self._leg:
            self._audio += audio
            self._changed.set()

    def close(self, leg: Leg) -> None:
        self._changed.set()

    def cuttable(self, leg: Leg) -> int | None:
        return self._pushed

    def cut(self, leg: Leg, at: int) -> None:
        if leg is self._leg:
            del self._audio[at * WIDTH :]
            self._changed.set()

    def position(self, leg: Leg) -> int:
        if leg is not self._leg:
            return 0
        return max(0, self._pushed - round(self._queued() * RATE))

    def clear(self, leg: Leg) -> None:
        self._paused = False
        if leg is self._leg:
            heard = self._stop(leg)
            self._end(leg, heard, interrupted=True)

    def pause(self) -> None:
        self._paused = True
        if self._leg is not None:
            self._pushed = self._stop(self._leg)

    def resume(self) -> None:
        self._fade_in = self._fade_in or self._paused
        self._paused = False
        self._changed.set()

    def _queued(self) -> float:
        return 0.0 if self._source is None else self._source.queued_duration

    def _stop(self, leg: Leg) -> int:
        """Fall silent over 20 ms; answers the samples of ``leg`` that are heard with these."""
        heard = self.position(leg)
        if self._source is None or heard >= self._pushed:
            return heard
        self._source.clear_queue()
        end = min(heard + FADE, self._pushed)
        sounding = np.frombuffer(bytes(self._audio[heard * WIDTH : end * WIDTH]), np.int16)
        self._tail = (sounding * np.linspace(1, 0, len(sounding))).astype(np.int16).tobytes()
        self._changed.set()
        return end

    async def _play(self, source: Source) -> None:
        while True:
            self._changed.clear()
            if self._tail:
                tail, self._tail = self._tail, b""
                await _push(source, tail)
            leg = self._leg
            if leg is None or self._paused:
                return
            piece = bytes(self._audio[self._pushed * WIDTH : (self._pushed + PIECE) * WIDTH])
            if piece:
                if not self._pushed:
                    self._speech.started(leg, self._wall() + source.queued_duration)
                self._pushed += len(piece) // WIDTH
                await _push(source, self._shaped(piece))
                while not self._tail and (early := source.queued_duration - AHEAD) > 0:
                    self._changed.clear()
                    await self._rest(self._changed, early)
            elif not leg.closed:
                return
            elif (queued := source.queued_duration) > 0:
                await self._rest(self._changed, queued)
            else:
                self._end(leg, self._pushed, interrupted=False)

    def _shaped(self, piece: bytes) -> bytes:
        if not self._fade_in:
            return piece
        self._fade_in = False
        sound = np.frombuffer(piece, np.int16)
        return (sound * np.linspace(0, 1, len(sound))).astype(np.int16).tobytes()

    def _end(self, leg: Leg, heard: int, *, interrupted: bool) -> None:
        self._leg = None
        self.silent.set()
        self._speech.ended(leg, heard, interrupted=interrupted)


async def _push(source: Source, audio: bytes) -> None:
    await source.capture_frame(rtc.AudioFrame(audio, RATE, 1, len(audio) // WIDTH))
