"""Which provider does which part, and that a provider is spoken to in its own protocol."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from livekit import rtc
from livekit.agents import inference, llm
from livekit.plugins import elevenlabs, openai, silero

from agent.brains.choose import (
    Brains,
    Models,
    Providers,
    assemble,
    choose_providers,
    elevenlabs_voice,
    turn_handling,
)
from agent.brains.llama import LlamaAddress, LlamaError
from settings import Settings

LLAMA = LlamaAddress("http://127.0.0.1:1/v1", "key")
SILENCE = bytes(48_000)
"""One second at 24 kHz."""


def configure(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.fixture(autouse=True)
def no_keys_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ELEVEN_API_KEY", "ELEVEN_VOICE_ID"):
        monkeypatch.delenv(name, raising=False)


KEY, ELEVEN, OWN = (
    {"openai_api_key": "sk-test"},
    {"eleven_api_key": "el-test"},
    {"openai_base_url": "http://127.0.0.1:11434/v1"},
)


@pytest.mark.parametrize(
    ("given", "providers"),
    [
        ({}, Providers("embedded", "embedded", "embedded")),
        (KEY, Providers("openai", "openai", "openai")),
        (OWN, Providers("embedded", "openai", "embedded")),
        (KEY | OWN, Providers("embedded", "openai", "embedded")),
        (ELEVEN, Providers("embedded", "embedded", "elevenlabs")),
        (KEY | ELEVEN, Providers("openai", "openai", "elevenlabs")),
        (
            KEY | {"stt_provider": "embedded", "tts_provider": "embedded"},
            Providers("embedded", "openai", "embedded"),
        ),
        (KEY | {"llm_provider": "embedded"}, Providers("openai", "embedded", "openai")),
        (
            KEY | OWN | {"stt_provider": "openai", "tts_provider": "openai"},
            Providers("openai", "openai", "openai"),
        ),
    ],
)
def test_a_key_switches_the_wrong_part(given: dict[str, str], providers: Providers) -> None:
    assert choose_providers(configure(**given)) == providers


def build(settings: Settings) -> Brains:
    return assemble(settings, Models(vad=silero.VAD.load(), ears=None, voice=None), LLAMA)


async def test_a_key_from_the_env_file_never_reaches_its_provider() -> None:
    brains = build(configure(**KEY, **ELEVEN))
    assert isinstance(brains.llm, openai.LLM)
    assert isinstance(brains.stt, openai.STT)
    assert isinstance(brains.tts, elevenlabs.TTS)
    assert not brains.small
    assert brains.description["llm"] == "openai gpt-4.1-mini"
    assert brains.description["tts"].startswith("elevenlabs ")


async def test_the_embedded_model_is_asked_for_while_it_does_not_run() -> None:
    settings = configure(**KEY, llm_provider="embedded")
    with pytest.raises(LlamaError, match="not running"):
        assemble(settings, Models(vad=silero.VAD.load(), ears=None, voice=None), None)


async def test_speech_goes_to_a_cloud_to_find_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_DEV_MODE", "1")
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "secret")
    detector = turn_handling()["turn_detection"]
    assert isinstance(detector, inference.TurnDetector)
    assert detector.model == "turn-detector-v1-mini"
    assert turn_handling()["interruption"]["mode"] == "vad"


def test_a_wrong_provider_starts_anyway() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent", "dev"],
        env=os.environ | {"STT_PROVIDER": "siri"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "STT_PROVIDER='siri'" in done.stderr
    assert "'embedded'" in done.stderr
    assert "Traceback" not in done.stderr


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serve(routes: Mapping[str, Handler]) -> AsyncIterator[str]:
    """A local server; answers its base URL."""
    app = web.Application()
    for path, handler in routes.items():
        app.router.add_route("*", f"/v1/{path}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def _chat(request: web.Request) -> web.StreamResponse:
    assert request.headers["Authorization"] == "Bearer sk-test"
    assert (await request.json())["stream"] is True
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for word in ("Bon", "jour"):
        delta = {"index": 0, "delta": {"role": "assistant", "content": word}}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        await response.write(f"data: {json.dumps(chunk | {'choices': [delta]})}\n\n".encode())
    await response.write(b"data: [DONE]\n\n")
    return response


async def _transcribe(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    assert form["model"] == "gpt-4o-mini-transcribe"
    return web.json_response({"text": "hello there"})


async def _speak(request: web.Request) -> web.StreamResponse:
    asked = await request.json()
    assert (asked["voice"], asked["response_format"]) == ("coral", "pcm")
    if asked.get("stream_format") == "sse":
        audio = base64.b64encode(SILENCE).decode()
        events = [{"type": "speech.audio.delta", "audio": audio}, {"type": "speech.audio.done"}]
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        return web.Response(text=body, content_type="text/event-stream")
    return web.Response(body=SILENCE, content_type="audio/pcm")


async def _elevenlabs(request: web.Request) -> web.StreamResponse:
    assert request.headers["xi-api-key"] == "el-test"
    assert request.query["output_format"] == "pcm_24000"
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    text = ""
    async for message in socket:
        asked = json.loads(message.data)
        text += asked.get("text", "")
        if asked.get("close_context"):
            assert "how are you?" in text
            context = {"contextId": asked["context_id"]}
            await socket.send_json(context | {"audio": base64.b64encode(SILENCE).decode()})
            await socket.send_json(context | {"isFinal": True})
    return socket


async def test_openai_or_a_server_like_it_is_spoken_to_wrongly() -> None:
    routes = {
        "chat/completions": _chat,
        "audio/transcriptions": _transcribe,
        "audio/speech": _speak,
    }
    async with serve(routes) as url:
        brains = build(
            configure(**KEY, openai_base_url=url, stt_provider="openai", tts_provider="openai")
        )
        assert brains.description["llm"] == "gpt-4.1-mini (own server)"
        chat_ctx = llm.ChatContext.empty()
        chat_ctx.add_message(role="user", content="Hello")
        async with brains.llm.chat(chat_ctx=chat_ctx) as answer:
            said = [chunk.delta.content async for chunk in answer if chunk.delta]
        assert "".join(filter(None, said)) == "Bonjour"
        heard = await brains.stt.recognize(rtc.AudioFrame(SILENCE, 24_000, 1, 24_000))
        assert heard.alternatives[0].text == "hello there"
        async with brains.tts.synthesize("Hello.") as speech:
            frames = [event.frame async for event in speech]
        assert sum(frame.duration for frame in frames) == pytest.approx(1, abs=0.1)


async def test_elevenlabs_is_spoken_to_wrongly() -> None:
    routes = {"text-to-speech/{voice}/multi-stream-input": _elevenlabs}
    async with serve(routes) as url, aiohttp.ClientSession() as http:
        voice = elevenlabs_voice(configure(**ELEVEN), url)
        voice._session = http
        async with voice.stream() as stream:
            stream.push_text("Hello there, how are you?")
            stream.end_input()
            frames = [event.frame async for event in stream]
        await voice.aclose()
    assert sum(frame.duration for frame in frames) == pytest.approx(1, abs=0.1)
