"""The agent's own voice: exact about what was heard, silent at once, without a click."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import AsyncMock

import numpy as np
import pytest
from livekit import rtc

from tests.test_speech import begin, say
from tests.voices import Listener, tone
from visavis.plain_voice import AHEAD, FADE, PlainVoice
from visavis.segment import RATE
from visavis.waiting import rest

near: Any = pytest.approx


class FakeSource:
    """Plays as fast as it is told to; what is queued can be taken back."""

    def __init__(self) -> None:
        self.queue = bytearray()
        self.played = bytearray()
        self.moved = asyncio.Event()

    @property
    def queued_duration(self) -> float:
        return len(self.queue) / 2 / RATE

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        self.queue += bytes(frame.data)

    def clear_queue(self) -> None:
        self.queue.clear()

    def play(self, seconds: float) -> None:
        size = round(seconds * RATE) * 2
        self.played += self.queue[:size]
        del self.queue[:size]
        self.moved.set()

    async def rest(self, changed: asyncio.Event, _seconds: float) -> None:
        """Until something was played, or the event is set: time stands still otherwise."""
        self.moved.clear()
        waits = [asyncio.ensure_future(event.wait()) for event in (changed, self.moved)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


class Stage:
    def __init__(self) -> None:
        self.her = Listener()
        self.source = FakeSource()
        self.published = 0
        self.fails = False
        self.voice = self.new_voice()
        self.her.speech.prefer(self.voice)

    def new_voice(self) -> PlainVoice:
        return PlainVoice(
            self.her.speech, self._publish, wall=lambda: 1000.0, rest=self.source.rest
        )

    async def _publish(self) -> FakeSource:
        self.published += 1
        if self.fails:
            raise RuntimeError("no room")
        return self.source

    async def listen(self, seconds: float) -> None:
        """Let what is due be pushed, and play it."""
        for _ in range(round(seconds / 0.02)):
            await self.push()
            self.source.play(0.02)
        await self.push()

    async def push(self) -> None:
        for _ in range(60):
            await asyncio.sleep(0)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    running = asyncio.create_task(stage.voice.run())
    try:
        yield stage
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until_told(stage: Stage, ends: int = 1) -> None:
    async with asyncio.timeout(10):
        while len(stage.her.ends) < ends:
            await stage.push()
            stage.source.play(0.02)


async def test_it_is_not_called_silent_before_its_last_word_was_heard() -> None:
    async with stage() as it:
        assert it.voice.silent.is_set()
        say(it.her, tone(0.5))
        await it.listen(0.48)
        assert not it.voice.silent.is_set()
        await until_told(it)
        assert it.voice.silent.is_set()
        say(it.her, tone(0.5))
        await it.listen(0.2)
        assert not it.voice.silent.is_set()
        it.her.speech.clear()
        assert it.voice.silent.is_set()


async def test_a_segment_is_heard_and_reported() -> None:
    async with stage() as it:
        say(it.her, tone(0.5))
        await until_told(it)
        assert it.her.told == [(0.5, False)] and len(it.her.starts) == 1
        assert bytes(it.source.played) == tone(0.5)


async def test_little_is_pushed_ahead_of_what_is_heard() -> None:
    async with stage() as it:
        say(it.her, tone(2.0))
        await it.push()
        assert it.source.queued_duration == near(AHEAD + 0.02)
        leg = it.her.speech._pending[0].leg
        assert leg is not None and it.voice.position(leg) == 0
        assert it.voice.cuttable(leg) == len(it.source.queue) // 2


async def test_an_interrupt_is_silent_within_a_fade_and_tells_what_was_heard() -> None:
    async with stage() as it:
        say(it.her, tone(2.0))
        await it.listen(0.2)
        heard = len(it.source.played) / 2 / RATE
        it.her.speech.clear()
        assert it.her.told == [(near(heard + FADE / RATE), True)]
        await it.push()
        assert len(it.source.queue) // 2 == FADE
        fade = np.abs(np.frombuffer(bytes(it.source.queue), np.int16)).astype(float)
        assert fade[0] > 7000 and fade[-1] == 0 and (np.diff(fade[::40]) < 200).all()


async def test_a_pause_stands_still_and_goes_on_there() -> None:
    async with stage() as it:
        say(it.her, tone(0.6))
        await it.listen(0.2)
        it.her.speech.pause()
        await it.listen(1.0)
        leg = it.her.speech._pending[0].leg
        assert leg is not None
        assert it.voice.position(leg) == len(it.source.played) // 2
        it.her.speech.resume()
        await until_told(it)
        assert it.her.told == [(0.6, False)]
        assert len(it.source.played) == len(tone(0.6))


async def test_a_segment_that_is_begun_while_paused_waits() -> None:
    async with stage() as it:
        it.her.speech.pause()
        say(it.her, tone(0.2))
        await it.listen(0.4)
        assert not it.source.played and not it.her.starts
        it.her.speech.resume()
        await until_told(it)
        assert it.her.told == [(0.2, False)]


async def test_what_the_face_left_fades_in() -> None:
    async with stage() as it:
        lost = it.new_voice()
        it.her.speech.prefer(lost)
        begin(it.her, tone(0.5))
        leg = it.her.speech._pending[0].leg
        assert leg is not None
        lost.position = lambda _: RATE // 5  # type: ignore[method-assign, assignment]
        it.her.speech.lost(lost, it.voice)
        it.her.speech.flush()
        await until_told(it)
        sound = np.frombuffer(bytes(it.source.played), np.int16)
        assert sound[0] == 0 and abs(int(sound[FADE]) - 8000) <= 1000
        assert len(sound) == round(0.3 * RATE)


async def test_the_track_is_published_once_though_two_want_it() -> None:
    async with stage() as it:
        preparing = asyncio.create_task(it.voice.prepare())
        await asyncio.sleep(0)
        preparing.cancel()
        say(it.her, tone(0.1))
        await until_told(it)
        assert it.published == 1


async def test_a_room_that_takes_no_track_does_not_wedge_the_agent() -> None:
    async with stage() as it:
        it.fails = True
        say(it.her, tone(0.5))
        await until_told(it)
        assert it.her.told == [(0.0, True)]
        it.fails = False
        say(it.her, tone(0.5))
        await until_told(it, 2)
        assert it.her.told[1] == (0.5, False)


@pytest.mark.parametrize("passes", range(4))
async def test_a_voice_that_is_cancelled_as_something_changes_runs_for_ever(passes: int) -> None:
    changed = asyncio.Event()

    async def run() -> None:
        while True:
            await rest(changed, 60)
            changed.clear()

    running = asyncio.create_task(run())
    await asyncio.sleep(0.01)
    changed.set()
    for _ in range(passes):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running}, timeout=1)
    assert running.cancelled()


async def test_a_track_that_rests_keeps_its_thread_when_the_conversation_is_over() -> None:
    class Resting(FakeSource):
        closed = False

        def rouse(self) -> None: ...

        def close(self) -> None:
            self.closed = True

    source = Resting()
    voice = PlainVoice(Listener().speech, AsyncMock(return_value=source))
    running = asyncio.create_task(voice.run())
    await voice.prepare()
    assert not source.closed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert source.closed
