"""The rooms of sessions, as LiveKit knows them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from livekit.api import LiveKitAPI
from livekit.api.twirp_client import ServerError, ServerErrorCode
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import DeleteRoomRequest, ListParticipantsRequest, ListRoomsRequest

from gateway.dispatch import AGENT_NAME_ATTRIBUTE
from gateway.room import SESSION_ROOMS
from visavis.protocol import (
    ATTRIBUTE_BACKGROUND,
    ATTRIBUTE_BRAINS,
    ATTRIBUTE_EMOTION,
    ATTRIBUTE_FACE,
    ATTRIBUTE_HEAD,
    ATTRIBUTE_PUBLISH_ON_BEHALF,
    ATTRIBUTE_SETTINGS,
    ATTRIBUTE_SIZE,
)

_LOOKS: Final = {
    "head": ATTRIBUTE_HEAD,
    "background": ATTRIBUTE_BACKGROUND,
    "emotion": ATTRIBUTE_EMOTION,
}


@dataclass(frozen=True)
class InRoom:
    """One participant."""

    identity: str
    name: str
    kind: Literal["person", "agent", "face"]
    joined_at: float
    """Unix seconds."""


@dataclass(frozen=True)
class Live:
    """Who is in a room, and what they say of themselves."""

    participants: tuple[InRoom, ...] = ()
    agent: str | None = None
    """Its identity."""
    face: str | None = None
    """A :data:`visavis.protocol.FaceState`; None: the agent has not said yet."""
    brains: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """In force: of the agent and of the avatar."""


class SessionRooms:
    """Calls to LiveKit. All raise what its API client raises: ``ServerError``,
    ``aiohttp.ClientError``, ``TimeoutError``."""

    def __init__(self, livekit: LiveKitAPI, agent_name: str) -> None:
        self._livekit = livekit
        self._agent_name = agent_name

    async def look(self, room: str) -> Live | None:
        """None: there is no such room."""
        found = await self._livekit.room.list_rooms(ListRoomsRequest(names=[room]))
        if not found.rooms:
            return None
        there = await self._livekit.room.list_participants(ListParticipantsRequest(room=room))
        return read(there.participants, self._agent_name)

    async def all_open(self) -> dict[str, float]:
        """Names of all rooms of sessions, and when they were made, in Unix seconds."""
        found = await self._livekit.room.list_rooms(ListRoomsRequest())
        return {
            room.name: float(room.creation_time)
            for room in found.rooms
            if room.name.startswith(SESSION_ROOMS)
        }

    async def close(self, room: str) -> None:
        """Nobody is in it any more and nobody comes; harmless where it is gone."""
        with _gone_is_well():
            # First the dispatches: a worker that accepts too late would make the room again.
            for each in await self._livekit.agent_dispatch.list_dispatch(room):
                with _gone_is_well():
                    await self._livekit.agent_dispatch.delete_dispatch(each.id, room)
        with _gone_is_well():
            await self._livekit.room.delete_room(DeleteRoomRequest(room=room))


@contextmanager
def _gone_is_well() -> Iterator[None]:
    try:
        yield
    except ServerError as error:
        if error.code != ServerErrorCode.NOT_FOUND:
            raise


def read(there: Iterable[ParticipantInfo], agent_name: str) -> Live:
    people, looks = list[InRoom](), dict[str, Any]()
    agent: ParticipantInfo | None = None
    for each in there:
        if each.state == ParticipantInfo.State.DISCONNECTED:
            continue
        kind: Literal["person", "agent", "face"] = "person"
        if each.kind == ParticipantInfo.Kind.AGENT:
            kind = "face" if ATTRIBUTE_PUBLISH_ON_BEHALF in each.attributes else "agent"
        if each.attributes.get(AGENT_NAME_ATTRIBUTE) == agent_name:
            agent = each
        if kind == "face":
            looks = _looks(each.attributes)
        people.append(InRoom(each.identity, each.name, kind, float(each.joined_at)))
    attributes = {} if agent is None else dict(agent.attributes)
    return Live(
        tuple(people),
        None if agent is None else agent.identity,
        attributes.get(ATTRIBUTE_FACE),
        _object(attributes.get(ATTRIBUTE_BRAINS)),
        {**_object(attributes.get(ATTRIBUTE_SETTINGS)), **looks},
    )


def _looks(attributes: Mapping[str, str]) -> dict[str, Any]:
    """By the names of :class:`visavis.appearance.Appearance`."""
    looks: dict[str, Any] = {k: attributes[a] for k, a in _LOOKS.items() if a in attributes}
    width, _, height = attributes.get(ATTRIBUTE_SIZE, "").partition("x")
    if width.isdecimal() and height.isdecimal():
        looks |= {"width": int(width), "height": int(height)}
    return looks


def _object(text: str | None) -> dict[str, Any]:
    with suppress(ValueError):
        data = json.loads(text or "{}")
        return data if isinstance(data, dict) else {}
    return {}
