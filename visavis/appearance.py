"""What an avatar looks like, and how to ask for something else: RPC ``visavis.appearance``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from livekit import rtc

from .protocol import (
    ATTRIBUTE_BACKGROUND,
    ATTRIBUTE_EMOTION,
    ATTRIBUTE_HEAD,
    ATTRIBUTE_SIZE,
    RPC_APPEARANCE,
    WRONG_APPEARANCE,
    ProtocolError,
    check_side,
    read_object,
)

LARGEST_REQUEST: Final = 4096
"""Bytes of UTF-8."""
PATIENCE: Final = 20.0
"""Seconds that a change may take: a head to load, a picture to fetch."""
NO_EXPRESSION: Final = "none"
SHORTEST: Final = 256
"""Bytes that LiveKit leaves of an RPC error's message; its ``data`` holds all."""


@dataclass(frozen=True)
class AppearanceChange:
    """What shall be different. What is None stays; nothing named only asks what is in force."""

    head: str | None = None
    """Name of a head the worker has."""
    background: str | None = None
    """``#rrggbb``, ``#rrggbb..#rrggbb`` from the top down, the name of a picture the worker has, or
    the ``https://`` URL of one."""
    width: int | None = None
    """Pixels, even, 64 to 1920."""
    height: int | None = None
    """Pixels, even, 64 to 1920."""
    emotion: str | Mapping[str, Any] | None = None
    """A name, ``"happy"``; shares, ``{"happy": 0.7, "surprised": 0.3}``; or
    ``{"mix": either of these, "intensity": 0.5}``. It holds until the next one."""
    expression: str | Mapping[str, Any] | None = None
    """An emotion, as above, for what is being said: over ``emotion`` until the next one, or until
    ``"none"``. No attribute tells it."""
    gesture: str | None = None
    """Made once: ``"nod"``, ``"shake"``, ``"tilt"``, ``"wink"``, ``"raise_brows"``."""

    def to_json(self) -> str:
        return json.dumps({k: v for k, v in asdict(self).items() if v is not None})

    @classmethod
    def from_json(cls, text: str) -> AppearanceChange:
        """Raises :class:`ProtocolError` for anything but a JSON object with these fields."""
        if len(text.encode()) > LARGEST_REQUEST:
            raise ProtocolError(f"a change of appearance takes at most {LARGEST_REQUEST} bytes")
        data = read_object(text or "{}", "a change of appearance")
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(data) - set(known)):
            raise ProtocolError(f"there is no {unknown[0][:40]!r}: name any of {', '.join(known)}")
        for name in ("head", "background", "gesture"):
            if not isinstance(data.get(name), str | None):
                raise ProtocolError(f"{name!r} must be text")
        for name in ("emotion", "expression"):
            if not isinstance(data.get(name), str | dict | None):
                raise ProtocolError(f"{name!r} must be a name, or an object of names and shares")
        for name in ("width", "height"):
            check_side(name, data.get(name))
        return cls(**data)


@dataclass(frozen=True)
class Appearance:
    """What is in force."""

    head: str
    """Its name; of one that only the worker's settings can name, its file's."""
    background: str
    """As it was asked for; of a URL, what comes before its query."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""
    emotion: str = "neutral"
    """A name; JSON where it is a mix or less than whole."""

    @property
    def attributes(self) -> dict[str, str]:
        """The avatar's, that say so."""
        return {
            ATTRIBUTE_HEAD: self.head,
            ATTRIBUTE_BACKGROUND: self.background,
            ATTRIBUTE_SIZE: f"{self.width}x{self.height}",
            ATTRIBUTE_EMOTION: self.emotion,
        }

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Appearance:
        """Raises :class:`ProtocolError`."""
        data = read_object(text, "an avatar's appearance")
        for name in ("head", "background", "emotion"):
            if not isinstance(data.get(name), str):
                raise ProtocolError(f"an avatar's appearance needs a text {name!r}")
        for name in ("width", "height"):
            if type(data.get(name)) is not int:
                raise ProtocolError(f"an avatar's appearance needs a whole number {name!r}")
        return cls(**{field.name: data[field.name] for field in fields(cls)})


class AppearanceError(Exception):
    """The avatar looks as it did before; the text says why, and what would be right."""

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused: Final = refused
        """The face cannot look so. Else it was not reached, and the next one may well."""


async def ask(room: rtc.Room, avatar: str, asked: AppearanceChange) -> Appearance:
    """Have the participant ``avatar`` look as asked; answers what is in force then.

    Raises :class:`AppearanceError`.
    """
    try:
        answer = await room.local_participant.perform_rpc(
            destination_identity=avatar,
            method=RPC_APPEARANCE,
            payload=asked.to_json(),
            response_timeout=PATIENCE,
        )
        return Appearance.from_json(answer)
    except rtc.RpcError as error:
        # LiveKit has the same code for a call that nobody there knows, but no data with it.
        refused = error.code == WRONG_APPEARANCE and bool(error.data)
        raise AppearanceError(error.data or error.message, refused=refused) from error
    except ProtocolError as error:
        raise AppearanceError(str(error)) from error
    except Exception as error:  # a room that reconnects raises more than RpcError
        name = type(error).__name__
        raise AppearanceError(f"the face cannot be reached now ({name})") from error


def shorten(text: str, limit: int = SHORTEST) -> str:
    """``text`` in at most ``limit`` bytes of UTF-8."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[: limit - 3].decode(errors="ignore") + "…"
