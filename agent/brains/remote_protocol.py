"""What the agent and a remote brain say to each other: ``docs/remote-brain.md``, version 1."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from visavis.brain import Message

logger = logging.getLogger("visavis.brains")

VERSION: Final = 1
SUBPROTOCOL: Final = "visavis.brain.v1"
LONGEST_MESSAGE: Final = 65_536
"""Bytes of a text frame of the brain's."""
LONGEST_TEXT: Final = 8_192
"""Characters of one ``delta`` or ``say``."""
LONGEST_SENT: Final = 2**20
"""Bytes of a text frame of ours: what most WebSocket libraries take unless told otherwise."""
MOST_OF_FIELD: Final = LONGEST_SENT // 3
"""Bytes, as JSON, of one text in it; no message has three that are long."""
LAST_OF_INSTRUCTIONS: Final = 16_384
"""Characters of instructions that stay when they are too long: what follows the persona."""
MOST_HISTORY: Final = 20
"""Messages that a brain is reminded of, at most."""
HISTORY_ROOM: Final = 16_384
"""Bytes of their texts, as JSON, at most."""


class RemoteProtocolError(ValueError):
    """A brain's message cannot be used; the text says why, without quoting it."""


@dataclass(frozen=True)
class Session:
    """Who talks, and how by now; ``id`` is the same for a whole conversation, and so is ``room``
    once it is known."""

    id: str
    room: str
    language: str | None
    instructions: str

    def start(self, history: Sequence[Message], *, resume: bool) -> dict[str, Any]:
        return {
            "type": "session.start",
            "version": VERSION,
            "session": self.id,
            "room": self.room,
            **self._manner,
            "resume": resume,
            "history": shorten(history),
        }

    def update(self) -> dict[str, Any]:
        return {"type": "session.update", **self._manner}

    @property
    def _manner(self) -> dict[str, Any]:
        told = fit(self.instructions, keep_end=LAST_OF_INSTRUCTIONS)
        return {"language": self.language, "instructions": told}


@dataclass(frozen=True)
class Ready:
    wants: frozenset[str]
    """``partial``: what the person is saying, while they say it."""


@dataclass(frozen=True)
class Delta:
    turn: str
    text: str


@dataclass(frozen=True)
class Done:
    turn: str


@dataclass(frozen=True)
class Failed:
    turn: str
    """Empty: of no turn."""


@dataclass(frozen=True)
class Say:
    text: str
    interrupt: bool
    """Whether it cuts the agent's own words short."""


@dataclass(frozen=True)
class Action:
    id: str
    name: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Ping:
    id: str


Incoming = Ready | Delta | Done | Failed | Say | Action | Ping


def parse(text: str) -> Incoming | None:
    """A brain's message; None: of a kind that this version does not know, which is passed over.

    Raises :class:`RemoteProtocolError`.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise RemoteProtocolError("a message is not JSON") from None
    if not isinstance(data, dict):
        raise RemoteProtocolError("a message is not a JSON object")
    kind = data.get("type")
    match kind:
        case "session.ready":
            if data.get("version") != VERSION:
                raise RemoteProtocolError(f"'session.ready' must have \"version\": {VERSION}")
            wants = data.get("wants", [])
            if not isinstance(wants, list):
                raise RemoteProtocolError("'wants' of 'session.ready' must be a list")
            return Ready(frozenset(w for w in wants if isinstance(w, str)))
        case "delta":
            return Delta(_text(data, "turn"), _text(data, "text", LONGEST_TEXT))
        case "done":
            return Done(_text(data, "turn"))
        case "error":
            return Failed(_text(data, "turn") if "turn" in data else "")
        case "say":
            return Say(_text(data, "text", LONGEST_TEXT), data.get("interrupt") is True)
        case "action":
            content = data.get("data", {})
            if not isinstance(content, dict):
                raise RemoteProtocolError("'data' of an action must be an object")
            return Action(_text(data, "id"), _text(data, "name"), content)
        case "ping":
            return Ping(_text(data, "id") if "id" in data else "")
    if not isinstance(kind, str):
        raise RemoteProtocolError("a message has no 'type'")
    return None


def dump(message: dict[str, Any] | str) -> str:
    """As it is sent: in any script a character takes no more bytes than it has in UTF-8."""
    # Half of a surrogate pair, which a client's JSON may hold, could not be sent.
    return json.dumps(message, ensure_ascii=False).encode(errors="replace").decode()


def fit(text: str, *, keep_end: int = 0) -> str:
    """The text, without what of it does not fit into a message: what comes before its last
    ``keep_end`` characters."""
    if (size := _size(text)) <= MOST_OF_FIELD:
        return text
    logger.warning("a text of %d KiB is cut for the remote brain", size // 1024)
    end = text[len(text) - keep_end :]
    room = MOST_OF_FIELD - _size(end)
    kept = text[: min(len(text) - keep_end, room)]
    while (over := _size(kept) - room) > 0:
        kept = kept[: -math.ceil(over / 6)]  # a character takes six bytes at most
    return kept + end


def shorten(history: Sequence[Message]) -> list[dict[str, Any]]:
    """The last messages, as many as fit."""
    kept: list[dict[str, Any]] = []
    room = HISTORY_ROOM
    for message in reversed(history[-MOST_HISTORY:]):
        room -= _size(message.text)
        if room < 0:
            break
        kept.insert(0, asdict(message))
    return kept


def _size(text: str) -> int:
    return len(dump(text).encode())


def _text(data: dict[str, Any], name: str, longest: int = 128) -> str:
    value = data.get(name)
    if not isinstance(value, str) or len(value) > longest:
        raise RemoteProtocolError(
            f"'{name}' of '{data['type']}' must be a text of at most {longest} characters"
        )
    return value
