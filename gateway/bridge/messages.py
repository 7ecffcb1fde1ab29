"""What clients of avatar-chat-server send, and what they are sent: JSON objects with a ``type``.

Source: the README of https://github.com/myned-ai/avatar-chat-server, and its client specification.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from visavis.protocol import ARKIT_NAMES, MESSAGE_LIMIT
from visavis.weights import SOUND_RATE

PCM: Final = "audio/pcm16"
RATE: Final = SOUND_RATE
"""Hz of the sound both ways: int16 little-endian mono."""

_MIDDLE: Final = frozenset({"jawLeft", "jawRight", "mouthLeft", "mouthRight"})
"""Shapes of no side, whose names end as if they had one."""


def _with_sides(name: str) -> str:
    if name in _MIDDLE:
        return name
    for side in ("Left", "Right"):
        if name.endswith(side):
            return f"{name.removesuffix(side)}_{side[0]}"
    return name


NAMES: Final[dict[str, tuple[str, ...]]] = {
    "sides": tuple(map(_with_sides, ARKIT_NAMES)),
    "arkit": ARKIT_NAMES,
}
"""How the 52 weights may be called, in the order of ``ARKIT_NAMES``: ``mouthSmileLeft``, as the
widget reads and the server sends them (its ``src/wav2arkit/utils.py``), or ``mouthSmile_L``, as the
server's README has it."""


class BadMessage(ValueError):
    """A client's message that cannot be used; the text is for whoever wrote the client."""


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Audio:
    sound: bytes
    """int16 little-endian mono at :data:`RATE`."""


@dataclass(frozen=True)
class Signal:
    """A message that says all by its type."""

    type: Literal["audio_stream_start", "audio_stream_end", "interrupt", "ping"]


ClientMessage = Text | Audio | Signal
TYPES: Final = ("text", "audio_stream_start", "audio", "audio_stream_end", "interrupt", "ping")


def read_message(raw: str | bytes) -> ClientMessage:
    """A binary message is sound without its wrapping. Raises :class:`BadMessage`."""
    if isinstance(raw, bytes):
        return Audio(_whole_samples(raw))
    try:
        data: Any = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadMessage("The message is not JSON.") from None
    if not isinstance(data, dict):
        raise BadMessage("The message must be a JSON object with a type.")
    match data.get("type"):
        case "text":
            return Text(_text(data.get("data")))
        case "audio":
            return Audio(_sound(data.get("data")))
        case "audio_stream_start":
            rate = data.get("sampleRate", RATE)
            if rate != RATE:
                raise BadMessage(f"The sound must have {RATE} Hz, as config says.")
            return Signal("audio_stream_start")
        case "audio_stream_end" | "interrupt" | "ping" as type_:
            return Signal(type_)
        case _:
            raise BadMessage(f"The message's type must be one of {', '.join(TYPES)}.")


def _text(text: Any) -> str:
    if not isinstance(text, str) or not text.strip():
        raise BadMessage("A text message needs its text in data.")
    if len(text) > MESSAGE_LIMIT:
        raise BadMessage(f"The text has {len(text)} characters; at most {MESSAGE_LIMIT} are taken.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadMessage("The text is not Unicode: half of a surrogate pair is in it.") from None
    return text


def _sound(text: Any) -> bytes:
    if not isinstance(text, str):
        raise BadMessage("An audio message needs its sound in data, as base64.")
    try:
        return _whole_samples(base64.b64decode(text, validate=True))
    except binascii.Error:
        raise BadMessage("The sound in data is not base64.") from None


def _whole_samples(sound: bytes) -> bytes:
    if len(sound) % 2:
        raise BadMessage("The sound must be whole samples of 16 bits.")
    return sound


class Wording:
    """The server's messages in one session, as text. Times are milliseconds, Unix or of a turn."""

    def __init__(self, session: str, names: Sequence[str]) -> None:
        self._session = session
        self._weights = [f'{", " if k else ""}"{name}": ' for k, name in enumerate(names)]

    def config(self) -> str:
        return _json(type="config", audio={"inputSampleRate": RATE, "outputSampleRate": RATE})

    def audio_start(self, turn: str, now: int) -> str:
        return _json(
            type="audio_start",
            sessionId=self._session,
            turnId=turn,
            sampleRate=RATE,
            format=PCM,
            timestamp=now,
        )

    def sync_frame(
        self, weights: Sequence[float], sound: bytes, turn: str, index: int, now: int
    ) -> str:
        """Thirty a second: put together by hand, at a third of the cost."""
        shapes = "".join(
            [name + _LEVELS[round(255 * w)] for name, w in zip(self._weights, weights, strict=True)]
        )
        return (
            f'{{"type": "sync_frame", "weights": {{{shapes}}}, "audio": "{_base64(sound)}", '
            f'"sessionId": "{self._session}", "turnId": "{turn}", "timestamp": {now}, '
            f'"frameIndex": {index}}}'
        )

    def audio_chunk(self, sound: bytes, turn: str, now: int) -> str:
        return _json(
            type="audio_chunk",
            data=_base64(sound),
            sessionId=self._session,
            turnId=turn,
            timestamp=now,
        )

    def audio_end(self, turn: str, now: int) -> str:
        return _json(type="audio_end", sessionId=self._session, turnId=turn, timestamp=now)

    def transcript_delta(
        self, role: str, text: str, turn: str, now: int, start: int = 0, end: int = 0
    ) -> str:
        return _json(
            type="transcript_delta",
            text=text,
            role=role,
            turnId=turn,
            sessionId=self._session,
            timestamp=now,
            startOffset=start,
            endOffset=end,
        )

    def transcript_done(
        self, role: str, text: str, turn: str, now: int, *, interrupted: bool = False
    ) -> str:
        cut = {"interrupted": True} if interrupted else {}
        return _json(
            type="transcript_done",
            text=text,
            role=role,
            turnId=turn,
            sessionId=self._session,
            timestamp=now,
            **cut,
        )

    def avatar_state(self, state: Literal["Listening", "Responding"]) -> str:
        return _json(type="avatar_state", state=state)

    def interrupt(self, turn: str, offset: int, now: int) -> str:
        return _json(type="interrupt", timestamp=now, turnId=turn, offsetMs=offset)

    def error(self, code: str, message: str) -> str:
        return _json(type="error", code=code, message=message)

    def pong(self, now: int) -> str:
        return _json(type="pong", timestamp=now)


_LEVELS: Final = tuple(f"{level / 255:.3g}" for level in range(256))


def _base64(sound: bytes) -> str:
    return base64.b64encode(sound).decode()


def _json(**fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False)
