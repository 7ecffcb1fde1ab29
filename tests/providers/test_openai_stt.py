"""OpenAI's transcription over HTTP, with the embedded ears behind it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from livekit import rtc
from livekit.agents import stt, utils

from agent.brains.choose import choose_providers
from agent.brains.guarded_stt import GuardedSTT
from agent.brains.hibari import SAMPLE_RATE, Voice
from agent.brains.patience import Patience
from agent.brains.speech import Models, choose_stt
from agent.brains.turns import load_vad
from tests.providers.server import SLOW, Fake, Fault, configure, cut, real_key, serve
from tests.providers.test_openai_chat import assert_silent

IMPATIENT = Patience(slow=SLOW / 2, first=3.0, next=3.0)
QUESTION = "What is the capital of France?"


class Transcriptions(Fake):
    async def answer(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self.asked.append({name: form[name] for name in form if name != "file"})
        assert request.headers["Authorization"] == "Bearer sk-test"
        fault = self.next_fault()
        if refusal := self.refuse(fault):
            return refusal
        await self.wait(fault)
        if fault == "cut":
            cut(request)
        if fault == "malformed":
            return web.Response(text="{not json", content_type="application/json")
        return web.json_response({"text": "where is Paris"})


@pytest.fixture(scope="module")
def question() -> rtc.AudioFrame:
    pcm = np.concatenate([Voice().say(QUESTION).pcm, np.zeros(SAMPLE_RATE, np.int16)])
    return rtc.AudioFrame(pcm.tobytes(), SAMPLE_RATE, 1, len(pcm))


@pytest.fixture
async def transcriptions() -> AsyncIterator[Transcriptions]:
    fake = Transcriptions()
    async with serve({"/v1/audio/transcriptions": fake.answer}) as url:
        fake.url = f"{url}/v1"
        yield fake


def ears(**given: Any) -> stt.STT[Any]:
    settings = configure(stt_provider="openai", **({"openai_api_key": "sk-test"} | given))
    vad = load_vad()
    chosen, _ = choose_stt(settings, choose_providers(settings), Models(vad, None, None))
    assert isinstance(chosen, stt.StreamAdapter)
    [guarded] = [
        each._stt
        for each in chosen.wrapped_stt._stt_instances  # type: ignore[attr-defined]
        if isinstance(each, stt.StreamAdapter)
    ]
    assert isinstance(guarded, GuardedSTT)
    guarded.patience = IMPATIENT
    return chosen


async def listen(chosen: stt.STT[Any], sound: rtc.AudioFrame) -> str:
    """What is heard of a phrase that ends in silence."""
    async with asyncio.timeout(60), chosen.stream() as stream:
        for frame in utils.audio.AudioByteStream(SAMPLE_RATE, 1).push(sound.data):
            stream.push_frame(frame)
        async for event in stream:
            if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                return event.alternatives[0].text
    return ""


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        (None, "where is Paris"),
        ("slow", "where is Paris"),
        ("401", "capital of France"),
        ("429", "capital of France"),
        ("500", "capital of France"),
        ("hang", "capital of France"),
        ("cut", "capital of France"),
        ("malformed", "capital of France"),
    ],
)
async def test_a_phrase_is_lost_with_its_provider(
    transcriptions: Transcriptions,
    question: rtc.AudioFrame,
    fault: Fault | None,
    heard: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    transcriptions.faults = [fault] if fault else []
    with caplog.at_level(logging.INFO):
        assert heard in await listen(ears(openai_base_url=transcriptions.url), question)
    assert transcriptions.asked[0]["model"] == "gpt-4o-mini-transcribe"
    assert "language" not in transcriptions.asked[0]
    if fault == "slow":
        assert "is slow" in caplog.text
    if fault is not None:
        assert "gpt-4o-mini-transcribe" in caplog.text
    assert_silent(caplog)
    assert "France" not in caplog.text


async def test_the_language_is_not_asked_for(
    transcriptions: Transcriptions, question: rtc.AudioFrame
) -> None:
    chosen = ears(openai_base_url=transcriptions.url, openai_transcription_language="de")
    await listen(chosen, question)
    assert transcriptions.asked[0]["language"] == "de"


async def test_real_openai_hears(question: rtc.AudioFrame) -> None:
    chosen = ears(openai_api_key=real_key("OPENAI_API_KEY"))
    assert "capital of France" in await listen(chosen, question)
