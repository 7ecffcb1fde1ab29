"""Providers that answer at once: OpenAI's speech to text, chat and speech over a local socket.

What is left of an answer's time with them is our own, and the network's.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from bench.onset import beginning
from bench.speech import speak

ANSWER: Final = "Of course, and here is what I think of it."
_CHUNK: Final = {
    "id": "instant",
    "object": "chat.completion.chunk",
    "created": 0,
    "model": "instant",
}


class Instant:
    """``hears``: what the next recording says."""

    def __init__(self) -> None:
        self.hears = ""
        self.url = ""
        self._answers = 0
        sound = speak(ANSWER)
        self._sound = base64.b64encode(sound[beginning(sound) :].tobytes()).decode()

    @property
    def env(self) -> dict[str, str]:
        """Settings that make it ears, mind and voice."""
        parts = ("STT", "LLM", "TTS")
        return {
            "OPENAI_API_KEY": "sk-instant",
            "OPENAI_BASE_URL": self.url,
            "BRAIN": "pipeline",
            **{f"{part}_PROVIDER": "openai" for part in parts},
        }

    async def transcribe(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        return web.json_response({"text": self.hears})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self._answers += 1  # what was said once is not made again
        text = f"{ANSWER} That was answer number {self._answers}."
        delta = {"index": 0, "delta": {"role": "assistant", "content": text}}
        return await _stream(request, [_CHUNK | {"choices": [delta]}], end="[DONE]")

    async def speak(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        delta = {"type": "speech.audio.delta", "audio": self._sound}
        return await _stream(request, [delta, {"type": "speech.audio.done"}])


@asynccontextmanager
async def instant_providers() -> AsyncIterator[Instant]:
    """They listen on this machine's loopback address, in this event loop."""
    instant = Instant()
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/v1/audio/transcriptions", instant.transcribe)
    app.router.add_post("/v1/chat/completions", instant.chat)
    app.router.add_post("/v1/audio/speech", instant.speak)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    instant.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield instant
    finally:
        with contextlib.suppress(TimeoutError):
            await runner.cleanup()


async def _stream(
    request: web.Request, events: Sequence[Mapping[str, object]], end: str = ""
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in [*map(json.dumps, events), *([end] if end else [])]:
        await response.write(f"data: {event}\n\n".encode())
    return response
