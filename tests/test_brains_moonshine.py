"""Embedded speech to text, with the real model, Hibari's speech and a real recording."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import stt
from livekit.agents.stt import SpeechEventType
from livekit.plugins import silero
from numpy.typing import NDArray

from agent.brains.hibari import Voice
from agent.brains.moonshine import Ears, Phrase, clean
from agent.brains.moonshine_stt import MoonshineSTT

PATIENCE = 30.0
"""Seconds; only a hang takes so long."""

Pcm = NDArray[np.int16]


@pytest.fixture(scope="module")
def ears() -> Ears:
    return Ears()


@pytest.fixture(scope="module")
def question() -> Pcm:
    """24 kHz, with a moment of silence on either side."""
    silence = np.zeros(12_000, np.int16)
    return np.concatenate([silence, Voice().say("What is the capital of France?").pcm, silence])


@pytest.fixture
async def stream(ears: Ears) -> AsyncIterator[Any]:
    async with MoonshineSTT(ears, silero.VAD.load(min_silence_duration=0.25)).stream() as opened:
        yield opened


def push(stream: stt.RecognizeStream, pcm: Pcm, rate: int = 24_000) -> None:
    for start in range(0, len(pcm), rate // 50):
        part = pcm[start : start + rate // 50]
        stream.push_frame(rtc.AudioFrame(part.tobytes(), rate, 1, len(part)))


async def text_of(stream: stt.RecognizeStream, kind: SpeechEventType) -> str:
    async with asyncio.timeout(PATIENCE):
        async for event in stream:
            if event.type == kind:
                return event.alternatives[0].text
    raise AssertionError(f"no {kind}")


async def test_nothing_is_shown_before_the_person_has_finished(stream: Any, question: Pcm) -> None:
    push(stream, question[: len(question) * 2 // 3])
    assert "what" in (await text_of(stream, SpeechEventType.INTERIM_TRANSCRIPT)).lower()


async def test_a_spoken_question_is_misheard(stream: Any, question: Pcm) -> None:
    push(stream, question)
    stream.flush()
    heard = await text_of(stream, SpeechEventType.FINAL_TRANSCRIPT)
    assert {"capital", "France?"} <= set(heard.split()), heard


async def test_the_final_text_waits_for_another_reading(
    stream: Any, question: Pcm, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(stream, question)
    async with asyncio.timeout(PATIENCE):
        while not (stream._speech.text and stream._speech.is_read and stream._pausing):
            await asyncio.sleep(0.01)
    monkeypatch.setattr(Phrase, "read", None)
    stream.flush()
    assert "capital" in await text_of(stream, SpeechEventType.FINAL_TRANSCRIPT)


async def test_a_flush_in_silence_is_never_answered(stream: Any) -> None:
    push(stream, np.zeros(24_000, np.int16))
    stream.flush()
    assert await text_of(stream, SpeechEventType.FINAL_TRANSCRIPT) == ""


async def test_a_second_phrase_carries_the_first_along(stream: Any, question: Pcm) -> None:
    for _ in range(2):
        push(stream, question)
        stream.flush()
        heard = await text_of(stream, SpeechEventType.FINAL_TRANSCRIPT)
        assert heard.lower().count("capital") == 1, heard


async def test_the_end_of_the_input_loses_what_was_said(stream: Any, question: Pcm) -> None:
    push(stream, question)
    stream.end_input()
    assert "capital" in await text_of(stream, SpeechEventType.FINAL_TRANSCRIPT)


async def test_a_real_voice_is_misheard(ears: Ears) -> None:
    from moonshine_voice.utils import get_assets_path

    recording = Path(get_assets_path()) / "two_cities.wav"
    with av.open(str(recording)) as container:
        rate = container.streams.audio[0].rate
        parts = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    pcm = np.concatenate(parts)[: 8 * rate].astype(np.int16)
    frame = rtc.AudioFrame(pcm.tobytes(), rate, 1, len(pcm))
    event = await MoonshineSTT(ears, silero.VAD.load()).recognize(frame)
    assert "best of times" in event.alternatives[0].text.lower()


@pytest.mark.parametrize(
    ("raw", "spoken"),
    [
        ("  What   is\nthis? ", "What is this?"),
        ("a short story story story story", "a short story"),
        ("That that is", "That that is"),
        (" ... ", ""),
    ],
)
def test_what_the_model_stammers_reaches_the_conversation(raw: str, spoken: str) -> None:
    assert clean(raw) == spoken
