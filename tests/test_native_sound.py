"""Sound on its way into LiveKit's native library, without a word back."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from livekit import rtc
from livekit.rtc._ffi_client import FfiClient

from avatar_worker.player import native_sound
from avatar_worker.player.native_sound import CAPTURED, open_sound
from avatar_worker.player.segment import SAMPLE_RATE, Audio

PIECES = 40
SOUND = np.arange(1, PIECES * CAPTURED + 1, dtype=np.int16)


@asynccontextmanager
async def a_source() -> AsyncIterator[rtc.AudioSource]:
    source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=0)
    try:
        yield source
    finally:
        await source.aclose()


async def hear(source: rtc.AudioSource, play: Callable[[Audio], None]) -> Audio:
    """What a track of ``source`` got of :data:`SOUND`, two pieces at once, from another thread."""
    track = rtc.LocalAudioTrack.create_audio_track("voice", source)
    stream = rtc.AudioStream(track, sample_rate=SAMPLE_RATE, num_channels=1)
    try:
        for start in range(0, len(SOUND), 2 * CAPTURED):
            await asyncio.to_thread(play, SOUND[start : start + 2 * CAPTURED])
        heard = np.zeros(0, np.int16)
        async with asyncio.timeout(30):
            async for event in stream:
                heard = np.concatenate([heard, np.frombuffer(event.frame.data, np.int16)])
                if len(heard) >= len(SOUND):
                    break
        return heard
    finally:
        await stream.aclose()


async def test_no_sample_is_lost_or_changes_its_place_though_nobody_waits() -> None:
    async with a_source() as source:
        assert np.array_equal(await hear(source, open_sound(source)), SOUND)


async def test_nobody_wakes_for_sound_that_was_taken() -> None:
    async with a_source() as source, a_source() as other:
        play = open_sound(source)
        events = FfiClient.instance.queue.subscribe()
        try:
            for _ in range(PIECES):
                play(SOUND[:CAPTURED])
            # Who waits for an answer still gets it, after those that nobody waits for.
            frame = rtc.AudioFrame(bytes(2 * CAPTURED), SAMPLE_RATE, 1, CAPTURED)
            async with asyncio.timeout(30):
                await other.capture_frame(frame)
                first = await events.get()
        finally:
            FfiClient.instance.queue.unsubscribe(events)
        assert first.WhichOneof("message") == "capture_audio_frame"
        assert first.capture_audio_frame.async_id != native_sound._OURS and events.empty()


@pytest.mark.parametrize("error", [AttributeError, ImportError, ctypes.ArgumentError])
async def test_a_livekit_that_is_another_inside_is_spoken_through_as_its_own_users_do(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: object) -> None:
        raise error("no such thing")

    monkeypatch.setattr(native_sound, "hear_native", refuse)
    async with a_source() as source:
        assert np.array_equal(await hear(source, open_sound(source)), SOUND)
    assert "more than it need" in caplog.text


async def test_sound_for_a_source_that_is_gone_is_an_error_and_no_crash() -> None:
    async with a_source() as source:
        play = open_sound(source)
    with pytest.raises(RuntimeError, match="takes no more"):
        play(SOUND[:CAPTURED])
