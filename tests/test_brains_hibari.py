"""Embedded text to speech, with the real voice."""

from __future__ import annotations

import asyncio
from typing import cast

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.tts import SynthesizedAudio
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString

from agent.brains.hibari import SAMPLE_RATE, HibariTTS, Voice, Word, speakable

PATIENCE = 30.0


@pytest.fixture(scope="module")
def voice() -> Voice:
    return Voice()


async def test_the_first_sentence_waits_for_the_end_of_the_answer(voice: Voice) -> None:
    async with HibariTTS(voice).stream() as stream:
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
    spoken = await asyncio.to_thread(voice.say, "The capital of France is Paris.")
    loud = np.abs(spoken.pcm.astype(np.int32)) > 1000
    assert loud.mean() > 0.1
    assert len(spoken.pcm) > SAMPLE_RATE


@pytest.mark.parametrize("text", ["🙂", "...", "안녕하세요"])
async def test_text_that_cannot_be_spoken_counts_as_a_failure(voice: Voice, text: str) -> None:
    async with HibariTTS(voice).stream() as stream:
        stream.push_text(text)
        stream.end_input()
        async with asyncio.timeout(PATIENCE):
            frames = [event.frame async for event in stream]
    assert sum(frame.duration for frame in frames) < 1


@pytest.mark.parametrize(
    ("text", "pause"), [("To make a cup of tea,", 0.12), ("Really?", 0.3), ("One. Two.", 0.3)]
)
def test_the_person_does_not_wait_for_the_voices_own_silence(
    voice: Voice, text: str, pause: float
) -> None:
    spoken = voice.say(text)
    audible = np.flatnonzero(np.abs(spoken.pcm.astype(np.int32)) > 40) / SAMPLE_RATE
    assert audible[0] < 0.06
    assert len(spoken.pcm) / SAMPLE_RATE - audible[-1] < pause + 0.02
    assert np.diff(audible).max() < 0.4, "between two sentences"
    assert spoken.words[0].start < 0.1


def loudness(pcm: np.ndarray, start: float, end: float) -> float:
    """RMS between two times."""
    piece = pcm[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)].astype(float)
    return float(np.sqrt(np.mean(piece**2)))


def test_a_word_is_timed_where_there_is_silence(voice: Voice) -> None:
    spoken = voice.say("One. Two. Three. Four. Five.")
    assert [word.text for word in spoken.words] == ["One. ", "Two. ", "Three. ", "Four. ", "Five."]
    for word in spoken.words:
        assert loudness(spoken.pcm, word.start, word.end) > 800
    for one, other in zip(spoken.words, spoken.words[1:], strict=False):
        middle = (one.end + other.start) / 2
        assert other.start - one.end > 0.1
        assert loudness(spoken.pcm, middle - 0.03, middle + 0.03) < 300


@pytest.mark.parametrize(
    "sentence",
    [
        "It's well-known that A/B tests (e.g. this) work - don't they?\n",
        "  On the **3rd** of March 2024, 🙂 1,250 people paid $9.99 each. ",
        "🙂 ",
    ],
)
def test_the_timed_words_are_another_text_than_the_sentence(voice: Voice, sentence: str) -> None:
    words = voice.say(sentence).words
    assert "".join(word.text for word in words) == sentence
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times)


def test_words_that_cannot_be_matched_are_left_out(
    voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.brains.hibari._count_groups", lambda _: 7)
    words = voice.say("Nobody can tell. Really!").words
    assert "".join(word.text for word in words) == "Nobody can tell. Really!"
    assert 0 < words[0].start < words[0].end == words[1].start < words[-1].end < 4


async def test_the_second_sentence_is_timed_from_its_own_beginning(voice: Voice) -> None:
    async with HibariTTS(voice).stream() as stream:
        stream.push_text("Here is one sentence. Here is another one.")
        stream.end_input()
        async with asyncio.timeout(PATIENCE):
            events = [event async for event in stream]
    words = [word for event in events for word in timed(event)]
    assert "".join(word.text for word in words) == "Here is one sentence. Here is another one."
    times = [word.start for word in words]
    assert times == sorted(times)
    assert times[-1] > 2


def timed(event: SynthesizedAudio) -> list[Word]:
    found: list[TimedString] = event.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
    times = cast("list[tuple[str, float, float]]", [(t, t.start_time, t.end_time) for t in found])
    return [Word(*each) for each in times]


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
