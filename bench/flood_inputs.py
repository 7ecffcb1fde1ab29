"""What no gateway may take: requests and messages that are broken in many ways, by chance."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

FOREIGN: Final = "https://evil.example"


@dataclass(frozen=True)
class Input:
    """One broken request."""

    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


Draw = Callable[[random.Random], Input]


def rest_inputs(chance: random.Random) -> Iterator[Input]:
    """Without end."""
    while True:
        yield chance.choice(_REST)(chance)


def socket_messages(chance: random.Random) -> Iterator[str | bytes]:
    """Without end."""
    while True:
        yield chance.choice(_MESSAGES)(chance)


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
    lambda c: Input("POST", c.choice(_POSTS), b"\xff" + _bytes(c), _JSON),
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
    lambda c: c.randbytes(2 * c.randint(0, 100) + 1),
    lambda c: "{" + _bytes(c).decode("latin-1"),
    lambda c: _object(c).decode(),
    lambda c: "[" * 20_000,
    lambda c: json.dumps({"type": c.choice(["texts", "", None, 3, "audio_start"])}),
    lambda c: json.dumps({"type": "text", "data": c.choice([None, 3, "", "  ", [], "\ud800"])}),
    lambda c: json.dumps({"type": "audio", "data": "not base64!"}),
    lambda c: json.dumps({"type": "audio", "data": base64.b64encode(_bytes(c)).decode() + "A"}),
    lambda c: json.dumps({"type": "audio_stream_start", "sampleRate": c.randint(-9, 9)}),
)
"""What no client may send: half a sample, half a JSON, types that are none."""
