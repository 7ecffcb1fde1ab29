"""A session's whole life over REST, with the real agent and avatar worker: two gateways on one
store, of which one is killed in the middle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from livekit import api

from bench.bot import enter
from bench.system import System
from tests.e2e.gateways import ENOUGH, Gateway
from visavis.client import Visavis, VisavisError

STORY = "Once upon a time there was a fox who lived at the edge of a wood. " * 40


@pytest.fixture
def gateways(system: System) -> Iterator[list[Gateway]]:
    gateways = [Gateway(system) for _ in range(2)]
    yield gateways
    for each in gateways:
        each.kill()


@asynccontextmanager
async def client(gateway: Gateway) -> AsyncIterator[Visavis]:
    async with Visavis(gateway.url) as visavis:
        await gateway.up()
        yield visavis


class Watch:
    """Follows a session's events."""

    def __init__(self, visavis: Visavis, id: str) -> None:
        self.events: list[dict[str, Any]] = []
        self._task = asyncio.create_task(self._follow(visavis, id))

    async def _follow(self, visavis: Visavis, id: str) -> None:
        async for event in visavis.events(id):
            self.events.append(event)

    async def until(self, type: str, **data: Any) -> dict[str, Any]:
        async with asyncio.timeout(ENOUGH):
            while True:
                for event in self.events:
                    if event["type"] == type and data.items() <= event["data"].items():
                        return event
                await asyncio.sleep(0.05)

    async def to_end(self) -> list[str]:
        async with asyncio.timeout(ENOUGH):
            await self._task
        assert [event["seq"] for event in self.events] == list(range(1, len(self.events) + 1))
        return [event["type"] for event in self.events]


async def test_a_session_outlives_the_gateway_that_made_it(
    system: System, gateways: list[Gateway]
) -> None:
    first, second = gateways
    async with client(second) as two, client(first) as one:
        session = await one.create(
            greeting="", instructions="Answer in one short sentence.", metadata={"order": 7},
            participant={"identity": "jo"}, max_seconds=600,
        )  # fmt: skip
        id = session["id"]
        assert session["agent"]["state"] == "present", session["agent"]
        assert session["face"]["state"] == "present", session["face"]
        with pytest.raises(VisavisError) as early:
            await one.say(id, "Is anybody there?")
        assert early.value.code == "not_now"

        watch = Watch(two, id)
        async with enter(session) as bot:
            assert (await watch.until("session.started"))["data"]["face"] == "present"
            asked = time.monotonic()
            said = await one.say(id, STORY, message="story")
            assert (said["state"], said["pieces"]) == ("accepted", 1)
            await bot.wait_for_sound(asked, ENOUGH)
            await asyncio.sleep(3)  # some words of it
            first.kill()

            # The other one goes on as if nothing had been.
            await two.interrupt(id)
            await watch.until("message", id="story", state="interrupted")
            in_force = await two.settings(id, speed=1.25, background="#204060")
            assert (in_force["speed"], in_force["background"]) == (1.25, "#204060")
            seen = await two.get(id)
            assert seen["settings"]["speed"] == 1.25 and seen["metadata"] == {"order": 7}
            assert {each["kind"] for each in seen["participants"]} == {"person", "agent", "face"}
            await two.ask(id, "What is the capital of France?", message="question")
            await watch.until("message", id="question", state="done")
            again = await two.token(id)
            assert again["participant_identity"] == "jo"

            ended = await two.end(id)
            assert (ended["state"], ended["end_reason"]) == ("ended", "ended")
            async with asyncio.timeout(ENOUGH):
                while bot.room.isconnected():
                    await asyncio.sleep(0.05)

        types = await watch.to_end()
        assert types[0] == "session.created" and types[-1] == "session.ended"
        turns = await two.transcript(id)
        heard, *_ = [each for each in turns if each["role"] == "agent"]
        assert heard["interrupted"] and len(heard["text"]) < len(STORY) / 2, turns
        assert heard["text"] and STORY.startswith(heard["text"].strip()[:40]), turns
        assert turns[-1]["role"] == "agent" and turns[-1]["text"]
        with pytest.raises(VisavisError) as late:
            await two.say(id, "Still there?")
        assert late.value.code == "session_over"
    await nothing_is_left(system, session["room"])


async def test_a_session_whose_gateway_dies_while_it_is_made_is_made_once(
    system: System, gateways: list[Gateway]
) -> None:
    first, second = gateways
    key = {"Idempotency-Key": "once"}
    async with client(second) as two, client(first), aiohttp.ClientSession() as http:

        async def create(gateway: Gateway) -> dict[str, Any]:
            path = f"{gateway.url}/v1/sessions"
            async with http.post(path, json={"greeting": ""}, headers=key) as answer:
                assert answer.status == 201, await answer.text()
                created: dict[str, Any] = await answer.json()
                return created

        before = {each["id"] async for each in two.all()}
        lost = asyncio.create_task(create(first))
        async with asyncio.timeout(ENOUGH):
            while not (new := {each["id"] async for each in two.all()} - before):
                await asyncio.sleep(0.02)
        first.kill()
        with suppress(aiohttp.ClientError):
            await lost
        session = await create(second)
        assert {session["id"]} == new == {each["id"] async for each in two.all()} - before
        async with enter(session):
            await Watch(two, session["id"]).until("session.started")
        await two.end(session["id"])
    await nothing_is_left(system, session["room"])


async def nothing_is_left(system: System, room: str) -> None:
    url, key, secret = system.livekit.url, system.livekit.api_key, system.livekit.api_secret
    async with api.LiveKitAPI(url, key, secret) as livekit, asyncio.timeout(ENOUGH):
        while (await livekit.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms:
            await asyncio.sleep(0.1)
