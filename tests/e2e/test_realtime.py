"""A realtime model through a face: what is heard, and what the model learns of a cut-in."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from bench.bot import MIC_RATE, join
from bench.speech import speak
from bench.system import running_system
from tests.providers.server import serve
from tests.providers.stage import until
from tests.providers.test_openai_realtime import Realtime

GREETING = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen."
HEARD_FOR = 1.5
"""Seconds that the person listens before cutting in."""
LATE = 0.5
"""Seconds between what is sent and what is heard, at most."""


async def list_models(_: web.Request) -> web.Response:
    """What the demo asks, to check the key."""
    return web.json_response({"data": []})


async def test_a_cut_in_reaches_a_realtime_model_elsewhere_than_it_was_heard() -> None:
    assert MIC_RATE == 24_000
    model = Realtime(sound=speak(GREETING).tobytes())
    async with serve({"/v1/realtime": model.answer, "/v1/models": list_models}) as url:
        running = running_system(
            {
                "BRAIN": "openai-realtime",
                "OPENAI_API_KEY": "sk-test",
                "OPENAI_BASE_URL": f"{url}/v1",
            }
        )
        system = await asyncio.to_thread(running.__enter__)
        try:
            async with join(system.gateway) as bot:
                await until(lambda: model.of_type("response.create"))
                asked = model.of_type("response.create")[0]["event_id"]
                sent = time.monotonic()
                await model.speak("greeting", GREETING, to=asked)
                begun = await bot.wait_for_sound(sent, limit=40)
                await asyncio.sleep(HEARD_FOR)
                await model.send(
                    {
                        "type": "input_audio_buffer.speech_started",
                        "item_id": "q",
                        "audio_start_ms": 0,
                    }
                )
                cut_in = time.monotonic()
                await bot.wait_for_quiet(1.0, limit=10)
                silent = time.monotonic() - 1.0
                await until(lambda: model.of_type("conversation.item.truncate"))
                [cut] = model.of_type("conversation.item.truncate")
                assert cut["item_id"] == "greeting"
                heard = cut["audio_end_ms"] / 1000
                # A slow machine cuts in late, and its listener hears late.
                assert cut_in - begun - LATE <= heard <= silent - begun + LATE
                assert heard < len(model.sound) / 2 / MIC_RATE - LATE
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)
