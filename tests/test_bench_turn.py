"""Where the time of an answer went: the parts add up, and no word of the talk gets out."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import aiohttp
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import ConversationItemAddedEvent
from livekit.agents.llm import ChatMessage

from agent.turn_metrics import TurnMetrics
from bench.instant import instant_providers
from bench.turn import Turns, trailing_silence
from visavis.protocol import ATTRIBUTE_TURN

TOLD = {"answer": 1.4, "end_of_turn": 0.6, "playback": 0.1, "llm_first_token": 0.2}


def test_the_parts_that_do_not_overlap_add_up_to_the_turn() -> None:
    turns = Turns()
    turns.add(1.5, TOLD)
    metrics = turns.metrics()
    parts = ("end_of_turn", "think", "playback", "transport")
    assert sum(metrics[f"{part}_p50_ms"] for part in parts) == pytest.approx(1500)


def test_an_answer_without_the_agents_account_still_counts() -> None:
    turns = Turns()
    turns.add(2.0, None)
    turns.add(1.0, TOLD)
    metrics = turns.metrics()
    assert metrics["turn_p50_ms"] == pytest.approx(1500)
    assert metrics["llm_first_token_p50_ms"] == pytest.approx(200)


def test_the_silence_at_the_end_of_a_question_is_not_part_of_the_wait() -> None:
    speech = np.zeros(24_000, np.int16)
    speech[:12_000] = 9000
    assert trailing_silence(speech) == pytest.approx(0.5, abs=0.001)


async def test_a_provider_that_answers_at_once_is_not_asked_because_its_answer_is_known() -> None:
    async with instant_providers() as instant, aiohttp.ClientSession() as client:

        async def ask(path: str) -> str:
            async with client.post(f"{instant.url}/{path}", data=b"") as response:
                return await response.text()

        instant.hears = "Why is the sky blue?"
        assert json.loads(await ask("audio/transcriptions")) == {"text": instant.hears}
        assert await ask("chat/completions") != await ask("chat/completions")
        assert '"speech.audio.done"' in await ask("audio/speech")


class Session:
    def on(self, _name: str, callback: Any) -> None:
        self.tell = callback


class Room:
    def __init__(self) -> None:
        self.local_participant = self
        self.published: list[dict[str, str]] = []

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        self.published.append(attributes)


def message(role: Any, metrics: dict[str, Any]) -> ConversationItemAddedEvent:
    item = ChatMessage(role=role, content=["a secret"], metrics=cast(Any, metrics))
    return ConversationItemAddedEvent(item=item)


async def publish(*events: ConversationItemAddedEvent) -> list[dict[str, str]]:
    session, room = Session(), Room()
    TurnMetrics(cast(Any, session), cast(rtc.Room, room))
    for event in events:
        session.tell(event)
    await asyncio.sleep(0)
    return room.published


async def test_a_turns_numbers_are_published_without_its_words() -> None:
    [published] = await publish(
        message("user", {"end_of_turn_delay": 0.5, "transcription_delay": 0.2}),
        message("assistant", {"e2e_latency": 1.25, "llm_node_ttft": 0.1, "llm_metadata": {"a": 1}}),
    )
    assert json.loads(published[ATTRIBUTE_TURN]) == {
        "turn": 1,
        "end_of_turn": 0.5,
        "transcription": 0.2,
        "llm_first_token": 0.1,
        "answer": 1.25,
    }
    assert "secret" not in str(published)


async def test_a_greeting_is_no_turn() -> None:
    assert await publish(message("assistant", {"tts_node_ttfb": 0.1})) == []


async def test_the_next_turn_does_not_inherit_the_last_ones_ears() -> None:
    answer = message("assistant", {"e2e_latency": 1.0})
    first, second = await publish(message("user", {"end_of_turn_delay": 0.5}), answer, answer)
    assert "end_of_turn" in json.loads(first[ATTRIBUTE_TURN])
    assert json.loads(second[ATTRIBUTE_TURN]) == {"turn": 2, "answer": 1.0}
