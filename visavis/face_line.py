"""The line to one avatar: speech as ByteStreams, controls as RPCs, strictly one after the other.

So a clear can never reach the avatar before the stream that it clears, nor after one that it
must spare.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from livekit import rtc

from .opus import OpusError, SpeechEncoder, is_opus_here
from .pace import UNKNOWN, Pace
from .protocol import (
    RPC_CLEAR_BUFFER,
    RPC_PAUSE,
    RPC_RESUME,
    STREAM_ENCODING,
    STREAM_WANTS_ID,
    TOPIC_AUDIO_STREAM,
)
from .segment import RATE
from .waiting import rest

PIECE: Final = 2 * RATE // 20
"""Bytes (50 ms) that speech is cut into, and put together again by who sends it."""
LARGEST_WRITE: Final = 4 * PIECE
"""Bytes of PCM that are written at once, so that a clear does not wait for long."""
LARGEST_FIRST: Final = 5 * PIECE
"""The same of what an avatar waits for before it speaks. LiveKit cuts a stream at 15,000 bytes."""
AHEAD: Final = 2.0
"""Seconds that are sent before they are spoken, at most: at an interrupt, more would be in vain."""
WRITE_TIMEOUT: Final = 15.0
"""Seconds for one write; it waits while the network is slow and while the room reconnects."""
RPC_TIMEOUT: Final = 1.5
"""Seconds for an answer; the avatar answers at once."""
RPC_TRIES: Final = 3


class LineError(ConnectionError):
    """The avatar cannot be reached; the text says what failed."""


@dataclass(frozen=True)
class _Open:
    stream_id: str


@dataclass(frozen=True)
class _Write:
    stream_id: str
    audio: bytes


@dataclass(frozen=True)
class _Close:
    stream_id: str
    whole: bool = True
    """All of it was written."""


@dataclass(frozen=True)
class _Call:
    method: str


class FaceLine:
    """What is to be sent to one avatar. Nothing here blocks but :meth:`run`, which sends it."""

    def __init__(
        self,
        room: rtc.Room,
        identity: str,
        clock: Callable[[], float] = time.monotonic,
        *,
        opus: bool = False,
    ) -> None:
        """``opus``: the avatar reads it."""
        self._room = room
        self._identity = identity
        self._clock = clock
        self._todo: deque[_Open | _Write | _Close | _Call] = deque()
        self._more = asyncio.Event()
        self._writer: rtc.ByteStreamWriter | None = None
        self._opus = opus and is_opus_here()
        self._encoder: SpeechEncoder | None = None
        """Of the open stream, where it is not PCM."""
        self._pace = UNKNOWN
        self._first = 0
        """Bytes of the open stream that its avatar still waits for."""
        self._spoken_until = -math.inf
        """When what was written of the open stream will have been spoken, at the earliest."""
        self._rushed_until = -math.inf
        """When it would have been sent, at the pace's rush."""

    def expect(self, lead: float) -> None:
        """The avatar waits for so many seconds of a stream before it speaks."""
        self._pace = Pace.of(min(lead, AHEAD))

    def open(self, stream_id: str) -> None:
        self._add(_Open(stream_id))

    def write(self, stream_id: str, audio: bytes) -> None:
        """int16 mono at :data:`.RATE`."""
        for start in range(0, len(audio), PIECE):
            self._add(_Write(stream_id, audio[start : start + PIECE]))

    def close(self, stream_id: str) -> None:
        self._add(_Close(stream_id))

    def drop(self, stream_id: str) -> bool:
        """Send no more of a stream; answers whether the avatar may know of it."""
        known = _Open(stream_id) not in self._todo
        ours = (_Open, _Write, _Close)
        kept = [op for op in self._todo if not (isinstance(op, ours) and op.stream_id == stream_id)]
        self._todo = deque(kept)
        if known:
            self._add(_Close(stream_id, whole=False))
        return known

    def clear(self) -> None:
        self._add(_Call(RPC_CLEAR_BUFFER))

    def pause(self) -> None:
        self._add(_Call(RPC_PAUSE))

    def resume(self) -> None:
        self._add(_Call(RPC_RESUME))

    async def run(self) -> None:
        """Until cancelled. Raises :class:`LineError` when the avatar cannot be reached."""
        while True:
            await self._more.wait()
            self._more.clear()
            while self._todo:
                if (early := self._earliness()) > 0:
                    await self._rest(early)
                    continue
                match self._todo.popleft():
                    case _Call(method):
                        await self._call(method)
                    case operation:
                        try:
                            async with asyncio.timeout(WRITE_TIMEOUT):
                                await self._stream(operation)
                        except TimeoutError as error:
                            raise LineError("the avatar's stream of speech is stuck") from error
                        except (RuntimeError, ConnectionError, OpusError) as error:
                            raise LineError(f"the stream of speech broke: {error}") from error

    def _earliness(self) -> float:
        """Seconds until the next operation is due."""
        if not isinstance(self._todo[0], _Write):
            return 0.0
        return max(self._spoken_until - AHEAD, self._rushed_until) - self._clock()

    async def _rest(self, seconds: float) -> None:
        """Until then, or until there is more to do; controls do not wait for speech."""
        self._more.clear()
        calls = [operation for operation in self._todo if isinstance(operation, _Call)]
        if calls:
            self._todo.remove(calls[0])
            self._todo.appendleft(calls[0])
            return
        await rest(self._more, seconds)

    def _add(self, operation: _Open | _Write | _Close | _Call) -> None:
        self._todo.append(operation)
        self._more.set()

    async def _stream(self, operation: _Open | _Write | _Close) -> None:
        match operation:
            case _Open(stream_id):
                self._spoken_until = self._rushed_until = -math.inf
                self._first = round(self._pace.lead * RATE) * 2
                self._encoder = SpeechEncoder() if self._opus else None
                self._writer = await self._room.local_participant.stream_bytes(
                    name=stream_id,
                    stream_id=stream_id,
                    topic=TOPIC_AUDIO_STREAM,
                    destination_identities=[self._identity],
                    attributes={
                        "sample_rate": str(RATE),
                        "num_channels": "1",
                        STREAM_WANTS_ID: "1",
                        **({STREAM_ENCODING: "opus"} if self._encoder is not None else {}),
                    },
                )
            case _Write(stream_id, audio):
                least = min(self._first, LARGEST_FIRST)
                while self._todo and isinstance(more := self._todo[0], _Write):
                    if len(audio) >= least and len(audio) + len(more.audio) > LARGEST_WRITE:
                        break
                    audio += more.audio
                    self._todo.popleft()
                self._first -= len(audio)
                now, seconds = self._clock(), len(audio) / (2 * RATE)
                self._spoken_until = max(now, self._spoken_until) + seconds
                earliest = now - self._pace.at_once / self._pace.rush
                self._rushed_until = max(earliest, self._rushed_until) + seconds / self._pace.rush
                if self._writer is not None:
                    data = audio if self._encoder is None else self._encoder.push(audio)
                    if data:
                        await self._writer.write(data)
            case _Close(_, whole):
                writer, self._writer = self._writer, None
                if writer is not None:
                    if self._encoder is not None and whole:
                        await writer.write(self._encoder.finish())
                    await writer.aclose()

    async def _call(self, method: str) -> None:
        problem = ""
        for attempt in range(RPC_TRIES):
            await asyncio.sleep(0.1 * attempt)
            try:
                await self._room.local_participant.perform_rpc(
                    destination_identity=self._identity,
                    method=method,
                    payload="",
                    response_timeout=RPC_TIMEOUT,
                )
                return
            except Exception as error:  # a room that reconnects raises more than RpcError
                problem = str(error)
                if getattr(error, "code", None) in _HOPELESS:
                    break
        raise LineError(f"{method} failed: {problem}")


_HOPELESS: Final = (
    rtc.RpcError.ErrorCode.RECIPIENT_NOT_FOUND,
    rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD,
)
