"""Broken input for a gateway, as fast as asked: ``python -m bench.flood URL --count N --rate R``.

A process of its own, of the lowest priority, so that what the conversation beside it suffers is the
gateway's doing. Prints one JSON object, a :class:`Flood`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import aiohttp

SEED: Final = 8
WORKERS: Final = 8
"""Requests under way at once."""
PER_SOCKET: Final = 25
"""Messages sent over one WebSocket, if it stays open."""
PATIENCE: Final = aiohttp.ClientTimeout(total=20)
FOREIGN: Final = "https://evil.example"
REFUSALS_5XX: Final = frozenset({503})
"""Which is no crash: nobody is free."""
BROKEN: Final = frozenset(
    {aiohttp.WSCloseCode.ABNORMAL_CLOSURE, aiohttp.WSCloseCode.INTERNAL_ERROR}
)
"""With which no WebSocket is refused."""

Draw = Callable[[random.Random], "Input"]


@dataclass(frozen=True)
class Input:
    """One broken request."""

    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Flood:
    """What came of it."""

    sent: int = 0
    refused: int = 0
    """Answered with a clear no: 4xx, 503, an ``error`` message, or a close with a code."""
    accepted: int = 0
    """Answered with 2xx: not broken enough, or not looked at enough."""
    crashes: int = 0
    """5xx, no answer at all, or a connection that broke."""
    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)


def rest_inputs(chance: random.Random) -> Iterator[Input]:
    """Without end."""
    while True:
        yield chance.choice(_REST)(chance)


def socket_messages(chance: random.Random) -> Iterator[str | bytes]:
    """Without end."""
    while True:
        yield chance.choice(_MESSAGES)(chance)


async def flood(url: str, count: int, rate: float) -> Flood:
    """Send ``count`` inputs, ``rate`` a second or as many as the gateway answers."""
    chance = random.Random(SEED)
    found, statuses = Flood(), Counter[str]()
    began = time.monotonic()
    due = _paced(count, rate)
    lock = asyncio.Lock()

    async def work(number: int) -> None:
        requests, messages = rest_inputs(chance), socket_messages(chance)
        while True:
            async with lock:
                if await anext(due, None) is None:
                    return
            if number % 4:
                await _request(client, url, next(requests), found, statuses)
                continue
            await _socket(client, url, messages, due, lock, found, statuses)

    async with aiohttp.ClientSession(timeout=PATIENCE) as client, asyncio.TaskGroup() as tasks:
        for number in range(WORKERS):
            tasks.create_task(work(number))
    found.seconds = time.monotonic() - began
    found.statuses = dict(statuses.most_common())
    return found


async def _paced(count: int, rate: float) -> AsyncIterator[int]:
    began = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        yield number


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


async def _socket(
    client: aiohttp.ClientSession,
    url: str,
    messages: Iterator[str | bytes],
    due: AsyncIterator[int],
    lock: asyncio.Lock,
    found: Flood,
    statuses: Counter[str],
) -> None:
    """One socket, and what it is sent; the first input is already due."""
    sent = 0
    try:
        async with client.ws_connect(f"{url}/ws?token=forged", max_msg_size=1 << 20) as socket:
            while sent < PER_SOCKET:
                message = next(messages)
                sent += 1
                if isinstance(message, bytes):
                    await socket.send_bytes(message)
                else:
                    await socket.send_str(message)
                if socket.closed:
                    break
                async with lock:
                    if await anext(due, None) is None:
                        break
            code = await _close_code(socket)
            statuses["ws open" if code is None else f"ws closed {code}"] += 1
            found.crashes += code in BROKEN
    except aiohttp.WSServerHandshakeError as error:
        sent = max(sent, 1)
        statuses[f"ws handshake {error.status}"] += 1
        if error.status >= 500 and error.status not in REFUSALS_5XX:
            found.crashes += 1
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        sent = max(sent, 1)
        statuses[f"ws {type(error).__name__}"] += 1
    found.sent += sent
    found.refused += sent


async def _close_code(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Read what it says for a moment; how it closed, None where it did not."""
    try:
        async with asyncio.timeout(0.5):
            async for _ in socket:
                pass
    except TimeoutError:
        return None
    return socket.close_code


def _bytes(chance: random.Random, most: int = 200) -> bytes:
    return chance.randbytes(chance.randint(0, most))


def _value(chance: random.Random, depth: int = 0) -> Any:
    if depth > 3:
        return None
    kind = chance.randrange(7)
    if kind == 0:
        return [_value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    if kind == 1:
        return {_name(chance): _value(chance, depth + 1) for _ in range(chance.randint(0, 4))}
    plain = (
        chance.randint(-(2**70), 2**70),
        chance.random() * 1e300,
        "\ud800" * chance.randint(0, 3),
        "🙂\x00\x7f" * chance.randint(0, 40),
        True,
    )
    return plain[kind - 2]


def _name(chance: random.Random) -> str:
    known = ["voice", "speed", "language", "mode", "head", "width", "video", "metadata", "text"]
    return chance.choice([*known, "__proto__", "", "x" * 300, "participant", "max_seconds"])


def _object(chance: random.Random) -> bytes:
    """At least one field that no API has, so that it can never be right."""
    given = {_name(chance): _value(chance) for _ in range(chance.randint(1, 5))}
    return json.dumps({**given, "no such field": 1}).encode()


def _path(chance: random.Random) -> str:
    id = chance.choice(["ses_x", "%00", "..%2f..%2fetc", "a" * 500, "%F0%9F%99%82", "ses_'--"])
    tail = chance.choice(["", "/say", "/ask", "/interrupt", "/token", "/transcript", "/events"])
    return f"/v1/sessions/{id}{tail}"


_JSON: Final = {"Content-Type": "application/json"}
_POSTS: Final = ("/v1/sessions", "/api/token", "/v1/webhooks", "/v1/keys")
_REST: Final[tuple[Draw, ...]] = (
    lambda c: Input("POST", c.choice(_POSTS), _bytes(c), _JSON),
    lambda c: Input("POST", c.choice(_POSTS), _object(c), _JSON),
    lambda c: Input("POST", c.choice(_POSTS), _object(c)[:-2], _JSON),
    lambda c: Input("POST", c.choice(_POSTS), b"[" * 20_000, _JSON),
    lambda c: Input("POST", c.choice(_POSTS), b'{"a":' * 5_000, _JSON),
    lambda c: Input("POST", "/v1/sessions", b'{"x":"' + b"a" * 400_000 + b'"}', _JSON),
    lambda c: Input("POST", "/v1/sessions", b'{"speed": NaN}', _JSON),
    lambda c: Input("POST", _path(c), _object(c), _JSON),
    lambda c: Input("PATCH", _path(c), _bytes(c), _JSON),
    lambda c: Input("GET", f"/v1/sessions?limit={c.choice(['-1', '1e9', 'x', '%00'])}"),
    lambda c: Input("GET", f"/v1/sessions?cursor={_bytes(c, 40).hex()}&state=asleep"),
    lambda c: Input("DELETE", _path(c)),
    lambda c: Input("GET", f"/{_bytes(c, 20).hex()}/../../etc/passwd"),
    lambda c: Input("POST", "/api/auth/token", None, {"Origin": FOREIGN}),
    lambda c: Input("POST", "/api/token", b"{}", {**_JSON, "Authorization": f"Bearer {_jwt(c)}"}),
    lambda c: Input("GET", "/v1/usage?from=yesterday&group=colour"),
)


def _jwt(chance: random.Random) -> str:
    """Signed by nobody."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{head}.{base64.urlsafe_b64encode(_object(chance)).decode()}."


_MESSAGES: Final[tuple[Callable[[random.Random], str | bytes], ...]] = (
    lambda c: _bytes(c),
    lambda c: _bytes(c).decode("latin-1"),
    lambda c: _object(c).decode(),
    lambda c: "[" * 20_000,
    lambda c: json.dumps({"type": c.choice(["texts", "", None, 3, "audio_start"])}),
    lambda c: json.dumps({"type": "text", "data": _value(c)}),
    lambda c: json.dumps({"type": "audio", "data": "not base64!"}),
    lambda c: json.dumps({"type": "audio", "data": base64.b64encode(_bytes(c)).decode() + "A"}),
    lambda c: json.dumps({"type": "audio_stream_start", "userId": _value(c)}),
)


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
