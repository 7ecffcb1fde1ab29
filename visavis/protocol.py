"""What the processes say to each other: topics, RPCs, attributes, dispatch metadata, weights.

The names under "LiveKit's own" are its avatar wire protocol (``livekit.agents.voice.avatar``); a
test holds them equal to LiveKit's constants. The names under "ours" start with ``visavis.``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal

# LiveKit's own
TOPIC_AUDIO_STREAM: Final = "lk.audio_stream"
"""ByteStream topic, agent to avatar: int16 PCM, one stream a speech segment."""
RPC_CLEAR_BUFFER: Final = "lk.clear_buffer"
"""Agent to avatar: drop what has not been played. Empty payload."""
RPC_PLAYBACK_STARTED: Final = "lk.playback_started"
"""Avatar to agent: the first sample of a segment was released. Empty payload."""
RPC_PLAYBACK_FINISHED: Final = "lk.playback_finished"
"""Avatar to agent: a segment has ended. Payload: :class:`PlaybackFinished`."""
ATTRIBUTE_PUBLISH_ON_BEHALF: Final = "lk.publish_on_behalf"
"""On the avatar: identity of the agent it speaks for."""

# ours
AGENT_NAME: Final = "visavis"
"""Dispatch name of the agent worker."""
AVATAR_NAME: Final = "visavis-avatar"
"""Dispatch name of the avatar worker."""
RPC_INTERRUPT: Final = "visavis.interrupt"
"""Any participant to agent: stop speaking now. Empty payload; answers ``"ok"``."""
ATTRIBUTE_FACE: Final = "visavis.face"
"""On the agent: a :data:`FaceState`."""
ATTRIBUTE_BRAINS: Final = "visavis.brains"
"""On the agent: JSON object of what is in use: ``{"stt": "moonshine tiny-en", "llm": …}``."""
ATTRIBUTE_LIPSYNC: Final = "visavis.lipsync"
"""On the avatar: name of the speech-to-blendshape model in use."""
ATTRIBUTE_HEAD: Final = "visavis.head"
"""On the avatar: name of the head that is drawn."""

FaceState = Literal["waiting", "present", "absent"]
"""Waiting: dispatched, not here yet. Present: it speaks through the avatar. Absent: plain voice."""

ARKIT_NAMES: Final[tuple[str, ...]] = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight",
    "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight",
    "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The 52 ARKit blendshapes in alphabetical order, the order of every weight vector here.

Source: Apple, ``ARFaceAnchor.BlendShapeLocation``.
"""


class ProtocolError(ValueError):
    """A message of another process cannot be used; the text says which part and why."""


@dataclass(frozen=True)
class PlaybackFinished:
    """How a segment ended."""

    playback_position: float
    """Seconds of the segment that were released to WebRTC."""
    interrupted: bool

    def to_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class AvatarDispatch:
    """Metadata of an avatar worker's job. ``None`` leaves the choice to the worker's settings."""

    agent_identity: str
    """Who sends the voice, and on whose behalf the avatar publishes."""
    avatar_identity: str
    """The identity under which the avatar joins; unique in its room."""
    head: str | None = None
    """Name of a head the worker has."""
    background: str | None = None
    """CSS-like ``#rrggbb``."""
    width: int | None = None
    """Pixels."""
    height: int | None = None
    """Pixels."""

    def to_json(self) -> str:
        return json.dumps({k: v for k, v in asdict(self).items() if v is not None})

    @classmethod
    def from_json(cls, text: str) -> AvatarDispatch:
        """Raises :class:`ProtocolError` for anything but a JSON object with these fields."""
        try:
            data: Any = json.loads(text)
        except ValueError as error:
            raise ProtocolError(f"the avatar's dispatch metadata is not JSON: {error}") from None
        if not isinstance(data, dict):
            raise ProtocolError("the avatar's dispatch metadata must be a JSON object")
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(data) - known):
            raise ProtocolError(f"unknown field in the avatar's dispatch metadata: {unknown[0]}")
        for name in ("agent_identity", "avatar_identity"):
            if not isinstance(data.get(name), str) or not data[name]:
                raise ProtocolError(f"the avatar's dispatch metadata needs a text {name!r}")
        for name in ("head", "background"):
            if not isinstance(data.get(name), str | None):
                raise ProtocolError(f"{name!r} in the avatar's dispatch metadata must be text")
        for name in ("width", "height"):
            value = data.get(name)
            if value is not None and (
                type(value) is not int or not 64 <= value <= 1920 or value % 2
            ):
                raise ProtocolError(
                    f"{name!r} in the avatar's dispatch metadata must be an even number "
                    f"from 64 to 1920, not {value!r}"
                )
        return cls(**data)
