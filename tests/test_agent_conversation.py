"""A whole conversation without a room: real ears, mind and voice, between two queues of audio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import AgentSession, llm
from livekit.agents.voice import io
from numpy.typing import NDArray

from agent.assistant import Assistant
from agent.brains.choose import Brains, Models, assemble, choose_providers, load_models
from agent.brains.llama import LlamaAddress, LlamaServer
from agent.brief_session import open_session
from agent.languages import greet
from agent.manner import Manner
from agent.usage import read_model
from settings import Settings

PATIENCE = 60.0
RATE = 24_000


class Microphone(io.AudioInput):
    """Gives silence, and what :meth:`speak` is given, at the pace of real sound."""

    def __init__(self) -> None:
        super().__init__(label="test")
        self._pcm = np.zeros(0, np.int16)
        self._next = time.monotonic()

    def speak(self, pcm: NDArray[np.int16]) -> None:
        self._pcm = np.concatenate([self._pcm, pcm])

    async def __anext__(self) -> rtc.AudioFrame:
        self._next += 0.02
        await asyncio.sleep(max(0.0, self._next - time.monotonic()))
        part, self._pcm = self._pcm[: RATE // 50], self._pcm[RATE // 50 :]
        pcm = np.zeros(RATE // 50, np.int16)
        pcm[: len(part)] = part
        return rtc.AudioFrame(pcm.tobytes(), RATE, 1, len(pcm))


class Loudspeaker(io.AudioOutput):
    """Plays at once, and keeps how many seconds were loud."""

    def __init__(self) -> None:
        super().__init__(
            label="test", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=RATE
        )
        self.loud = 0.0
        self._segment = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._segment:
            self.on_playback_started(created_at=time.time())
        self._segment += frame.duration
        pcm = np.frombuffer(frame.data, np.int16).astype(np.int32)
        self.loud += frame.duration if np.abs(pcm).max(initial=0) > 1000 else 0

    def flush(self) -> None:
        super().flush()
        if self._segment:
            self.on_playback_finished(playback_position=self._segment, interrupted=False)
        self._segment = 0.0

    def clear_buffer(self) -> None:
        pass


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(
        _env_file=None, stt_provider="embedded", llm_provider="embedded", tts_provider="embedded"
    )


@pytest.fixture(scope="module")
def models(settings: Settings) -> Models:
    return load_models(choose_providers(settings))


@pytest.fixture(scope="module")
def address() -> Iterator[LlamaAddress]:
    server = LlamaServer(1)
    yield server.start()
    server.stop()


@pytest.fixture
async def talk(
    settings: Settings, models: Models, address: LlamaAddress
) -> AsyncIterator[tuple[AgentSession[None], Microphone, Loudspeaker]]:
    brains = assemble(settings, models, address)
    session, microphone, loudspeaker = open_session(brains), Microphone(), Loudspeaker()
    session.input.audio, session.output.audio = microphone, loudspeaker
    async with session:
        await session.start(Assistant(Manner.of(None, small=brains.small), small=brains.small))
        yield session, microphone, loudspeaker


async def test_a_spoken_question_is_not_answered_aloud(talk: Any, models: Models) -> None:
    session, microphone, loudspeaker = talk
    answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def on_said(event: Any) -> None:
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role == "assistant" and not answered.done():
            answered.set_result(item.text_content or "")

    session.on("conversation_item_added", on_said)
    assert models.voice is not None
    microphone.speak(models.voice.say("What is the capital of France?").pcm)
    async with asyncio.timeout(PATIENCE):
        answer = await answered
    assert "Paris" in answer
    assert loudspeaker.loud > 0.5
    used = {each.kind: each for each in map(read_model, session.usage.model_usage) if each}
    assert set(used) == {"stt", "llm", "tts"}
    assert used["stt"].quantities.audio_seconds > 1 and used["tts"].quantities.characters > 10
    assert used["llm"].model == "smollm2-135m" and used["llm"].quantities.input_tokens > 10


async def test_the_greeting_is_silent(talk: Any, settings: Settings) -> None:
    session, _, loudspeaker = talk
    async with asyncio.timeout(PATIENCE):
        await session.say(greet(settings))
    assert loudspeaker.loud > 1


async def test_typed_text_is_not_answered_aloud(talk: Any) -> None:
    session, _, loudspeaker = talk
    async with asyncio.timeout(PATIENCE):
        run = await session.run(user_input="What is the capital of France?")
    assert any("Paris" in (event.item.text_content or "") for event in run.events)
    assert loudspeaker.loud > 0.5


def test_the_parts_in_use_are_not_named(
    settings: Settings, models: Models, address: LlamaAddress
) -> None:
    brains: Brains = assemble(settings, models, address)
    assert brains.small
    assert brains.description == {
        "stt": "moonshine tiny-en",
        "llm": "smollm2-135m",
        "tts": "hibari heart",
        "vad": "silero",
        "turn": "livekit v1-mini",
    }
