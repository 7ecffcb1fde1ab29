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
"""ByteStream topic, agent to avatar: int16 PCM, or as :data:`STREAM_ENCODING` says; one stream a
speech segment."""
RPC_CLEAR_BUFFER: Final = "lk.clear_buffer"
"""Agent to avatar: drop what has not been played. Empty payload."""
RPC_PLAYBACK_STARTED: Final = "lk.playback_started"
"""Avatar to agent: the first sample of a segment was released. Empty payload."""
RPC_PLAYBACK_FINISHED: Final = "lk.playback_finished"
"""Avatar to agent: a segment has ended. Payload: :class:`.playback.PlaybackFinished`."""
ATTRIBUTE_PUBLISH_ON_BEHALF: Final = "lk.publish_on_behalf"
"""On the avatar: identity of the agent it speaks for."""

# ours
AGENT_NAME: Final = "visavis"
"""Dispatch name of the agent worker."""
AVATAR_NAME: Final = "visavis-avatar"
"""Dispatch name of the avatar worker."""
RPC_PAUSE: Final = "visavis.pause"
"""Agent to avatar: hold the voice where it is. Empty payload; harmless when repeated."""
RPC_RESUME: Final = "visavis.resume"
"""Agent to avatar: go on where :data:`RPC_PAUSE` held. Empty payload; harmless when repeated."""
TOPIC_ALIVE: Final = "visavis.alive"
"""Data topic, avatar to agent, lossy: every :data:`ALIVE_INTERVAL` a
:class:`.playback.SignOfLife`, and every :data:`ALIVE_AT_REST` where nothing is said."""
ALIVE_INTERVAL: Final = 0.1
"""Seconds."""
ALIVE_AT_REST: Final = 0.5
"""Seconds: each sign costs avatar, server and agent half a thousandth of a core a second."""
ATTRIBUTE_FEATURES: Final = "visavis.features"
"""On the avatar: what it can do beyond LiveKit's protocol, space-separated :data:`Feature`."""
STREAM_WANTS_ID: Final = "visavis.wants_id"
"""On an audio stream, any value: the started and finished RPCs shall name it.

``lk.playback_started`` then carries the stream's id as payload, ``lk.playback_finished`` a
``stream_id``. LiveKit's own output would refuse that field, so it is sent to those who ask.
"""
STREAM_ENCODING: Final = "visavis.encoding"
"""On an audio stream, ``"opus"``: it is coded as :mod:`visavis.opus` says, not PCM. To an avatar
with the feature ``opus`` alone."""
RPC_WATCH_WEIGHTS: Final = "visavis.watch_weights"
"""Any participant to avatar: send me weights. Payload: :class:`.weights.WatchWeights`, or empty;
answers ``"ok"``. Harmless when repeated: the last one counts."""
RPC_UNWATCH_WEIGHTS: Final = "visavis.unwatch_weights"
"""Any participant to avatar: no more weights. Empty payload; answers ``"ok"``."""
TOPIC_WEIGHTS: Final = "visavis.weights"
"""Data topic, avatar to those who watch, lossy: thirty :class:`.weights.WeightsPacket` a second."""
TOPIC_SPOKEN: Final = "visavis.spoken"
"""Data topic, avatar to those who asked for sound, reliable: while somebody speaks, and until the
mouth is shut, thirty :class:`.weights.SpokenPacket` a second."""
RPC_APPEARANCE: Final = "visavis.appearance"
"""To the avatar, from its agent or who has :data:`ATTRIBUTE_CONTROL`: look different from now on.
Payload: :class:`visavis.appearance.AppearanceChange`, as JSON; answers what is in force then, an
``Appearance``. An error changes nothing; where its message is cut, its ``data`` is not."""
WRONG_APPEARANCE: Final = 1400
"""RPC error: it cannot look so; message and data say what it can."""
ATTRIBUTE_CONTROL: Final = "visavis.control"
"""On a person, ``"true"``: may ask for :data:`RPC_APPEARANCE`. Who makes tokens grants it; with it
a token must not have ``canUpdateOwnMetadata``, or everybody could grant it to themselves."""
TOPIC_SOURCES: Final = "visavis.sources"
"""Text stream, agent to everybody: :class:`visavis.knowledge.Sources` of the answer that begins."""
TOPIC_KNOWLEDGE: Final = "visavis.knowledge"
"""Byte stream, any participant to agent: a file (txt, md, rst, html, pdf, docx; 20 MB) that it
shall know in this conversation; the stream's name is the file's. One of the same name is replaced.

The agent answers the sender with a text stream of the same topic, a
:class:`visavis.knowledge.Learned`."""
RPC_KNOWLEDGE: Final = "visavis.knowledge"
"""Any participant to agent, about what it knows in this conversation alone. Payload: a
:class:`visavis.knowledge.KnowledgeRequest`; answers with a JSON list of ``{"source", "title",
"passages"}``, what is known then. An address that is added is answered at once and read meanwhile;
the outcome comes as with :data:`TOPIC_KNOWLEDGE`."""
TOPIC_FILE: Final = "visavis.file"
"""Byte stream, any participant to agent: a picture (png, jpeg, webp) to look at, or a document
(txt, md, rst, html, pdf, docx) to know in this conversation; at most :data:`FILE_LIMIT`. The
stream's name is the file's; its attribute :data:`FILE_QUESTION`, if any, is answered aloud. Without
it a picture goes with the next thing that the person says.

The agent answers the sender with a text stream of the same topic, a
:class:`visavis.files.FileNews`."""
FILE_LIMIT: Final = 10_000_000
"""Bytes."""
FILE_QUESTION: Final = "question"
"""Attribute of a byte stream of :data:`TOPIC_FILE`: what the person asks with it."""
RPC_INTERRUPT: Final = "visavis.interrupt"
"""Any participant to agent: stop speaking now. Empty payload; answers ``"ok"``."""
RPC_HANG_UP: Final = "visavis.hang_up"
"""The person to agent: I leave for good. Empty payload; answers ``"ok"``.

Without it the agent waits a while for a person who left, for a page that reloads leaves as well.
"""
RPC_SETTINGS: Final = "visavis.settings"
"""To the agent, from who has :data:`ATTRIBUTE_CONTROL`: hold the conversation otherwise from now
on. Payload: :class:`visavis.talk.TalkChange`; answers what is in force then, a ``Talk``. An error
changes nothing; where its message is cut, its ``data`` is not."""
ATTRIBUTE_SETTINGS: Final = "visavis.settings"
"""On the agent: what is in force, a :class:`visavis.talk.Talk`."""
TOPIC_SAY: Final = "visavis.say"
"""Text stream to the agent, from who has :data:`ATTRIBUTE_CONTROL`: say exactly this."""
TOPIC_ASK: Final = "visavis.ask"
"""Text stream to the agent, from who has :data:`ATTRIBUTE_CONTROL`: answer this aloud."""
TOPIC_MESSAGE: Final = "visavis.message"
"""Data topic, agent to whoever sent a text to say or to ask, reliable: what became of it, a
:class:`visavis.talk.MessageNews`."""
MESSAGE_LIMIT: Final = 50_000
"""Characters of a text to say or to ask."""
RPC_DOOR: Final = "visavis.door"
"""To the agent of a session, from the gateway through LiveKit's server API. Payload: JSON with
``key`` (:func:`visavis.session.door_key`) and an ``action``: ``settings`` with ``change``, a
:class:`visavis.talk.TalkChange`, answers a ``Talk``; ``message`` with ``id``, ``kind`` (``say`` or
``ask``), ``index`` from 0, ``last`` and ``text``, a piece of at most :data:`DOOR_PIECE` characters,
answers a :class:`visavis.talk.MessageNews` to the last piece and ``"ok"`` to the others, and to a
text that it has already what became of it; ``interrupt`` and ``end`` answer ``"ok"``."""
DOOR_PIECE: Final = 3_000
"""Characters, which are at most 12,000 bytes: an RPC carries 15,000."""
DOOR_WRONG: Final = 1400
"""RPC error of :data:`RPC_DOOR`: it cannot be done so; the message, whole in ``data``, says why."""
DOOR_FORBIDDEN: Final = 1403
"""RPC error of :data:`RPC_DOOR`: the key is wrong."""
DOOR_NOT_NOW: Final = 1409
"""RPC error of :data:`RPC_DOOR`: not before the conversation has begun, or somebody is there."""
ATTRIBUTE_LIMIT: Final = "visavis.limit"
"""On the agent: JSON of the limit that ends the session soon, ``{"limit": "idle", "ends_at": Unix
seconds, "seconds_left": …}``, as it is when somebody comes; empty once it does not."""
RPC_SHOW_CARD: Final = "visavis.show_card"
"""Agent to a person's page: show a :class:`.card.Card`. Answers ``"ok"``."""
ATTRIBUTE_SINCE: Final = "visavis.since"
"""On the agent: Unix seconds at which it took the room. The first of several stays."""
ATTRIBUTE_PERSON: Final = "visavis.person"
"""On a person who wants to be remembered: the key under which they are."""
ATTRIBUTE_FACE: Final = "visavis.face"
"""On the agent: a :data:`FaceState`."""
ATTRIBUTE_BRAINS: Final = "visavis.brains"
"""On the agent: JSON object of what is in use: ``{"stt": "moonshine tiny-en", "llm": …}``."""
ATTRIBUTE_SEES: Final = "visavis.sees"
"""On the agent, ``"true"`` or ``"false"``: whether its language model takes pictures. What a person
shares with one that does not is not looked at."""
ATTRIBUTE_TURN: Final = "visavis.turn"
"""On the agent: JSON object of how long its last answer took, in seconds: ``{"turn": 3, "answer":
1.4, "end_of_turn": 0.6, …}``; ``turn`` counts answers, the rest is ``agent.turn_metrics``'s."""
ATTRIBUTE_LIPSYNC: Final = "visavis.lipsync"
"""On the avatar: name of the speech-to-blendshape model in use."""
ATTRIBUTE_HEAD: Final = "visavis.head"
"""On the avatar: name of the head that is drawn, or meant by the weights."""
ATTRIBUTE_BACKGROUND: Final = "visavis.background"
"""On the avatar: what is behind it; of a URL, what comes before its query."""
ATTRIBUTE_SIZE: Final = "visavis.size"
"""On the avatar: ``512x512``, the picture's width and height; on a busy machine it is smaller."""
ATTRIBUTE_EMOTION: Final = "visavis.emotion"
"""On the avatar: what it was asked to feel; see ``visavis.appearance.Appearance.emotion``."""

Feature = Literal["pause", "alive", "weights", "appearance", "spoken", "opus"]
"""Pause: :data:`RPC_PAUSE` and :data:`RPC_RESUME`. Alive: :data:`TOPIC_ALIVE`. Weights:
:data:`RPC_WATCH_WEIGHTS`. Appearance: :data:`RPC_APPEARANCE`. Spoken: :data:`TOPIC_SPOKEN`.
Opus: :data:`STREAM_ENCODING`."""

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


def read_object(text: str | bytes, what: str) -> dict[str, Any]:
    """The JSON object in ``text``. Raises :class:`ProtocolError`, which calls it ``what``."""
    try:
        data: Any = json.loads(text)
    except ValueError as error:
        raise ProtocolError(f"{what} is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise ProtocolError(f"{what} must be a JSON object")
    return data


def check_side(name: str, value: Any) -> None:
    """Raises :class:`ProtocolError` unless ``value`` is None or a side of a picture, in pixels."""
    if value is not None and (type(value) is not int or not 64 <= value <= 1920 or value % 2):
        raise ProtocolError(f"{name!r} must be an even number from 64 to 1920, not {value!r}")


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
    """``#rrggbb``, a gradient ``#rrggbb..#rrggbb`` from the top down, the name of a picture that
    the worker has, or the ``https://`` URL of one."""
    width: int | None = None
    """Pixels."""
    height: int | None = None
    """Pixels."""
    video: bool | None = None
    """False: a voice without a picture."""

    def to_json(self) -> str:
        return json.dumps({k: v for k, v in asdict(self).items() if v is not None})

    @classmethod
    def from_json(cls, text: str) -> AvatarDispatch:
        """Raises :class:`ProtocolError` for anything but a JSON object with these fields."""
        data = read_object(text, "the avatar's dispatch metadata")
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(data) - known):
            raise ProtocolError(f"unknown field in the avatar's dispatch metadata: {unknown[0]}")
        for name in ("agent_identity", "avatar_identity"):
            if not isinstance(data.get(name), str) or not data[name]:
                raise ProtocolError(f"the avatar's dispatch metadata needs a text {name!r}")
        for name in ("head", "background"):
            if not isinstance(data.get(name), str | None):
                raise ProtocolError(f"{name!r} in the avatar's dispatch metadata must be text")
        if not isinstance(data.get("video"), bool | None):
            raise ProtocolError("'video' in the avatar's dispatch metadata must be true or false")
        for name in ("width", "height"):
            check_side(name, data.get(name))
        return cls(**data)
