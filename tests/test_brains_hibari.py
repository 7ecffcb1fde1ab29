"""Embedded text to speech, with the real voice."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from livekit import rtc

from agent.brains.hibari import SAMPLE_RATE, Voice, speakable, streaming

PATIENCE = 30.0


@pytest.fixture(scope="module")
def voice() -> Voice:
    return Voice()


async def test_the_first_sentence_waits_for_the_end_of_the_answer(voice: Voice) -> None:
    async with streaming(voice).stream() as stream:
        stream.push_text("Sure! A dog went")
        async with asyncio.timeout(PATIENCE):
            first = (await anext(stream)).frame
        assert (first.sample_rate, first.num_channels) == (24_000, 1)
        stream.push_text(" down to the sea, and there it met a crab.")
        stream.end_input()
        async with asyncio.timeout(PATIENCE):
            rest = [event.frame async for event in stream]
    assert 1.5 < rtc.combine_audio_frames([first, *rest]).duration < 6


async def test_a_sentence_is_silent(voice: Voice) -> None:
    pcm = await asyncio.to_thread(voice.say, "The capital of France is Paris.")
    loud = np.abs(pcm.astype(np.int32)) > 1000
    assert loud.mean() > 0.1
    assert len(pcm) > SAMPLE_RATE


@pytest.mark.parametrize("text", ["🙂", "...", "안녕하세요"])
async def test_text_that_cannot_be_spoken_counts_as_a_failure(voice: Voice, text: str) -> None:
    async with streaming(voice).stream() as stream:
        stream.push_text(text)
        stream.end_input()
        async with asyncio.timeout(PATIENCE):
            frames = [event.frame async for event in stream]
    assert sum(frame.duration for frame in frames) < 1


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("**Bold** and `code` 🙂\nnext", "Bold and code next"),
        ("It’s $3.50, “nice” — isn't it?", "It’s $3.50, “nice” — isn't it?"),
        ("naïve café", "naïve café"),
        ("🙂 …!", ""),
    ],
)
def test_markup_or_emoji_is_read_out(text: str, spoken: str) -> None:
    assert speakable(text) == spoken
