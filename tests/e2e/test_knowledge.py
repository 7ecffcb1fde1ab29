"""What a person in the room gives an agent to know, and sees of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from livekit import api, rtc

from agent.knowledge.__main__ import local_encoder
from agent.knowledge.choose import Library
from agent.knowledge.desk import KnowledgeDesk
from agent.knowledge.session import SessionKnowledge
from bench.livekit import LiveKitServer, start_livekit
from tests.e2e.test_rooms import token
from visavis.knowledge import KnowledgeRequest, Sources
from visavis.protocol import RPC_KNOWLEDGE, TOPIC_KNOWLEDGE, TOPIC_SOURCES

PATIENCE = 120.0


@pytest.fixture(scope="module")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    with start_livekit(tmp_path_factory.mktemp("knowledge")) as server:
        yield server


async def test_a_file_given_in_the_room_does_not_stay_unread_or_unseen(
    livekit: LiveKitServer,
) -> None:
    name, told = "knowledge", asyncio.Queue[tuple[str, str]]()
    agent, person = rtc.Room(), rtc.Room()
    for room, identity in ((agent, "agent"), (person, "person")):
        grants = api.VideoGrants(room_join=True, room=name)
        await room.connect(livekit.url, token(livekit, identity, name).with_grants(grants).to_jwt())
    reading: set[asyncio.Task[None]] = set()

    def hear(topic: str) -> None:
        async def read(reader: rtc.TextStreamReader) -> None:
            await told.put((topic, await reader.read_all()))

        def take(reader: rtc.TextStreamReader, _: str) -> None:
            reading.add(asyncio.create_task(read(reader)))

        person.register_text_stream_handler(topic, take)

    async def hear_next(topic: str) -> str:
        async with asyncio.timeout(PATIENCE):
            said, text = await told.get()
        assert said == topic
        return text

    hear(TOPIC_KNOWLEDGE)
    hear(TOPIC_SOURCES)
    knowledge = SessionKnowledge(Library(None, local_encoder()))
    desk = KnowledgeDesk(agent, knowledge)
    try:
        text = b"# Lighthouse\n\nThe lamp turns once in eleven seconds.\n"
        writer = await person.local_participant.stream_bytes("light.md", topic=TOPIC_KNOWLEDGE)
        await writer.write(text)
        await writer.aclose()
        learned = json.loads(await hear_next(TOPIC_KNOWLEDGE))
        assert learned == {
            "source": "light.md", "title": "Lighthouse", "passages": 1, "error": None,
        }  # fmt: skip

        question = "How fast does the lamp go round?"
        desk.show(question, await knowledge.search(question))
        sources = Sources.from_json(await hear_next(TOPIC_SOURCES))
        assert sources.question == question
        assert (sources.sources[0].where, sources.sources[0].title) == ("light.md", "Lighthouse")

        async def ask(request: KnowledgeRequest) -> object:
            return json.loads(
                await person.local_participant.perform_rpc(
                    destination_identity="agent", method=RPC_KNOWLEDGE, payload=request.to_json()
                )
            )

        known = [{"source": "light.md", "title": "Lighthouse", "passages": 1}]
        assert await ask(KnowledgeRequest("list")) == known
        assert await ask(KnowledgeRequest("add", "http://127.0.0.1/")) == known
        refused = json.loads(await hear_next(TOPIC_KNOWLEDGE))
        assert "not on the public internet" in refused["error"]
        assert await ask(KnowledgeRequest("remove", "light.md")) == []
    finally:
        await desk.aclose()
        await person.disconnect()
        await agent.disconnect()
