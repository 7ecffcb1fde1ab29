"""A client of /ws, as programs write them."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import numpy as np
import websockets
from websockets.typing import Origin

from bench.speech import speak

RATE: Final = 24_000
FRAME: Final = RATE // 30
PATIENCE: Final = 90.0


class Client:
    """What it was sent; ``at`` beside each message is when it came."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.got: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self._changed = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for raw in self.socket:
                async with self._changed:
                    self.got.append(json.loads(raw) | {"at": time.monotonic()})
                    self._changed.notify_all()
        except websockets.ConnectionClosedError:
            pass
        async with self._changed:
            self.closed = (self.socket.close_code or 0, self.socket.close_reason or "")
            self._changed.notify_all()

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def say(self, text: str) -> None:
        """All at once: faster than it is spoken."""
        await self.send(type="audio_stream_start", userId="someone")
        speech = speak(text)
        for start in range(0, len(speech), RATE // 5):
            piece = speech[start : start + RATE // 5].tobytes()
            await self.send(type="audio", data=base64.b64encode(piece).decode())

    async def until(self, true: Callable[[], Any]) -> Any:
        async with asyncio.timeout(PATIENCE), self._changed:
            while not (found := true()):
                await self._changed.wait()
            return found

    def of(self, type: str, **fields: Any) -> list[dict[str, Any]]:
        """Messages of a type with these fields, in order."""
        return [
            each for each in self.got if each["type"] == type and fields.items() <= each.items()
        ]

    def sound(self, turn: str) -> np.ndarray:
        frames = self.of("sync_frame", turnId=turn)
        data = b"".join(base64.b64decode(each["audio"]) for each in frames)
        return np.frombuffer(data, np.int16)

    async def turn(self, after: int = 0) -> str:
        """Id of the first turn that ended after so many messages."""
        found = await self.until(
            lambda: next((e for e in self.got[after:] if e["type"] == "audio_end"), None)
        )
        return str(found["turnId"])


@asynccontextmanager
async def connected(
    gateway: str, query: str = "", *, origin: str | None = None
) -> AsyncIterator[Client]:
    """``gateway``: its http URL. ``origin``: the site whose page this is."""
    url = f"{gateway.replace('http', 'ws')}/ws{query}"
    site = None if origin is None else Origin(origin)
    async with websockets.connect(url, max_size=None, origin=site) as socket:
        yield Client(socket)


def check_turn(client: Client, turn: str) -> None:
    """It begins and ends once; its frames are whole, in order, and of their sound."""
    check_frames(client, turn)
    [end] = client.of("audio_end", turnId=turn)
    assert client.of("sync_frame", turnId=turn)[-1]["at"] <= end["at"]


def check_frames(client: Client, turn: str) -> None:
    """As :func:`check_turn`, of a turn that may not have ended."""
    [start] = client.of("audio_start", turnId=turn)
    frames = client.of("sync_frame", turnId=turn)
    assert [each["frameIndex"] for each in frames] == list(range(len(frames)))
    assert start["at"] <= frames[0]["at"]
    sound = client.sound(turn)
    assert len(sound) == FRAME * len(frames), "frames and sound are not of one length"
    seconds = len(sound) / RATE
    assert frames[-1]["at"] - frames[0]["at"] < seconds + 10
    assert {each["sessionId"] for each in frames} == {start["sessionId"]}
    assert all(
        len(each["weights"]) == 52 and "mouthSmileLeft" in each["weights"] for each in frames
    )
