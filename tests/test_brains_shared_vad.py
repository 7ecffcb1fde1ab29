"""Of two that listen for speech one may sleep, and misses nothing for that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.stt import SpeechEventType
from numpy.typing import NDArray

from agent.brains.hibari import Voice
from agent.brains.moonshine import Ears
from agent.brains.moonshine_stt import MoonshineSTT
from agent.brains.shared_vad import DOZE, Dozing, SharedVAD
from agent.brains.turns import RATE, load_vad
from tests.test_brains_moonshine import text_of

Pcm = NDArray[np.int16]
FRAME = RATE // 50


@pytest.fixture(scope="module")
def question() -> Pcm:
    spoken = Voice().say("What is the capital of France?").pcm
    resampler = rtc.AudioResampler(24_000, RATE)
    frames = [
        *resampler.push(rtc.AudioFrame(spoken.tobytes(), 24_000, 1, len(spoken))),
        *resampler.flush(),
    ]
    return np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames])


def silence(seconds: float) -> Pcm:
    """A microphone's, in a quiet room."""
    noise = np.random.default_rng(1).normal(0, 20, round(seconds * RATE))
    return noise.astype(np.int16)


@dataclass
class Listeners:
    """A session's own detector, and another one that hears the same a moment later."""

    vad: SharedVAD
    second: Any
    first: Any = field(init=False)
    pushed: int = 0

    def __post_init__(self) -> None:
        self.first = self.vad.stream()

    async def hear(self, pcm: Pcm) -> None:
        for start in range(0, len(pcm) - FRAME + 1, FRAME):
            frame = rtc.AudioFrame(pcm[start : start + FRAME].tobytes(), RATE, 1, FRAME)
            self.first.push_frame(frame)
            self.pushed += FRAME
            async with asyncio.timeout(30):
                while self.vad.judged < self.pushed // 512:
                    await asyncio.sleep(0)
            self.second.push_frame(frame)


@pytest.fixture
async def shared() -> SharedVAD:
    vad = load_vad()
    assert isinstance(vad, SharedVAD)
    return vad


@pytest.fixture
async def dozing(shared: SharedVAD) -> AsyncIterator[Dozing]:
    made = Dozing(shared)
    yield made
    await made.aclose()


async def test_a_quiet_room_is_not_judged_twice(shared: SharedVAD, dozing: Dozing) -> None:
    judged: list[int] = []

    class Counted:
        def push_frame(self, frame: rtc.AudioFrame) -> None:
            judged.append(dozing.push_frame(frame))

    listeners = Listeners(shared, Counted())
    await listeners.hear(silence(5))
    await listeners.first.aclose()
    assert sum(judged) <= (DOZE + 0.1) * RATE
    assert not any(judged[-100:])


async def test_a_second_one_does_not_sleep_where_no_other_listens(dozing: Dozing) -> None:
    pcm = silence(5)
    frames = [pcm[at : at + FRAME] for at in range(0, len(pcm), FRAME)]
    assert all(
        dozing.push_frame(rtc.AudioFrame(each.tobytes(), RATE, 1, FRAME)) == FRAME
        for each in frames
    )


async def test_who_sleeps_does_not_miss_the_first_word(shared: SharedVAD, question: Pcm) -> None:
    async with MoonshineSTT(Ears(), shared).stream() as stream:
        await asyncio.sleep(0)
        listeners = Listeners(shared, stream)
        await listeners.hear(silence(5))
        await listeners.hear(np.concatenate([question, silence(0.5)]))
        stream.flush()
        heard = await text_of(stream, SpeechEventType.FINAL_TRANSCRIPT)
        await listeners.first.aclose()
        assert heard == "What is the capital of France?"
        assert stream._pushed < listeners.pushed - RATE  # type: ignore[attr-defined]


async def test_a_flush_while_it_sleeps_is_answered(shared: SharedVAD) -> None:
    async with MoonshineSTT(Ears(), shared).stream() as stream:
        listeners = Listeners(shared, stream)
        await listeners.hear(silence(4))
        stream.flush()
        assert await text_of(stream, SpeechEventType.FINAL_TRANSCRIPT) == ""
        await listeners.first.aclose()
