"""Speech on its way to the player: bytes in, sound at 48 kHz and weights out."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_worker.lipsync import LipSync, Resampler
from avatar_worker.lipsync.base import BLOCK, no_frames
from avatar_worker.lipsync.base import Audio as Audio16
from avatar_worker.lipsync.prosody import Prosodic
from avatar_worker.player.player import Player
from avatar_worker.player.segment import SAMPLE_RATE, Audio, Weights

logger = logging.getLogger("visavis.player")

_NO_SOUND: Audio = np.zeros(0, np.int16)
_PIECE: Final = 2 * BLOCK
"""Samples that lip-sync is given at once: more than the embedded one waits for."""


class SpeechReader(Protocol):
    """What makes sound of one segment's bytes."""

    rate: int
    """Hz."""

    def push(self, data: bytes) -> NDArray[np.int16]:
        """(n,) or (n, channels). Raises ValueError where it cannot be such speech."""
        ...


class VoiceError(ValueError):
    """A segment of speech cannot be played; the text says why."""


class Voice:
    """Feeds one room's speech to its player, a segment at a time.

    The work is done on a thread of its own, in order.
    """

    def __init__(self, player: Player, lips: LipSync) -> None:
        self._player = player
        self._lips = Prosodic(lips)
        self._heard = Resampler(SAMPLE_RATE)
        self._read = Resampler()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="visavis-lips")
        self._lips_failed = False

    async def push(self, segment: int, data: bytes, speech: SpeechReader) -> None:
        """More of a segment, which ``speech`` reads from its beginning. Raises what that does."""
        await asyncio.get_running_loop().run_in_executor(
            self._thread, self._push, segment, data, speech
        )

    async def close(self, segment: int) -> None:
        """The segment has arrived in full."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close, segment)

    async def reset(self) -> None:
        """The segment is over, whatever of it is still inside."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._reset)

    def aclose(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _push(self, segment: int, data: bytes, speech: SpeechReader) -> None:
        pcm, rate = speech.push(data), speech.rate
        if self._player.push(segment, _to_int16(self._heard.push(pcm, rate)), no_frames()):
            self._move_lips(segment, self._read.push(pcm, rate))

    def _close(self, segment: int) -> None:
        if self._player.push(segment, _to_int16(self._heard.flush()), no_frames()):
            self._move_lips(segment, self._read.flush())
            self._player.push(segment, _NO_SOUND, self._ask_lips(self._lips.finish))
            self._player.close(segment)
        self._reset()

    def _reset(self) -> None:
        self._heard.flush()
        self._read.flush()
        self._lips.reset()

    def _move_lips(self, segment: int, pcm: Audio16) -> None:
        # In pieces: the first frames of much sound at once shall not wait for the last.
        for start in range(0, len(pcm), _PIECE):
            piece = pcm[start : start + _PIECE]
            frames = self._ask_lips(functools.partial(self._lips.push, piece))
            if not self._player.push(segment, _NO_SOUND, frames):
                return

    def _ask_lips(self, ask: Callable[[], Weights]) -> Weights:
        try:
            return ask()
        except Exception:
            if not self._lips_failed:
                logger.exception("lip-sync failed; the voice goes on with a still mouth")
            self._lips_failed = True
            return no_frames()


def _to_int16(sound: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Audio:
    return (np.clip(sound, -1, 1) * 32767).astype(np.int16)
