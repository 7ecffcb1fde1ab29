"""Speech on its way to the player: bytes in, sound at 48 kHz and weights out."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from avatar_worker.lipsync import LipSync, Resampler
from avatar_worker.player.player import Player
from avatar_worker.player.timeline import SAMPLE_RATE, Audio


class VoiceError(ValueError):
    """A segment of speech cannot be played; the text says why."""


class Voice:
    """Feeds one room's speech to its player, a segment at a time.

    The work is done on a thread of its own, in order.
    """

    def __init__(self, player: Player, lips: LipSync) -> None:
        self._player = player
        self._lips = lips
        self._heard = Resampler(SAMPLE_RATE)
        self._read = Resampler()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="visavis-lips")
        self._rest = b""

    async def push(self, segment: int, data: bytes, rate: int, channels: int) -> None:
        """int16 little-endian PCM, interleaved; a sample may be cut between two calls."""
        await asyncio.get_running_loop().run_in_executor(
            self._thread, self._push, segment, data, rate, channels
        )

    async def close(self, segment: int) -> None:
        """The segment has arrived in full."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close, segment)

    async def reset(self) -> None:
        """The segment is over, whatever of it is still inside."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._reset)

    def aclose(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _push(self, segment: int, data: bytes, rate: int, channels: int) -> None:
        data = self._rest + data
        whole = len(data) - len(data) % (2 * channels)
        data, self._rest = data[:whole], data[whole:]
        pcm = np.frombuffer(data, "<i2").reshape(-1, channels)
        sound = _to_int16(self._heard.push(pcm, rate))
        frames = self._lips.push(self._read.push(pcm, rate))
        self._player.push(segment, sound, frames)

    def _close(self, segment: int) -> None:
        sound = _to_int16(self._heard.flush())
        frames = np.concatenate([self._lips.push(self._read.flush()), self._lips.finish()])
        self._player.push(segment, sound, frames)
        self._player.close(segment)
        self._rest = b""

    def _reset(self) -> None:
        self._heard.flush()
        self._read.flush()
        self._lips.reset()
        self._rest = b""


def _to_int16(sound: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Audio:
    return (np.clip(sound, -1, 1) * 32767).astype(np.int16)
