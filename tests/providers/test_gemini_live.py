"""Gemini's Live API over its WebSocket (BidiGenerateContent), in a whole session."""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import json
import logging
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from livekit.agents import APIConnectOptions

from agent.assistant import Assistant
from agent.brains.choose import Brains, Models, assemble
from agent.brains.realtime_care import RealtimeCare, speak
from agent.manner import Manner
from tests.providers.server import SECRET, SOUND, Fake, Fault, configure, real_key, serve
from tests.providers.stage import on_stage, until

PATH = "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContent"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of 127.0.0.1: Google's library speaks TLS, whatever it is told."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture(autouse=True)
def trust(certificate: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(certificate))
        yield


def camel(value: Any) -> Any:
    """The names of proto3's JSON mapping; parsers take both kinds, and the library writes both."""
    if isinstance(value, list):
        return [camel(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        re.sub(r"_([a-z])", lambda match: match[1].upper(), key): camel(each)
        for key, each in value.items()
    }


class Live(Fake):
    """``asked`` has the client's messages of all connections."""

    def __init__(self) -> None:
        super().__init__()
        self.socket: web.WebSocketResponse | None = None
        self.connections = 0
        self.door = asyncio.Event()
        """While it is not set, nobody who has asked comes in."""
        self.door.set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert "g-test" in (request.headers.get("x-goog-api-key"), request.query.get("key"))
        fault = self.next_fault()
        if refusal := self.refuse(fault):
            return refusal
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.asked.append(camel(json.loads((await socket.receive()).data)))
        await self.wait(fault)
        if fault == "malformed":
            await socket.send_str("{not json")
            return socket
        await self.door.wait()
        await socket.send_json({"setupComplete": {}})
        self.socket, self.connections = socket, self.connections + 1
        async for message in socket:
            self.asked.append(camel(json.loads(message.data)))
        return socket

    def of_kind(self, kind: str) -> list[Any]:
        return [message[kind] for message in self.asked if kind in message]

    async def speak(self, words: str, *, whole: bool = True) -> None:
        """A turn of one second."""
        assert self.socket is not None
        blob = {"mimeType": "audio/pcm;rate=24000", "data": base64.b64encode(SOUND).decode()}
        contents: list[dict[str, Any]] = [
            {"outputTranscription": {"text": words}},
            {"modelTurn": {"role": "model", "parts": [{"inlineData": blob}]}},
        ]
        if whole:
            contents += [{"generationComplete": True}, {"turnComplete": True}]
        for content in contents:
            await self.socket.send_json({"serverContent": content})


@pytest.fixture
async def live(certificate: Path) -> AsyncIterator[Live]:
    fake = Live()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    async with serve({PATH: fake.answer}, tls) as url:
        fake.url = url
        yield fake


def brains_at(url: str | None, **given: Any) -> Brains:
    settings = configure(
        brain="gemini-live", **({"gemini_api_key": "g-test", "gemini_base_url": url} | given)
    )
    brains = assemble(settings, Models(None, None, None), None)  # type: ignore[arg-type]
    model: Any = brains.llm
    model._opts.conn_options = APIConnectOptions(max_retry=1, retry_interval=0.05, timeout=5.0)
    return brains


async def test_the_model_is_set_up_otherwise(live: Live) -> None:
    brains = brains_at(
        live.url,
        gemini_voice="Kore",
        gemini_language="de-DE",
        gemini_thinking_budget=0,
        gemini_google_search_grounding=True,
        gemini_proactive_audio=True,
        gemini_affective_dialog=True,
        gemini_vad_start_sensitivity="START_SENSITIVITY_HIGH",
        gemini_vad_silence_duration_ms=400,
    )
    async with on_stage(brains):
        await until(lambda: live.of_kind("setup"))
        await until(lambda: live.of_kind("realtimeInput"))
    setup = live.of_kind("setup")[-1]
    assert setup["model"] == "models/gemini-2.5-flash-native-audio-preview-12-2025"
    generation = setup["generationConfig"]
    speech = generation["speechConfig"]
    assert speech["voiceConfig"]["prebuiltVoiceConfig"]["voiceName"] == "Kore"
    assert speech["languageCode"] == "de-DE"
    assert generation["thinkingConfig"] == {"thinkingBudget": 0}
    assert generation["enableAffectiveDialog"] is True
    assert setup["proactivity"] == {"proactiveAudio": True}
    assert setup["contextWindowCompression"] == {"slidingWindow": {}}
    assert {"googleSearch": {}} in setup["tools"]
    heard = setup["realtimeInputConfig"]
    assert heard["turnCoverage"] == "TURN_INCLUDES_ALL_INPUT"
    vad = heard["automaticActivityDetection"]
    assert vad["startOfSpeechSensitivity"] == "START_SENSITIVITY_HIGH"
    assert vad["endOfSpeechSensitivity"] == "END_SENSITIVITY_LOW"
    assert vad["silenceDurationMs"] == 400
    instructions = setup["systemInstruction"]["parts"][0]["text"]
    assert "Amy" in instructions
    assert "<expr" not in instructions, "it would speak its marks"


async def test_the_greeting_is_not_said_by_the_model(live: Live) -> None:
    async with on_stage(brains_at(live.url)) as (session, player):
        await until(lambda: live.connections)
        speak(session, "Hi, I'm Amy.")
        await until(lambda: "Hi, I'm Amy." in json.dumps(live.of_kind("clientContent")))
        await live.speak("Hi, I'm Amy.")
        await until(lambda: player.given >= 1.0 and player.whole)
        player.finish()
        await until(lambda: session.history.messages())
        assert session.history.messages()[-1].text_content == "Hi, I'm Amy."


@pytest.mark.parametrize("greets_first", [True, False])
async def test_the_greeting_is_lost_for_what_is_remembered_before_the_model_is_there(
    live: Live, greets_first: bool
) -> None:
    live.door.clear()
    async with on_stage(brains_at(live.url)) as (session, _):
        await until(lambda: live.of_kind("setup"))
        model: Any = session.current_agent.realtime_llm_session
        if not greets_first:
            await session.current_agent.update_instructions("They are called Anna.")
        speak(session, "Hi, I'm Amy.")
        await until(lambda: model._pending_generation_fut)
        if greets_first:
            await session.current_agent.update_instructions("They are called Anna.")
        live.door.set()
        await until(lambda: "Hi, I'm Amy." in json.dumps(live.of_kind("clientContent")))
    assert "Anna" in json.dumps(live.of_kind("setup")[-1]["systemInstruction"])


async def test_a_cut_in_does_not_stop_the_voice_where_it_is(live: Live) -> None:
    async with on_stage(brains_at(live.url)) as (session, player):
        await until(lambda: live.connections)
        await live.speak("One two three four.", whole=False)
        await until(lambda: player.given > 0.2)
        player.at = 0.15
        assert live.socket is not None
        await live.socket.send_json({"serverContent": {"interrupted": True}})
        await until(lambda: player.ended == 1)
        await live.socket.send_json({"serverContent": {"turnComplete": True}})
        await until(lambda: session.history.messages())
        assert session.history.messages()[-1].interrupted


@pytest.mark.parametrize("fault", ["401", "429", "500", "malformed"])
async def test_a_lost_model_ends_the_conversation_or_leaves_it_mute(
    live: Live, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    live.faults = [fault]
    closed: list[Any] = []
    with caplog.at_level(logging.INFO):
        async with on_stage(brains_at(live.url)) as (session, player):
            session.on("close", closed.append)

            def make() -> Assistant:
                model: Any = brains_at(live.url).llm
                return Assistant(
                    Manner.of(None, small=False, writes=False), small=False, model=model
                )

            RealtimeCare(session, make, "I cannot think right now.", first_delay=0.05)
            await until(lambda: player.loud and player.whole)
            player.finish()
            await until(lambda: live.connections)
            await live.speak("I am back.")
            await until(lambda: player.given >= 1.0)
            assert not closed
    assert "is lost" in caplog.text
    assert SECRET not in caplog.text


async def test_a_connection_that_breaks_off_is_the_end(live: Live) -> None:
    async with on_stage(brains_at(live.url)) as (_, player):
        await until(lambda: live.connections)
        await live.speak("One two", whole=False)
        await until(lambda: player.given > 0.1)
        assert live.socket is not None
        await live.socket.close(code=1011)
        await until(lambda: live.connections == 2 and player.whole)
        player.finish()
        await live.speak("And on.")
        await until(lambda: player.given >= 1.0)


async def test_real_gemini_live_speaks() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE")
        brains = brains_at(None, gemini_api_key=real_key("GEMINI_API_KEY"))
        async with on_stage(brains) as (session, player):
            speak(session, "Hello there, how are you?")
            await until(lambda: player.loud and player.given > 0.5)
