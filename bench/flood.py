"""Broken input for a gateway, as fast as asked: ``python -m bench.flood URL --count N --rate R``.

A process of its own, of the lowest priority, so that what the conversation beside it suffers is the
gateway's doing. It prints ``ready`` once one of its WebSockets has been let in and greeted, and at
the end one JSON object, a :class:`Flood`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Final

import aiohttp

from bench.flood_inputs import Input, rest_inputs, socket_messages

SEED: Final = 8
WORKERS: Final = 8
"""Requests under way at once."""
BREATH: Final = 0.025
"""Seconds between two messages over one WebSocket: a hundred a second are taken, and each broken
one has a good one beside it."""
GREETED: Final = 60.0
"""Seconds until a WebSocket's greeting is over."""
ANSWERING: Final = 5.0
"""Seconds that the last answers over a WebSocket may take."""
PATIENCE: Final = aiohttp.ClientTimeout(total=20)
POLICY: Final = 1008
REFUSALS_5XX: Final = frozenset({503})
"""Which is no crash: nobody is free."""


@dataclass
class Flood:
    """What came of it."""

    sent: int = 0
    refused: int = 0
    """Answered with a clear no: 4xx, 503, an ``error`` message, or a close with a code of ours."""
    accepted: int = 0
    """Answered with 2xx: not broken enough, or not looked at enough."""
    crashes: int = 0
    """5xx, no answer at all, or a connection that broke."""
    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)


async def flood(url: str, count: int, rate: float) -> Flood:
    """Send ``count`` inputs, ``rate`` a second or as many as the gateway answers."""
    chance = random.Random(SEED)
    found, statuses = Flood(), Counter[str]()
    requests, messages = rest_inputs(chance), socket_messages(chance)

    async with aiohttp.ClientSession(timeout=PATIENCE) as client:
        async with _admitted(client, url) as guest:
            print("ready", flush=True)
            began = time.monotonic()
            due = _Due(count, rate)

            async def ask(number: int) -> None:
                while await due.next():
                    if number % 4:
                        await _request(client, url, next(requests), found, statuses)
                    else:
                        await _forge(client, url, found, statuses)

            async def talk() -> None:
                while not guest.socket.closed and await due.next():
                    await guest.say(next(messages))
                    await asyncio.sleep(BREATH)

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(talk())
                for number in range(WORKERS):
                    tasks.create_task(ask(number))
            found.seconds = time.monotonic() - began
            await guest.wait_for_answers()
        found.sent += guest.said
        found.refused += guest.refused
        found.crashes += guest.said - guest.refused
        statuses["ws error"] = guest.refused
    found.statuses = dict(statuses.most_common())
    return found


class _Due:
    """Lets so many inputs go, so many a second."""

    def __init__(self, count: int, rate: float) -> None:
        self._left = iter(range(count))
        self._rate = rate
        self._began = time.monotonic()

    async def next(self) -> bool:
        """Wait for the turn of the next one; False where all have gone."""
        number = next(self._left, None)
        if number is None:
            return False
        await asyncio.sleep(max(0.0, self._began + number / self._rate - time.monotonic()))
        return True


class _Guest:
    """A client that was let in, and sends what cannot be used: each is to be answered with an
    ``error``. The good message after each keeps it from being thrown out."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.said = 0
        self.refused = 0
        self.greeted = asyncio.Event()

    async def say(self, message: str | bytes) -> None:
        self.said += 1
        with suppress(ConnectionError, aiohttp.ClientError):  # unanswered, which is counted
            if isinstance(message, bytes):
                await self.socket.send_bytes(message)
            else:
                await self.socket.send_str(message)
            await self.socket.send_json({"type": "ping"})

    async def read(self) -> None:
        async for message in self.socket:
            kind = json.loads(message.data)["type"]
            self.refused += kind == "error"
            if kind == "audio_end":
                self.greeted.set()

    async def wait_for_answers(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWERING):
                while self.refused < self.said:
                    await asyncio.sleep(0.05)


@asynccontextmanager
async def _admitted(client: aiohttp.ClientSession, url: str) -> AsyncIterator[_Guest]:
    async with client.ws_connect(f"{url}/ws", max_msg_size=1 << 20) as socket:
        guest = _Guest(socket)
        reading = asyncio.create_task(guest.read())
        try:
            async with asyncio.timeout(GREETED):
                await socket.send_json({"type": "ping"})
                await guest.greeted.wait()
            yield guest
        finally:
            await socket.close()
            await reading


async def _request(
    client: aiohttp.ClientSession, url: str, asked: Input, found: Flood, statuses: Counter[str]
) -> None:
    found.sent += 1
    try:
        async with client.request(
            asked.method, url + asked.path, data=asked.body, headers=asked.headers
        ) as answer:
            await answer.read()
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        # A gateway that refuses a body half-way may close before it has all been sent.
        closed = isinstance(error, aiohttp.ClientOSError) and bool(asked.body)
        statuses[f"rest {type(error).__name__}"] += 1
        found.refused += closed
        found.crashes += not closed
        return
    statuses[f"rest {status}"] += 1
    found.accepted += 200 <= status < 300
    found.refused += 300 <= status < 500 or status in REFUSALS_5XX
    found.crashes += status >= 500 and status not in REFUSALS_5XX


async def _forge(
    client: aiohttp.ClientSession, url: str, found: Flood, statuses: Counter[str]
) -> None:
    """A WebSocket with a token that nobody made."""
    found.sent += 1
    try:
        async with client.ws_connect(f"{url}/ws?token=forged") as socket:
            async for _ in socket:
                pass
            code = socket.close_code
    except (aiohttp.ClientError, TimeoutError) as error:
        statuses[f"ws {type(error).__name__}"] += 1
        found.crashes += 1
        return
    statuses[f"ws closed {code}"] += 1
    is_clear = code == POLICY or (code is not None and 4000 <= code < 5000)
    found.refused += is_clear
    found.crashes += not is_clear


def main() -> None:
    parser = argparse.ArgumentParser("python -m bench.flood")
    parser.add_argument("url")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=300.0)
    args = parser.parse_args()
    if hasattr(os, "nice"):
        os.nice(19)
    print(json.dumps(asdict(asyncio.run(flood(args.url, args.count, args.rate)))))


if __name__ == "__main__":
    main()
