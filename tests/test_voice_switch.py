"""What wraps the agent's audio output counts on: each capture is reported, none is early."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.voice.io import PlaybackFinishedEvent, TextOutput, _AudioSinkProxy

from agent.heard import Heard
from agent.hold import Hold
from tests.voices import FakeRoute
from visavis.segment import RATE
from visavis.voice_switch import VoiceSwitch

near: Any = pytest.approx


def frame(seconds: float, rate: int = RATE, channels: int = 1) -> rtc.AudioFrame:
    samples = round(seconds * rate)
    sound = np.full((samples, channels), 4000, np.int16)
    return rtc.AudioFrame(sound.tobytes(), rate, channels, samples)


class Stage:
    """The switch as the session has it: behind the proxy that counts segments, too."""

    def __init__(self) -> None:
        self.switch = VoiceSwitch()
        self.proxy = _AudioSinkProxy(self.switch)
        self.ends: list[PlaybackFinishedEvent] = []
        self.proxy.on("playback_finished", self.ends.append)
        self.face = FakeRoute(self.switch.speech)
        self.switch.speech.prefer(self.face)

    async def cancelled_capture(self) -> None:
        speaking = asyncio.create_task(self.proxy.capture_frame(frame(0.1)))
        await asyncio.sleep(0.01)
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        self.proxy.flush()
        self.proxy.clear_buffer()


async def test_a_segment_is_heard_and_reported() -> None:
    it = Stage()
    for _ in range(3):
        await it.proxy.capture_frame(frame(0.1))
    it.proxy.flush()
    it.face.finish()
    end = await asyncio.wait_for(it.proxy.wait_for_playout(), 20)
    assert (end.playback_position, end.interrupted) == (near(0.3), False)


async def test_a_capture_waits_until_an_interrupt_is_answered() -> None:
    it = Stage()
    it.face.answers = False
    await it.proxy.capture_frame(frame(0.5))
    it.proxy.flush()
    it.proxy.clear_buffer()
    speaking = asyncio.create_task(it.proxy.capture_frame(frame(0.1)))
    await asyncio.sleep(0.01)
    assert not speaking.done()
    it.face.end(interrupted=True)
    await asyncio.wait_for(speaking, 20)
    it.proxy.flush()
    it.face.finish()
    assert [(e.playback_position, e.interrupted) for e in it.ends] == [
        (0, True),
        (near(0.1), False),
    ]


async def test_a_capture_that_is_cancelled_behind_an_interrupt_is_reported_too() -> None:
    it = Stage()
    it.face.answers = False
    await it.proxy.capture_frame(frame(0.5))
    it.proxy.flush()
    it.proxy.clear_buffer()
    await it.cancelled_capture()
    it.face.end(interrupted=True)
    await asyncio.wait_for(it.proxy.wait_for_playout(), 20)
    assert len(it.ends) == 2 and it.switch._pending_playback_count == 0


async def test_speech_of_another_rate_or_with_two_channels_is_converted() -> None:
    it = Stage()
    await it.proxy.capture_frame(frame(0.2))
    await it.proxy.capture_frame(frame(0.2, 48_000, 2))
    await it.proxy.capture_frame(frame(0.2, 16_000))
    it.proxy.flush()
    it.face.finish()
    assert it.ends[0].playback_position == near(0.6, abs=0.01)
    sound = np.frombuffer(bytes(it.face.heard), np.int16)
    assert np.median(sound[-RATE // 10 :]) == near(4000, abs=50)


async def test_the_session_may_pause_before_there_is_a_way_out() -> None:
    switch = VoiceSwitch()
    assert switch.can_pause
    switch.pause()
    switch.resume()
    switch.clear_buffer()
    switch.flush()
    await asyncio.wait_for(switch.wait_for_playout(), 20)


class Captions(TextOutput):
    def __init__(self) -> None:
        super().__init__(label="test", next_in_chain=None)

    async def capture_text(self, text: str) -> None: ...

    def flush(self) -> None: ...


@pytest.mark.parametrize("cut_short", [False, True])
async def test_a_session_that_goes_on_without_its_voice_waits_for_ever(cut_short: bool) -> None:
    switch = VoiceSwitch()
    switch.speech.prefer(FakeRoute(switch.speech))
    heard = Heard(switch, Captions())
    hold = Hold(heard.voice)
    switch.speech.close()
    for _ in range(2):
        await hold.capture_frame(frame(0.1))
        await hold.capture_frame(frame(0.1))
        hold.clear_buffer() if cut_short else hold.flush()
        end = await asyncio.wait_for(hold.wait_for_playout(), 20)
        assert (end.playback_position, end.interrupted) == (0, True)
        hold.flush()
    await heard.aclose()


async def test_a_capture_that_waited_while_the_voice_was_lost_is_never_reported() -> None:
    it = Stage()
    it.face.answers = False
    hold = Hold(it.proxy)
    await hold.capture_frame(frame(0.5))
    hold.flush()
    hold.clear_buffer()
    speaking = asyncio.create_task(hold.capture_frame(frame(0.1)))
    await asyncio.sleep(0.01)
    it.switch.speech.close()
    await asyncio.wait_for(speaking, 20)
    hold.flush()
    await asyncio.wait_for(hold.wait_for_playout(), 20)
