"""Sound on its way into LiveKit's native library, 10 ms at a time.

LiveKit's ``AudioSource`` waits for an answer to each 10 ms, which comes as an event to everything
in the process that listens to events: the thread that feeds it and the room's loop wake for it, a
hundred times a second. Half of what it took to release sound went there (livekit 1.1.21). The
library copies the samples before it returns; only the next sound waits until those before it were
taken, which is long since, for two tasks at once may change places.
"""

from __future__ import annotations

import asyncio
import ctypes
import functools
import logging
import queue
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from livekit import rtc

from avatar_worker.player.segment import SAMPLE_RATE, Audio
from visavis.native_log import OTHERWISE, hear_native

logger = logging.getLogger("visavis.player")

CAPTURED: Final = SAMPLE_RATE // 100
"""Samples that a source without a queue takes at once."""
_OURS: Final = 1 << 62
"""From here on are the ids of our requests, one a source; the library's own count from 1."""
_LONGEST: Final = 64
"""Bytes that the answer to one of our requests has at most."""
_PATIENCE: Final = 0.2
"""Seconds until what was handed over is taken, and everybody is told so."""
_BRIEFLY: Final = 0.005
"""The same while that is in vain: two tasks need less, and change places only where both wait."""


def open_sound(source: rtc.AudioSource) -> Callable[[Audio], None]:
    """What takes sound for ``source``, (n,) in whole :data:`CAPTURED`, from one thread of any.

    ``source`` has no queue, and belongs to the loop that calls this. What is answered raises
    RuntimeError where the source is gone.
    """
    try:
        return _NativeSound(source).play
    except OTHERWISE as error:
        logger.warning("to release sound costs more than it need: %s", error)
    loop = asyncio.get_running_loop()

    def play(audio: Audio) -> None:
        for piece in _pieces(audio):
            frame = rtc.AudioFrame(piece.tobytes(), SAMPLE_RATE, 1, len(piece))
            capturing = asyncio.run_coroutine_threadsafe(source.capture_frame(frame), loop)
            try:
                capturing.result(_PATIENCE)
            finally:
                capturing.cancel()

    return play


class _NativeSound:
    """The same request again and again, of other samples at the same place."""

    def __init__(self, source: rtc.AudioSource) -> None:
        """Raises :data:`~visavis.native_log.OTHERWISE`."""
        from livekit.rtc._ffi_client import FfiClient
        from livekit.rtc._proto import ffi_pb2

        self._samples = np.zeros(CAPTURED, np.int16)
        request = ffi_pb2.FfiRequest()
        capture = request.capture_audio_frame
        capture.source_handle = source._ffi_handle.handle
        capture.request_async_id = _OURS + capture.source_handle
        capture.buffer.data_ptr = self._samples.ctypes.data
        capture.buffer.sample_rate = SAMPLE_RATE
        capture.buffer.num_channels = 1
        capture.buffer.samples_per_channel = CAPTURED
        bytes_ = request.SerializeToString()
        self._request = (ctypes.c_ubyte * len(bytes_)).from_buffer_copy(bytes_)
        self._answer = ctypes.POINTER(ctypes.c_ubyte)()
        self._length = ctypes.c_size_t()
        self._library = FfiClient.instance._ffi_lib
        taken = ffi_pb2.FfiEvent()
        taken.capture_audio_frame.async_id = capture.request_async_id
        answers = _answers()
        hear_native(answers.callback)
        self._taken = answers.expect(taken.SerializeToString())
        self._waiting = 0
        """Pieces that were handed over and perhaps not taken."""
        self._answers = True
        """All of a call were taken before the next, so far or again."""

    def play(self, audio: Audio) -> None:
        self._wait_for_those_before()
        for piece in _pieces(audio):
            self._samples[:] = piece
            handle = self._library.livekit_ffi_request(
                self._request,
                len(self._request),
                ctypes.byref(self._answer),
                ctypes.byref(self._length),
            )
            if not handle:
                raise RuntimeError("LiveKit's audio source takes no more sound")
            self._library.livekit_ffi_drop_handle(handle)
            self._waiting += 1

    def _wait_for_those_before(self) -> None:
        """Only briefly after it was in vain, until all of them were taken."""
        try:
            while self._waiting:
                self._taken.get(timeout=_PATIENCE if self._answers else _BRIEFLY)
                self._waiting -= 1
            self._answers = True
        except queue.Empty:
            if self._answers:
                logger.warning("LiveKit is late to take sound; it is released all the same")
            self._answers = False


class _Answers:
    """LiveKit's own listener, which is not told that our sound was taken."""

    def __init__(self) -> None:
        from livekit.rtc._ffi_client import ffi_cb_fnc, ffi_event_callback

        self.callback = ffi_cb_fnc(self._listen)
        """A C function."""
        self._pass_on = ffi_event_callback
        self._expected: dict[bytes, queue.SimpleQueue[None]] = {}

    def expect(self, event: bytes) -> queue.SimpleQueue[None]:
        """What gets an entry for each such event."""
        taken = self._expected[event] = queue.SimpleQueue()
        return taken

    def _listen(self, data: Any, length: int) -> None:
        known = self._expected.get(ctypes.string_at(data, length)) if length < _LONGEST else None
        if known is None:
            self._pass_on(data, length)
        else:
            known.put(None)


def _pieces(audio: Audio) -> list[Audio]:
    return [audio[start : start + CAPTURED] for start in range(0, len(audio), CAPTURED)]


@functools.cache
def _answers() -> _Answers:
    """One for the process: the library may tell of a source as long as it lives."""
    return _Answers()
