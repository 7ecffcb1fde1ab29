"""OpenAI's speech over HTTP, with the embedded voice behind it."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from agent.brains.choose import choose_providers
from agent.brains.guarded_tts import GuardedTTS
from agent.brains.hibari import HibariTTS
from agent.brains.patience import Patience
from agent.brains.sentence_tts import SentenceTTS
from agent.brains.speech import Models, choose_tts
from tests.providers.server import SECRET, SLOW, SOUND, Fake, Fault, configure, cut, real_key, serve
from tests.providers.test_openai_chat import assert_silent

IMPATIENT = Patience(slow=SLOW / 2, first=3.0, next=2.0)
RATE = 24_000
FIRST, SECOND = "The first sentence is here.", f"The second speaks of {SECRET}."


class Speech(Fake):
    """``sse``: in events, as OpenAI does; else as plain sound, as other servers do."""

    sse = True

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        fault = self.next_fault()
        if refusal := self.refuse(fault):
            return refusal
        kind = "text/event-stream" if self.sse else "audio/pcm"
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        await self.wait(fault)
        if fault == "malformed":
            await response.write(b"data: {not json\n\n")
            return response
        half = len(SOUND) // 2
        for part in (SOUND[:half], SOUND[half:]):
            await response.write(self._event(part) if self.sse else part)
            if fault == "cut":
                cut(request)
                return response
        if self.sse:
            await response.write(b'data: {"type": "speech.audio.done"}\n\n')
        return response

    @staticmethod
    def _event(part: bytes) -> bytes:
        delta = {"type": "speech.audio.delta", "audio": base64.b64encode(part).decode()}
        return f"data: {json.dumps(delta)}\n\n".encode()


@pytest.fixture
async def speech() -> AsyncIterator[Speech]:
    fake = Speech()
    async with serve({"/v1/audio/speech": fake.answer}) as url:
        fake.url = f"{url}/v1"
        yield fake


def voice_at(url: str | None, **given: Any) -> SentenceTTS:
    settings = configure(
        tts_provider="openai", **({"openai_base_url": url, "openai_api_key": "sk-test"} | given)
    )
    models = Models(None, None, None)  # type: ignore[arg-type]
    voice, _ = choose_tts(settings, choose_providers(settings), models)
    assert isinstance(voice, SentenceTTS)
    assert isinstance(voice.voices[0], GuardedTTS)
    assert isinstance(voice.voices[-1], HibariTTS)
    voice.voices[0].patience = IMPATIENT
    return voice


async def say(voice: SentenceTTS, *sentences: str) -> bytes:
    """The sound of an answer that comes in these pieces."""
    pcm = bytearray()
    async with voice.stream() as stream:
        for sentence in sentences:
            stream.push_text(sentence + " ")
        stream.end_input()
        async for event in stream:
            pcm += event.frame.data.tobytes()
    return bytes(pcm)


def kept(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def from_provider(pcm: bytes) -> float:
    """Seconds of the provider's own sound, which is a constant; a single sample of any voice may be
    as loud."""
    loud = np.frombuffer(pcm, np.int16) == 0x2710
    return float(np.sum(loud[2:] & loud[1:-1] & loud[:-2])) / RATE


@pytest.mark.parametrize("sse", [True, False])
async def test_a_sentence_does_not_sound(speech: Speech, sse: bool) -> None:
    speech.sse = sse
    voice = voice_at(speech.url, openai_tts_speed=1.5)
    assert from_provider(await say(voice, FIRST, SECOND)) == pytest.approx(2, abs=0.01)
    assert [asked["input"] for asked in speech.asked] == [FIRST, SECOND]
    assert (speech.asked[0]["voice"], speech.asked[0]["response_format"]) == ("coral", "pcm")
    assert speech.asked[0]["speed"] == 1.5
    await voice.aclose()


@pytest.mark.parametrize(
    ("fault", "of_provider"),
    [
        ("401", 0.0),
        ("429", 0.0),
        ("500", 0.0),
        ("hang", 0.0),
        ("malformed", 0.0),
        ("cut", 0.5),
        ("slow", 2.0),
    ],
)
async def test_the_avatar_falls_mute_with_its_provider(
    speech: Speech, fault: Fault, of_provider: float, caplog: pytest.LogCaptureFixture
) -> None:
    speech.faults = [fault] * 9
    voice = voice_at(speech.url)
    with caplog.at_level(logging.INFO):
        pcm = await say(voice, FIRST, SECOND)
    heard, whole = from_provider(pcm), len(pcm) / 2 / RATE
    if fault == "cut":
        assert 0.1 < heard <= of_provider
    else:
        assert heard == pytest.approx(of_provider, abs=0.01)
    # Embedded, either sentence takes more than a second.
    assert whole - heard > {"cut": 1.0, "slow": -0.1}.get(fault, 2.0)
    assert "gpt-4o-mini-tts" in caplog.text
    if fault == "slow":
        assert "is slow" in caplog.text
    assert_silent(caplog)
    assert "sentence is here" not in caplog.text
    await voice.aclose()


async def test_a_provider_that_works_again_stays_away(speech: Speech) -> None:
    speech.faults = ["500"]
    voice = voice_at(speech.url)
    assert from_provider(await say(voice, FIRST)) == 0
    while len(speech.asked) < 2:  # LiveKit asks again for itself
        await say(voice, FIRST)
    assert from_provider(await say(voice, FIRST, SECOND)) > 0
    await voice.aclose()


async def test_a_sentence_said_again_is_paid_again(speech: Speech) -> None:
    voice = voice_at(speech.url)
    first = await say(voice, FIRST, SECOND)
    assert await say(voice, SECOND, FIRST) == first
    assert len(speech.asked) == 2
    await voice.aclose()


async def test_a_sentence_that_broke_off_is_kept(speech: Speech) -> None:
    speech.faults = ["cut"]
    voice = voice_at(speech.url)
    await say(voice, FIRST)
    guarded = voice.voices[0]
    assert isinstance(guarded, GuardedTTS)
    assert await guarded.cache.find(guarded.key, FIRST) is None
    await voice.aclose()


async def test_the_next_conversation_pays_the_greeting_again_or_keeps_more(
    speech: Speech, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"voice_cache": tmp_path, "agent_greeting": "Hi, I'm Amy. Welcome!"}
    for _ in range(2):
        voice = voice_at(speech.url, **given)
        await say(voice, "Hi, I'm Amy. Welcome!")
        await voice.aclose()
    assert [asked["input"] for asked in speech.asked] == ["Hi, I'm Amy.", "Welcome!"]
    voice = voice_at(speech.url, **given)
    await say(voice, SECOND)
    await voice.aclose()
    assert len(kept(tmp_path)) == 2, "what was said stays out of the disk"
    voice = voice_at(speech.url, **given, openai_tts_voice="ash")
    await say(voice, "Hi, I'm Amy.")
    await voice.aclose()
    assert speech.asked[-1]["voice"] == "ash"


async def test_what_cannot_be_pronounced_is_asked_for(speech: Speech) -> None:
    voice = voice_at(speech.url)
    assert await say(voice, "🙂")
    assert not speech.asked
    await voice.aclose()


async def test_real_openai_speaks() -> None:
    voice = voice_at(None, openai_api_key=real_key("OPENAI_API_KEY"))
    guarded = voice.voices[0]
    assert isinstance(guarded, GuardedTTS)
    guarded.patience = Patience(slow=5, first=20, next=20)
    await say(voice, FIRST)
    spoken = await guarded.cache.find(guarded.key, FIRST)
    assert spoken is not None
    assert len(spoken.pcm) > RATE
    await voice.aclose()
