"""A conversation over a WebSocket, whose gateway dies in the middle of an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Final

import aiohttp
import numpy as np
import pytest

from bench.system import System
from store import Sessions, open_store
from tests.e2e.gateways import Gateway
from tests.e2e.socket_client import RATE, Client, check_frames, check_turn, connected

SITE: Final = "https://shop.example"
LONG: Final = "Tell me a long story about the sea."
QUESTION: Final = "What is the capital of France?"
LOUD: Final = 300


@pytest.fixture
def gateways(system: System) -> Iterator[list[Gateway]]:
    env = {
        "AUTH_ENABLED": "true",
        "AUTH_SECRET_KEY": "0123456789abcdef" * 4,
        "AUTH_ALLOWED_ORIGINS": SITE,
    }
    gateways = [Gateway(system, **env) for _ in range(2)]
    yield gateways
    for each in gateways:
        each.kill()


async def token(gateway: Gateway) -> str:
    url = f"{gateway.url}/api/auth/token"
    async with aiohttp.request("POST", url, headers={"Origin": SITE}) as answer:
        return str((await answer.json())["token"])


async def test_a_gateway_that_dies_in_an_answer_does_not_end_repeat_or_garble_it(
    system: System, gateways: list[Gateway]
) -> None:
    first, second = gateways
    await asyncio.gather(first.up(), second.up())
    query = f"?token={await token(first)}"
    async with connected(first.url, query, origin=SITE) as one:
        greeting = await one.turn()
        check_turn(one, greeting)
        before = len(one.got)
        await one.send(type="text", data=LONG)
        story = (await one.until(lambda: one.of("audio_start")[1:]))[0]["turnId"]
        await one.until(
            lambda: (
                len(one.of("sync_frame", turnId=story)) > 15
                and one.of("transcript_delta", turnId=story)
            )
        )
        first.kill()
        await one.until(lambda: one.closed)
        assert not [e for e in one.got[before:] if e["type"] == "audio_end"], "it was not cut short"
        check_frames(one, story)
    async with connected(second.url, query, origin=SITE) as two:
        await two.send(type="text", data=QUESTION)
        [asked] = await two.until(lambda: two.of("transcript_done", role="user"))
        assert asked["text"] == QUESTION
        answer = await two.until(lambda: answer_to(two, asked["at"]))
        await two.until(lambda: two.of("audio_end", turnId=answer))
        session = one.of("audio_start")[0]["sessionId"]
        for start in two.of("audio_start"):
            assert start["sessionId"] == session
            check_turn(two, start["turnId"])
            assert_is_new(two.sound(start["turnId"]), one)
        assert not two.of("error")

    # So it was for whoever keeps it.
    events = Sessions(open_store(system.store_url), time.time).events(session)
    typed = [each.data["text"] for each in events if each.type == "user.turn"]
    assert typed == [LONG, QUESTION]
    order = [each.type for each in events if each.type in ("user.turn", "agent.turn")]
    assert order[-2:] == ["user.turn", "agent.turn"]
    said = [str(each.data["text"]) for each in events if each.type == "agent.turn"]
    assert len(said) == len(set(said)) >= 3, said
    heard = "".join(each["text"] for each in one.of("transcript_delta", turnId=story)).strip()
    assert heard and (said[1].startswith(heard) or heard.startswith(said[1])), (said, heard)


def answer_to(client: Client, after: float) -> str | None:
    """Id of the turn whose words are complete."""
    done = [
        each
        for each in client.of("transcript_done", role="assistant")
        if each["at"] > after and not each.get("interrupted")
    ]
    return str(done[0]["turnId"]) if done else None


def assert_is_new(sound: np.ndarray, heard: Client) -> None:
    """None of its beginning was heard before: the same voice says the same sample for sample."""
    loud = np.flatnonzero(np.abs(sound.astype(int)) > LOUD)
    piece = sound[loud[0] if len(loud) else 0 :][RATE // 10 : RATE // 2].astype(float)
    if len(piece) < RATE // 10:  # the last syllable of what was cut is too short to be told apart
        return
    for start in heard.of("audio_start"):
        earlier = heard.sound(start["turnId"]).astype(float)
        power = np.convolve(earlier**2, np.ones(len(piece)), "valid")
        fit = np.correlate(earlier, piece, "valid") / np.sqrt(power * (piece @ piece) + 1)
        assert fit.max() < 0.9, (
            f"what was said {np.argmax(fit) / RATE:.1f} s into a turn comes anew"
        )
