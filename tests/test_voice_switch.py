"""Every captured segment is reported finished exactly once, whichever way it went."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from livekit import rtc
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities, PlaybackFinishedEvent

from visavis.voice_switch import VOICE_SAMPLE_RATE, VoiceSwitch

near: Any = pytest.approx


class Speaker(AudioOutput):
    """An output that plays when it is told to."""

    def __init__(self) -> None:
        super().__init__(label="speaker", capabilities=AudioOutputCapabilities(pause=True))
        self.captured = 0.0
        self.flushed = 0
        self.stuck = False

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        if self.stuck:
            await asyncio.Event().wait()
        await super().capture_frame(frame)
        self.captured += frame.duration

    def flush(self) -> None:
        super().flush()
        self.flushed += 1

    def clear_buffer(self) -> None:
        if self.flushed:
            self.on_playback_finished(playback_position=0.05, interrupted=True)

    def begin(self, ago: float = 0.0) -> None:
        self.on_playback_started(created_at=time.time() - ago)

    def end(self) -> None:
        self.on_playback_finished(playback_position=self.captured, interrupted=False)


FRAME = rtc.AudioFrame(bytes(4800), VOICE_SAMPLE_RATE, 1, 2400)


def switch_to(choose: Callable[[], AudioOutput]) -> tuple[VoiceSwitch, list[PlaybackFinishedEvent]]:
    async def chosen() -> AudioOutput:
        return choose()

    switch = VoiceSwitch(chosen)
    ends: list[PlaybackFinishedEvent] = []
    switch.on("playback_finished", ends.append)
    return switch, ends


async def test_the_voice_goes_where_it_was_chosen_to() -> None:
    face = Speaker()
    switch, ends = switch_to(lambda: face)
    await switch.capture_frame(FRAME)
    switch.flush()
    face.begin()
    face.end()
    assert [(e.playback_position, e.interrupted) for e in ends] == [(near(0.1), False)]
    await asyncio.wait_for(switch.wait_for_playout(), 1)


async def test_an_interrupt_while_the_first_word_waits_for_the_face_does_not_wedge() -> None:
    waiting = asyncio.Event()

    async def never() -> AudioOutput:
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError

    switch = VoiceSwitch(never)
    speaking = asyncio.create_task(switch.capture_frame(FRAME))
    await waiting.wait()
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    switch.flush()
    switch.clear_buffer()
    end = await asyncio.wait_for(switch.wait_for_playout(), 1)
    assert (end.playback_position, end.interrupted) == (0.0, True)


async def test_an_output_that_never_took_the_first_frame_owes_nothing() -> None:
    face = Speaker()
    face.stuck = True
    switch, ends = switch_to(lambda: face)
    speaking = asyncio.create_task(switch.capture_frame(FRAME))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    switch.flush()
    switch.clear_buffer()
    assert [end.interrupted for end in ends] == [True]


async def test_a_face_that_dies_after_the_last_word_was_sent_does_not_wedge_the_agent() -> None:
    face = Speaker()
    switch, ends = switch_to(lambda: face)
    for _ in range(5):
        await switch.capture_frame(FRAME)
    switch.flush()
    face.begin(ago=0.2)
    switch.abandon(face)
    assert [(e.playback_position, e.interrupted) for e in ends] == [(near(0.2, abs=0.1), True)]


async def test_a_face_that_dies_in_mid_sentence_leaves_the_rest_to_the_plain_voice() -> None:
    face, plain = Speaker(), Speaker()
    outputs = [face, plain]
    switch, ends = switch_to(lambda: outputs.pop(0))
    for _ in range(3):
        await switch.capture_frame(FRAME)
    face.begin(ago=10)
    switch.abandon(face)
    assert not ends
    await switch.capture_frame(FRAME)
    switch.flush()
    plain.begin()
    plain.end()
    assert plain.captured == near(0.1)
    assert [(e.playback_position, e.interrupted) for e in ends] == [(near(0.4), False)]


async def test_an_interrupt_is_answered_once() -> None:
    face = Speaker()
    switch, ends = switch_to(lambda: face)
    await switch.capture_frame(FRAME)
    switch.flush()
    switch.clear_buffer()
    switch.clear_buffer()
    assert [(e.playback_position, e.interrupted) for e in ends] == [(0.05, True)]
