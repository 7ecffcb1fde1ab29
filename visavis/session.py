"""A session asked for at the gateway: what its agent is told, and how the gateway proves itself.

The spec travels in the metadata of the agent's dispatch, which nobody in the room can read.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from .protocol import ProtocolError
from .talk import TalkChange

METADATA_FIELD: Final = "session"
"""Under which the spec stands in the metadata of a dispatch, a JSON object."""


@dataclass(frozen=True)
class SessionSpec:
    """What a session shall be. None leaves the choice to the workers' settings."""

    id: str
    created_at: float
    """Unix seconds; an agent that takes the place of a lost one counts the duration from here."""
    talk: TalkChange = field(default_factory=TalkChange)
    """How the conversation is held from its first word, looks included."""
    brain: str | None = None
    """As the setting ``BRAIN``."""
    video: bool | None = None
    """False: a voice and its weights, without a picture."""
    greeting: str | None = None
    """The first words; empty: the person speaks first."""
    knowledge: tuple[str, ...] = ()
    """URLs to read for this session alone."""
    max_seconds: float | None = None
    """After which it is over, counted from ``created_at``."""
    idle_seconds: float | None = None
    """Without a word of either side after which it is over."""
    transcript: bool = True
    """Whether the words are kept in the events; else only that somebody spoke."""

    def to_metadata(self) -> str:
        """The whole metadata of the agent's dispatch."""
        data = {k: v for k, v in asdict(self).items() if v is not None and k != "talk"}
        spec = {**data, "talk": json.loads(self.talk.to_json())}
        # As it is, not escaped: LiveKit counts bytes.
        return json.dumps({METADATA_FIELD: spec}, ensure_ascii=False)

    @classmethod
    def from_metadata(cls, metadata: str) -> SessionSpec | None:
        """None where the dispatch is of no session. Raises :class:`ProtocolError`."""
        given = _find_session(metadata)
        if given is None:
            return None
        if not isinstance(given, dict) or set(given) - {each.name for each in fields(cls)}:
            raise ProtocolError("the session in the dispatch's metadata has unknown fields")
        for name, kinds in _KINDS.items():
            if name in given and (
                not isinstance(given[name], kinds)
                or (isinstance(given[name], bool) and bool not in kinds)
            ):
                raise ProtocolError(f"{name!r} of the session in the dispatch's metadata is wrong")
        talk = TalkChange.from_dict(given.get("talk", {}))
        knowledge = tuple(str(each) for each in given.get("knowledge", ()))
        try:
            return cls(**{**given, "talk": talk, "knowledge": knowledge})
        except TypeError:
            raise ProtocolError("the session in the dispatch's metadata lacks a field") from None


_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "id": (str,),
    "created_at": (int, float),
    "talk": (dict,),
    "brain": (str,),
    "video": (bool,),
    "greeting": (str,),
    "knowledge": (list,),
    "max_seconds": (int, float),
    "idle_seconds": (int, float),
    "transcript": (bool,),
}


def find_id(metadata: str) -> str | None:
    """Of the session that a dispatch is of, also where its spec is wrong otherwise."""
    given = _find_session(metadata)
    id = given.get("id") if isinstance(given, dict) else None
    return id if isinstance(id, str) else None


def _find_session(metadata: str) -> Any:
    data: Any = None
    with suppress(ValueError):
        data = json.loads(metadata)
    return data.get(METADATA_FIELD) if isinstance(data, dict) else None


def door_key(livekit_api_secret: str, room: str) -> str:
    """With which a call through LiveKit's server API proves that the gateway sent it: such calls
    come under a random caller identity, and everybody in the room may call an agent's methods."""
    text = f"visavis door {room}".encode()
    return hmac.new(livekit_api_secret.encode(), text, hashlib.sha256).hexdigest()
