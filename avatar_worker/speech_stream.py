"""A segment of speech as it arrives: one ByteStream, as PCM or Opus, whose trailer may be lost."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from avatar_worker.player import Player, SpeechReader, VoiceError
from visavis.opus import SpeechDecoder
from visavis.protocol import STREAM_ENCODING

STREAM_IDLE: Final = 10.0
"""Seconds without a byte, and with nothing left to say or as much as after the last such time,
after which a stream's trailer is taken for lost. What has run dry holds back a rest that is shorter
than the lead of lip-sync."""


class PcmReader:
    """int16 little-endian, interleaved; a sample may be cut between two pieces."""

    def __init__(self, rate: int, channels: int) -> None:
        self.rate = rate
        self._channels = channels
        self._rest = b""

    def push(self, data: bytes) -> NDArray[np.int16]:
        """(n, channels)."""
        data = self._rest + data
        whole = len(data) - len(data) % (2 * self._channels)
        self._rest = data[whole:]
        return np.frombuffer(data[:whole], "<i2").reshape(-1, self._channels)


def open_reader(attributes: Mapping[str, str]) -> SpeechReader:
    """Raises :class:`VoiceError`."""
    if (encoding := attributes.get(STREAM_ENCODING, "")) == "opus":
        return SpeechDecoder()
    if encoding:
        raise VoiceError(f"a speech stream is PCM or opus, not {encoding!r}")
    with contextlib.suppress(KeyError, ValueError):
        rate, channels = int(attributes["sample_rate"]), int(attributes["num_channels"])
        if 8_000 <= rate <= 192_000 and 1 <= channels <= 8:
            return PcmReader(rate, channels)
    raise VoiceError(
        "a speech stream needs sample_rate (8000 to 192000) and num_channels (1 to 8), "
        f"not {attributes.get('sample_rate')!r} and {attributes.get('num_channels')!r}"
    )


async def chunks(
    reader: rtc.ByteStreamReader, over: asyncio.Event, player: Player, segment: int
) -> AsyncIterator[bytes]:
    """What comes of the stream, until it ends, ``over`` is set, or it has been idle too long."""
    hurry = asyncio.ensure_future(over.wait())
    chunk: asyncio.Future[bytes | None] | None = None
    ahead = math.inf
    try:
        while True:
            chunk = chunk or asyncio.ensure_future(anext(reader, None))
            waiting: set[asyncio.Future[Any]] = {chunk, hurry}
            await asyncio.wait(waiting, timeout=STREAM_IDLE, return_when=asyncio.FIRST_COMPLETED)
            if chunk.done():
                data, chunk, ahead = chunk.result(), None, math.inf
                if data is None:
                    return
                yield data
            elif hurry.done():
                return
            elif not player.playhead.paused:
                before, ahead = ahead, player.ahead(segment)
                if ahead in (0.0, before):
                    return
    finally:
        hurry.cancel()
        if chunk is not None:
            chunk.cancel()
