"""What an avatar tells its agent about the voice: how a segment ended, and that it is alive."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .protocol import ProtocolError, read_object


@dataclass(frozen=True)
class PlaybackFinished:
    """How a segment ended."""

    playback_position: float
    """Seconds of the segment that were released to WebRTC."""
    interrupted: bool
    stream_id: str | None = None
    """Which; only told to those who ask (:data:`STREAM_WANTS_ID`)."""

    def to_json(self) -> str:
        return json.dumps({k: v for k, v in asdict(self).items() if v is not None})

    @classmethod
    def from_json(cls, text: str) -> PlaybackFinished:
        """Raises :class:`ProtocolError`."""
        return cls._from(read_object(text, "the end of a segment"))

    @classmethod
    def _from(cls, data: Mapping[str, Any]) -> PlaybackFinished:
        stream_id = data.get("stream_id")
        interrupted = data.get("interrupted")
        if not isinstance(interrupted, bool) or not isinstance(stream_id, str | None):
            raise ProtocolError("the end of a segment needs a boolean 'interrupted'")
        return cls(_read_seconds(data, "playback_position"), interrupted, stream_id)


@dataclass(frozen=True)
class SignOfLife:
    """What an avatar is doing: a state, so a lost one costs nothing.

    The first one also says that the avatar can be heard now.
    """

    stream_id: str | None = None
    """The segment that sounds, or is held in the middle; None while nobody speaks."""
    position: float = 0.0
    """Seconds of it that were released to WebRTC."""
    paused: bool = False
    ended: tuple[PlaybackFinished, ...] = ()
    """The last few ends, oldest first, each with its ``stream_id``: for a lost RPC."""
    lead: float | None = None
    """Seconds of a segment that it waits for before it speaks; None where it does not tell."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> SignOfLife:
        """Raises :class:`ProtocolError`."""
        data = read_object(text, "an avatar's sign of life")
        stream_id, paused, ended = data.get("stream_id"), data.get("paused"), data.get("ended")
        if (
            not isinstance(stream_id, str | None)
            or not isinstance(paused, bool)
            or not isinstance(ended, list)
            or not all(isinstance(end, dict) for end in ended)
        ):
            raise ProtocolError("an avatar's sign of life needs stream_id, position, paused, ended")
        ends = tuple(PlaybackFinished._from(end) for end in ended)
        lead = None if data.get("lead") is None else _read_seconds(data, "lead")
        return cls(stream_id, _read_seconds(data, "position"), paused, ends, lead)


def _read_seconds(data: Mapping[str, Any], name: str) -> float:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ProtocolError(f"{name!r} must be seconds, not {value!r}")
    return float(value)
