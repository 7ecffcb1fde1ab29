"""A conversation that is changed while it runs, in a real room: heard, read and seen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from livekit import rtc

from bench.bot import Bot, join
from bench.system import System
from visavis.protocol import (
    ARKIT_NAMES,
    ATTRIBUTE_FACE,
    RPC_SETTINGS,
    RPC_WATCH_WEIGHTS,
    TOPIC_MESSAGE,
    TOPIC_SAY,
    TOPIC_WEIGHTS,
)
from visavis.weights import WeightsPacket

TEXT = "That is absolutely wonderful news, I love it! Oh no, this is terrible, I am so sorry."
PATIENCE = 90.0
SMILE, FROWN = (ARKIT_NAMES.index(f"mouth{name}Left") for name in ("Smile", "Frown"))


class Person:
    """What one participant reads and sees."""

    def __init__(self, bot: Bot) -> None:
        self.room = bot.room
        self.captions, self.news = "", list[str]()
        self.faces: list[tuple[float, float]] = []
        """(smile, frown) of each frame."""
        self._reading: set[asyncio.Task[None]] = set()
        bot.room.on("data_received", self._on_data)
        bot.room.register_text_stream_handler("lk.transcription", self._on_captions)

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not true():
                await asyncio.sleep(0.05)

    def find(self, mark: str) -> rtc.RemoteParticipant | None:
        people = self.room.remote_participants.values()
        return next((each for each in people if each.attributes.get(mark)), None)

    async def call(self, identity: str, method: str, payload: str = "") -> str:
        return await self.room.local_participant.perform_rpc(
            destination_identity=identity, method=method, payload=payload, response_timeout=20
        )

    def _on_data(self, packet: rtc.DataPacket) -> None:
        if packet.topic == TOPIC_MESSAGE:
            self.news.append(json.loads(packet.data)["state"])
        elif packet.topic == TOPIC_WEIGHTS:
            weights = WeightsPacket.from_bytes(packet.data).weights
            self.faces.append((float(weights[SMILE]), float(weights[FROWN])))

    def _on_captions(self, reader: rtc.TextStreamReader, _: str) -> None:
        async def read() -> None:
            async for piece in reader:
                self.captions += piece

        task = asyncio.create_task(read())
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)


async def test_what_was_asked_for_does_not_fail_to_be_heard_and_seen(system: System) -> None:
    async with join(system.gateway) as bot:
        person = Person(bot)
        await person.until(lambda: person.find("visavis.features"))
        await person.until(
            lambda: (a := person.find(ATTRIBUTE_FACE)) and a.attributes[ATTRIBUTE_FACE] == "present"
        )
        agent, face = person.find(ATTRIBUTE_FACE), person.find("visavis.features")
        assert agent is not None and face is not None
        await person.until(lambda: "talk about?" in person.captions)
        await bot.wait_for_quiet()

        asked = {"mode": "retelling", "speed": 1.3, "background": "#204060"}
        worn = json.loads(await person.call(agent.identity, RPC_SETTINGS, json.dumps(asked)))
        assert worn.items() >= asked.items()
        await person.until(lambda: json.loads(agent.attributes["visavis.settings"])["speed"] == 1.3)
        with pytest.raises(rtc.RpcError, match="English"):
            await person.call(agent.identity, RPC_SETTINGS, '{"language": "de"}')

        await person.call(face.identity, RPC_WATCH_WEIGHTS)
        person.captions = ""
        writer = await bot.room.local_participant.stream_text(
            topic=TOPIC_SAY, destination_identities=[agent.identity]
        )
        await writer.write(TEXT)
        await writer.aclose()
        await person.until(lambda: "done" in person.news)
        assert person.news == ["accepted", "begun", "done"]
        await person.until(lambda: " ".join(person.captions.split()) == TEXT)
        smiles, frowns = zip(*person.faces, strict=True)
        assert max(smiles) > 0.5 and max(frowns) > 0.15, "the face felt nothing"
        assert smiles.index(max(smiles)) < frowns.index(max(frowns))
