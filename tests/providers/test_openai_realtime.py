"""OpenAI's Realtime API over its WebSocket, in a whole session."""

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
from livekit.agents import AgentSession, APIConnectOptions
from livekit.plugins import openai

from agent.assistant import Assistant
from agent.brains.choose import Brains, Models, assemble
from agent.brains.realtime_care import RealtimeCare, speak
from agent.manner import Manner
from tests.providers.server import SECRET, SOUND, Fake, Fault, configure, real_key, serve
from tests.providers.stage import Player, on_stage, until

TROUBLE = "I cannot think right now."


class Realtime(Fake):
    """``asked`` has the client's events of all connections. ``sound``: of a response."""

    def __init__(self, sound: bytes = SOUND) -> None:
        super().__init__()
        self.sound = sound
        self.socket: web.WebSocketResponse | None = None
        self.connections = 0
        self.query: dict[str, str] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Bearer sk-test"
        self.query = dict(request.query)
        fault = self.next_fault()
        if refusal := self.refuse(fault):
            return refusal
        await self.wait(fault)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.socket, self.connections = socket, self.connections + 1
        await self.send({"type": "session.created", "session": {}})
        if fault == "malformed":
            await socket.send_str("{not json")
        last = None
        async for message in socket:
            event = json.loads(message.data)
            self.asked.append(event)
            if event["type"] == "conversation.item.create":
                item = event["item"]
                added = {"previous_item_id": last, "item": item}
                await self.send({"type": "conversation.item.added"} | added)
                last = item["id"]
        return socket

    async def send(self, event: dict[str, Any]) -> None:
        assert self.socket is not None
        await self.socket.send_json(event)

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.asked if event["type"] == kind]

    async def speak(self, item: str, words: str, *, to: str = "", whole: bool = True) -> None:
        """A response; ``to``: the event id of what asked for it."""
        metadata = {"metadata": {"client_event_id": to}} if to else {}
        message = {"id": item, "type": "message", "role": "assistant", "content": []}
        where = {"response_id": f"resp_{item}", "item_id": item, "content_index": 0}
        part = {"part": {"type": "audio", "transcript": ""}}
        audio = base64.b64encode(self.sound).decode()
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": {"id": f"resp_{item}"} | metadata},
            {"type": "response.output_item.added", "item": message},
            {"type": "conversation.item.added", "previous_item_id": None, "item": message},
            {"type": "response.content_part.added"} | where | part,
            {"type": "response.output_audio_transcript.delta", "delta": words} | where,
            {"type": "response.output_audio.delta", "delta": audio} | where,
        ]
        if whole:
            done: dict[str, Any] = {"status": "completed", "usage": None, "output": []}
            events += [
                {"type": "response.output_audio.done"} | where,
                {"type": "response.output_item.done", "item": message},
                {"type": "response.done", "response": {"id": f"resp_{item}"} | metadata | done},
            ]
        for event in events:
            await self.send(event)


@pytest.fixture
async def realtime() -> AsyncIterator[Realtime]:
    fake = Realtime()
    async with serve({"/v1/realtime": fake.answer}) as url:
        fake.url = f"{url}/v1"
        yield fake


def brains_at(url: str | None, **given: Any) -> Brains:
    settings = configure(
        brain="openai-realtime",
        **({"openai_api_key": "sk-test", "openai_base_url": url} | given),
    )
    return assemble(settings, Models(None, None, None), None)  # type: ignore[arg-type]


@asynccontextmanager
async def talk(brains: Brains) -> AsyncIterator[tuple[AgentSession[Any], Player]]:
    assert isinstance(brains.llm, openai.realtime.RealtimeModel)
    async with aiohttp.ClientSession() as http:
        brains.llm._http_session = http
        brains.llm._opts.conn_options = APIConnectOptions(
            max_retry=1, retry_interval=0.05, timeout=3.0
        )
        async with on_stage(brains) as (session, player):
            yield session, player


async def test_the_model_is_set_up_otherwise(realtime: Realtime) -> None:
    brains = brains_at(
        realtime.url,
        openai_voice="cedar",
        openai_voice_speed=1.25,
        openai_vad_type="server_vad",
        openai_vad_threshold=0.9,
        openai_transcription_language="de",
    )
    async with talk(brains):
        await until(lambda: realtime.of_type("session.update"))
        await until(lambda: realtime.of_type("input_audio_buffer.append"))
    assert realtime.query["model"] == "gpt-realtime"
    [setup, *_] = [event["session"] for event in realtime.of_type("session.update")]
    heard, said = setup["audio"]["input"], setup["audio"]["output"]
    assert (said["voice"], said["speed"]) == ("cedar", 1.25)
    assert heard["turn_detection"]["type"] == "server_vad"
    assert heard["turn_detection"]["threshold"] == 0.9
    assert heard["transcription"] == {"model": "gpt-4o-mini-transcribe", "language": "de"}
    assert heard["noise_reduction"]["type"] == "near_field"
    instructions = "".join(
        str(event["session"].get("instructions", ""))
        for event in realtime.of_type("session.update")
    )
    assert "Amy" in instructions
    assert "<expr" not in instructions, "it would speak its marks"


async def test_the_greeting_is_not_said_by_the_model(realtime: Realtime) -> None:
    async with talk(brains_at(realtime.url)) as (session, player):
        speak(session, "Hi, I'm Amy.")
        await until(lambda: realtime.of_type("response.create"))
        [request] = realtime.of_type("response.create")
        assert "Hi, I'm Amy." in request["response"]["instructions"]
        await realtime.speak("greeting", "Hi, I'm Amy.", to=request["event_id"])
        await until(lambda: player.given >= 1.0 and player.whole)
        player.finish()
        await until(lambda: len(session.history.messages()) == 1)
        assert session.history.messages()[0].text_content == "Hi, I'm Amy."


async def test_a_cut_in_does_not_reach_the_model_with_what_was_heard(realtime: Realtime) -> None:
    async with talk(brains_at(realtime.url)) as (session, player):
        await until(lambda: realtime.of_type("input_audio_buffer.append"))
        await realtime.speak("answer", "One two three four.")
        await until(lambda: player.given >= 1.0)
        player.at = 0.437
        await realtime.send(
            {"type": "input_audio_buffer.speech_started", "item_id": "q", "audio_start_ms": 1}
        )
        await until(lambda: realtime.of_type("conversation.item.truncate"))
        [cut] = realtime.of_type("conversation.item.truncate")
        assert (cut["item_id"], cut["audio_end_ms"]) == ("answer", 437)
        assert player.ended == 1
        await until(lambda: session.history.messages())
        assert session.history.messages()[0].interrupted


async def test_the_button_does_not_stop_the_model(realtime: Realtime) -> None:
    async with talk(brains_at(realtime.url)) as (session, player):
        await until(lambda: realtime.of_type("input_audio_buffer.append"))
        await realtime.speak("answer", "One two three four.", whole=False)
        await until(lambda: player.given > 0.1)
        player.at = 0.05
        await session.interrupt(force=True)
        await until(lambda: realtime.of_type("response.cancel"))
        await until(lambda: realtime.of_type("conversation.item.truncate"))
        [cut] = realtime.of_type("conversation.item.truncate")
        assert cut["audio_end_ms"] == 50


@pytest.mark.parametrize("fault", ["401", "429", "500", "hang", "malformed"])
async def test_a_lost_model_ends_the_conversation_or_leaves_it_mute(
    realtime: Realtime, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    realtime.faults = [fault] * 2
    closed: list[Any] = []
    with caplog.at_level(logging.INFO):
        async with talk(brains_at(realtime.url)) as (session, player):
            session.on("close", closed.append)

            def make() -> Assistant:
                model: Any = brains_at(realtime.url).llm
                return Assistant(
                    Manner.of(None, small=False, writes=False), small=False, model=model
                )

            RealtimeCare(session, make, TROUBLE, first_delay=0.05)
            await until(lambda: player.loud and player.whole)
            player.finish()
            await until(lambda: realtime.of_type("input_audio_buffer.append"))
            await realtime.speak("back", "I am back.")
            await until(lambda: player.given >= 1.0)
            assert not closed
    assert "lost" in caplog.text
    assert SECRET not in caplog.text


async def test_a_connection_that_breaks_off_is_the_end(realtime: Realtime) -> None:
    async with talk(brains_at(realtime.url)) as (_, player):
        await until(lambda: realtime.of_type("input_audio_buffer.append"))
        await realtime.speak("first", "One two", whole=False)
        await until(lambda: player.given > 0.1)
        assert realtime.socket is not None
        await realtime.socket.close(code=1011)
        await until(lambda: realtime.connections == 2 and player.whole)
        player.finish()
        await until(lambda: len(realtime.of_type("session.update")) >= 2)
        await realtime.speak("second", "And on.")
        await until(lambda: player.given >= 1.0)


async def test_real_openai_realtime_speaks() -> None:
    brains = brains_at(None, openai_api_key=real_key("OPENAI_API_KEY"))
    async with talk(brains) as (session, player):
        speak(session, "Hello there, how are you?")
        await until(lambda: player.loud and player.given > 0.5)
