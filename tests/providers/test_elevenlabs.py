"""ElevenLabs' multi-context WebSocket, with the embedded voice behind it."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from livekit.agents import utils
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString

from agent.brains.choose import choose_providers
from agent.brains.guarded_tts import GuardedTTS
from agent.brains.patience import Patience
from agent.brains.sentence_tts import SentenceTTS
from agent.brains.speech import Models, choose_tts
from tests.providers.server import SOUND, Fake, Fault, configure, cut, real_key, serve
from tests.providers.test_openai_chat import assert_silent
from tests.providers.test_openai_tts import FIRST, IMPATIENT, RATE, SECOND, from_provider, say


class Eleven(Fake):
    """One second for each context, its characters spread over it. ``asked``: (voice, text)."""

    connections = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["xi-api-key"] == "el-test"
        assert request.query["output_format"] == "pcm_24000"
        fault = self.next_fault()
        if refusal := self.refuse(fault):
            return refusal
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        texts: dict[str, str] = {}
        async for frame in socket:
            message = json.loads(frame.data)
            name = message["context_id"]
            texts[name] = texts.get(name, "") + message.get("text", "")
            if not message.get("close_context"):
                continue
            text = texts.pop(name).strip()
            self.asked.append((request.match_info["voice"], text))
            await self.wait(fault)
            if fault == "malformed":
                await socket.send_str("{not json")
            await self._speak(socket, name, text, half=fault == "cut")
            if fault == "cut":
                cut(request)
                break
            fault = self.next_fault()
        return socket

    async def _speak(
        self, socket: web.WebSocketResponse, name: str, text: str, *, half: bool
    ) -> None:
        step = 1000 // len(text)
        times = {
            "chars": list(text),
            "charStartTimesMs": [step * i for i in range(len(text))],
            "charDurationsMs": [step] * len(text),
        }
        sound = SOUND[: len(SOUND) // 2] if half else SOUND
        audio = base64.b64encode(sound).decode()
        await socket.send_json({"contextId": name, "audio": audio, "normalizedAlignment": times})
        if not half:
            await socket.send_json({"contextId": name, "isFinal": True})


@pytest.fixture
async def eleven() -> AsyncIterator[Eleven]:
    fake = Eleven()
    async with serve({"/v1/text-to-speech/{voice}/multi-stream-input": fake.answer}) as url:
        fake.url = f"{url}/v1"
        yield fake


@asynccontextmanager
async def voice_at(url: str | None, **given: Any) -> AsyncIterator[SentenceTTS]:
    settings = configure(
        **({"eleven_api_key": "el-test", "eleven_base_url": url, "eleven_voice_id": "amy"} | given)
    )
    models = Models(None, None, None)  # type: ignore[arg-type]
    voice, _ = choose_tts(settings, choose_providers(settings), models)
    assert isinstance(voice, SentenceTTS)
    guarded = voice.voices[0]
    assert isinstance(guarded, GuardedTTS)
    guarded.patience = IMPATIENT
    async with aiohttp.ClientSession() as http:
        inner: Any = guarded.voice
        inner._session = http
        try:
            yield voice
        finally:
            await voice.aclose()


def timed(words: list[TimedString]) -> list[tuple[str, float]]:
    return [(str(word), word.start_time) for word in words if utils.is_given(word.start_time)]


async def test_an_answer_does_not_sound_or_its_words_lie(eleven: Eleven) -> None:
    words: list[TimedString] = []
    pcm = bytearray()
    async with voice_at(eleven.url) as voice:
        assert voice.capabilities.aligned_transcript
        async with voice.stream() as stream:
            stream.push_text(f"{FIRST} {SECOND}")
            stream.end_input()
            async for event in stream:
                pcm += event.frame.data.tobytes()
                words += event.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
    assert from_provider(bytes(pcm)) == pytest.approx(2, abs=0.01)
    assert eleven.asked == [("amy", FIRST), ("amy", SECOND)]
    assert eleven.connections == 1
    assert "".join(words).split() == f"{FIRST} {SECOND}".split()
    starts = [start for _, start in timed(words)]
    assert starts == sorted(starts)
    second = next(start for word, start in timed(words)[1:] if word.startswith("The"))
    assert second == pytest.approx(1.0, abs=0.03)


async def test_a_sentence_said_again_loses_the_times_of_its_words(eleven: Eleven) -> None:
    async def listen(voice: SentenceTTS) -> list[tuple[str, float]]:
        words: list[TimedString] = []
        async with voice.stream() as stream:
            stream.push_text(FIRST)
            stream.end_input()
            async for event in stream:
                words += event.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
        return timed(words)

    async with voice_at(eleven.url) as voice:
        first = await listen(voice)
        assert len(first) == len(FIRST.split())
        assert await listen(voice) == first
    assert len(eleven.asked) == 1


@pytest.mark.parametrize("fault", ["401", "429", "500", "hang", "cut", "malformed", "slow"])
async def test_the_avatar_falls_mute_with_its_provider(
    eleven: Eleven, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    eleven.faults = [fault] * 9
    with caplog.at_level(logging.INFO):
        async with voice_at(eleven.url) as voice:
            pcm = await say(voice, FIRST, SECOND)
    heard, whole = from_provider(pcm), len(pcm) / 2 / RATE
    if fault == "slow":
        assert heard == pytest.approx(2, abs=0.01)
        assert "is slow" in caplog.text
    elif fault == "cut":
        assert 0.1 < heard <= 0.5
        assert whole - heard > 1.0
    else:
        assert heard == 0
        assert whole > 2.0
    assert "eleven_turbo_v2_5" in caplog.text
    assert_silent(caplog)
    assert "sentence is here" not in caplog.text


async def test_real_elevenlabs_speaks() -> None:
    given = {"eleven_api_key": real_key("ELEVEN_API_KEY"), "eleven_voice_id": None}
    async with voice_at(None, **given) as voice:
        guarded = voice.voices[0]
        assert isinstance(guarded, GuardedTTS)
        guarded.patience = Patience(slow=5, first=20, next=20)
        await say(voice, FIRST)
        spoken = await guarded.cache.find(guarded.key, FIRST)
        assert spoken is not None
        assert len(spoken.pcm) > RATE
        assert "".join(spoken.words).split() == FIRST.split()
