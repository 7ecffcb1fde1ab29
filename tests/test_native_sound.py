"""Sound on its way into LiveKit's native library, without a word back."""

from __future__ import annotations

import asyncio
import ctypes
import queue
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from livekit import rtc
from livekit.rtc._ffi_client import FfiClient

from avatar_worker.player import native_sound
from avatar_worker.player.native_sound import CAPTURED, open_sound
from avatar_worker.player.segment import SAMPLE_RATE, Audio
from visavis.native_log import keep_native_log_out

PIECES = 40
SOUND = np.arange(1, PIECES * CAPTURED + 1, dtype=np.int16)


@asynccontextmanager
async def a_source() -> AsyncIterator[rtc.AudioSource]:
    source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=0)
    try:
        yield source
    finally:
        await source.aclose()


async def hear(
    source: rtc.AudioSource, play: Callable[[Audio], None], at_once: int = 2 * CAPTURED
) -> Audio:
    """What a track of ``source`` got of :data:`SOUND`, ``at_once`` a call, from another thread."""
    track = rtc.LocalAudioTrack.create_audio_track("voice", source)
    stream = rtc.AudioStream(track, sample_rate=SAMPLE_RATE, num_channels=1)
    try:
        for start in range(0, len(SOUND), at_once):
            await asyncio.to_thread(play, SOUND[start : start + at_once])
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


async def test_what_is_caught_up_on_after_a_stall_does_not_change_places() -> None:
    """Two tasks of LiveKit's may; so none is given before those of the last call are over."""
    given: list[int] = []
    async with a_source() as source:
        sound = native_sound._NativeSound(source)
        taken, request = sound._taken, sound._library.livekit_ffi_request

        class Library:
            """Counts what was not taken yet when something is handed over."""

            def livekit_ffi_request(self, *arguments: object) -> object:
                given.append(sound._waiting)
                return request(*arguments)

            livekit_ffi_drop_handle = sound._library.livekit_ffi_drop_handle

        sound._library = Library()

        def hurry(audio: Audio) -> None:
            for start in range(0, len(audio), 2 * CAPTURED):
                sound.play(audio[start : start + 2 * CAPTURED])

        assert np.array_equal(await hear(source, hurry, at_once=len(SOUND)), SOUND)
    assert sound._answers and taken.qsize() <= 2
    assert given == [0, 1] * (PIECES // 2)


async def test_a_livekit_that_does_not_answer_costs_one_wait_and_no_sound(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(native_sound, "hear_native", lambda _: None)
    keep_native_log_out()  # somebody else listens
    async with a_source() as source:
        assert np.array_equal(await hear(source, open_sound(source)), SOUND)
    assert caplog.text.count("is late") == 1


async def test_a_stall_of_livekit_is_not_waited_for_again_nor_remembered_for_ever() -> None:
    async with a_source() as source:
        sound = native_sound._NativeSound(source)
        taken: queue.SimpleQueue[None] = queue.SimpleQueue()
        sound._taken = taken  # nobody answers
        for _ in range(5):
            sound.play(SOUND[:CAPTURED])
        assert not sound._answers
        for _ in range(5):
            taken.put(None)
        sound.play(SOUND[:CAPTURED])
        assert sound._answers and taken.empty()


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
        assert first.capture_audio_frame.async_id < native_sound._OURS and events.empty()


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
