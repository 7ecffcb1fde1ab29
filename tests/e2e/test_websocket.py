"""A spoken conversation over a WebSocket alone: what comes together belongs together."""

from __future__ import annotations

import asyncio
import base64
import time
from contextlib import AbstractAsyncContextManager
from typing import Final

import numpy as np

from bench.system import System
from tests.e2e.socket_client import RATE, Client, check_turn, connected

QUESTION: Final = "What is the capital of France?"
LONG: Final = "Tell me a long story about the sea."
LOUD: Final = 300.0
SOON: Final = 30
"""Messages, or frames, into an answer: so small a model may say little more."""


def talking(system: System, query: str = "") -> AbstractAsyncContextManager[Client]:
    return connected(system.gateway, query)


def lag_and_correlation(client: Client, turn: str) -> tuple[int, float]:
    """Of the jaw behind the loudness, in frames; and how well they fit then."""
    frames = client.of("sync_frame", turnId=turn)
    jaw = np.array([each["weights"]["jawOpen"] for each in frames])
    pieces = [np.frombuffer(base64.b64decode(e["audio"]), np.int16) for e in frames]
    loud = np.array([np.sqrt(np.mean(p.astype(float) ** 2)) if len(p) else 0.0 for p in pieces])
    fits = {}
    for lag in range(-8, 9):
        a, b = loud[max(0, -lag) : len(loud) - max(0, lag)], jaw[max(0, lag) :][: len(loud)]
        n = min(len(a), len(b))
        fits[lag] = float(np.corrcoef(a[:n], b[:n])[0, 1])
    best = max(fits, key=lambda lag: fits[lag])
    return best, fits[best]


async def test_a_spoken_conversation_does_not_fall_apart(system: System) -> None:
    async with talking(system) as client:
        begun = time.monotonic()
        await client.until(lambda: client.got)
        assert client.got[0]["type"] == "config" and client.got[0]["at"] - begun < 10
        await client.send(type="ping", timestamp=1)
        greeting = await client.turn()
        check_turn(client, greeting)
        assert client.of("pong")

        before = len(client.got)
        await client.say(QUESTION)
        heard = await client.until(lambda: client.of("transcript_done", role="user"))
        assert "capital" in heard[0]["text"].lower()
        answer = await client.turn(before)
        check_turn(client, answer)
        [done] = await client.until(
            lambda: client.of("transcript_done", role="assistant", turnId=answer)
        )
        deltas = client.of("transcript_delta", role="assistant", turnId=answer)
        assert "".join(each["text"] for each in deltas).strip() == done["text"]

        # The mouth is of this very sound.
        lag, fit = lag_and_correlation(client, greeting)
        assert abs(lag) <= 2 and fit > 0.4, f"jaw {lag} frames behind the sound, r={fit:.2f}"

        # So are the words: told where they sound, in order, from the sound's beginning to its end.
        for turn in (greeting, answer):
            words = client.of("transcript_delta", role="assistant", turnId=turn)
            times = [t for each in words for t in (each["startOffset"], each["endOffset"])]
            assert times == sorted(times)
            loud = np.flatnonzero(np.abs(client.sound(turn).astype(int)) > LOUD) * 1000 / RATE
            # They come over another way than the sound, which a busy machine delays.
            assert abs(times[0] - loud[0]) < 1500 and abs(times[-1] - loud[-1]) < 1500

        # Silence on demand, and where it fell.
        await client.send(type="text", data=LONG)
        before = len(client.got)
        story = (await client.until(
            lambda: next((e for e in client.got[before:] if e["type"] == "audio_start"), None)
        ))["turnId"]  # fmt: skip
        await client.until(lambda: len(client.of("sync_frame", turnId=story)) > SOON)
        await client.send(type="interrupt")
        [cut] = await client.until(lambda: client.of("interrupt", turnId=story))
        [done] = await client.until(lambda: client.of("transcript_done", turnId=story))
        assert done["interrupted"] is True
        check_turn(client, story)
        heard = len(client.sound(story)) * 1000 / RATE  # the last frame is filled up
        assert heard - 1000 / 30 <= cut["offsetMs"] <= heard
        await asyncio.sleep(1)
        assert client.of("sync_frame", turnId=story)[-1]["at"] <= cut["at"]
        assert not client.of("error")


async def test_a_dropped_connection_does_not_end_its_conversation(system: System) -> None:
    async with talking(system) as client:
        await client.turn()
        session = client.of("audio_start")[0]["sessionId"]
        await client.send(type="text", data=LONG)
        before = len(client.got)
        await client.until(lambda: len(client.got) > before + SOON)
        client.socket.transport.abort()
        await client.until(lambda: client.closed)
    async with talking(system, f"?session={session}") as again:
        await again.send(type="text", data=QUESTION)
        assert (await again.until(lambda: again.of("transcript_done", role="user")))[0]["text"]
        await again.until(lambda: again.of("transcript_done", role="assistant"))
        starts = again.of("audio_start")
        assert {each["sessionId"] for each in starts} == {session}

        # Another one takes over, and the first is told.
        async with talking(system, f"?session={session}") as third:
            await again.until(lambda: again.closed)
            assert again.closed is not None and again.closed[0] == 4409
            await third.send(type="text", data=QUESTION)
            await third.until(lambda: third.of("transcript_done", role="assistant"))
