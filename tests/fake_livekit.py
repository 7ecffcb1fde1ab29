"""LiveKit's server API as far as the gateway's sessions need it, without a server: rooms, an agent
in each, and the agent's own door behind ``PerformRpc``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Self

from livekit import rtc
from livekit.api.twirp_client import ServerError
from livekit.protocol.agent import Job, JobState, JobStatus
from livekit.protocol.agent_dispatch import AgentDispatch, AgentDispatchState
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.models import Room as RoomInfo
from livekit.protocol.room import (
    ListParticipantsResponse,
    ListRoomsResponse,
    PerformRpcRequest,
    PerformRpcResponse,
)

from agent.controls.messages import Message
from agent.session.door import Door
from gateway.dispatch import AGENT_NAME_ATTRIBUTE
from visavis.protocol import ATTRIBUTE_BRAINS, ATTRIBUTE_FACE, ATTRIBUTE_SETTINGS
from visavis.session import door_key
from visavis.talk import MessageNews, TalkChange

SECRET = "a-secret-of-the-tests-0123456789-0123456789"
AGENT = "visavis"


@dataclass
class FakeRoom:
    """A room, and what its agent was given."""

    name: str
    metadata: str
    door: Door
    participants: list[ParticipantInfo] = field(default_factory=list)
    dispatches: list[AgentDispatch] = field(default_factory=list)
    heard: list[Message] = field(default_factory=list)
    changes: list[TalkChange] = field(default_factory=list)
    interrupts: int = 0
    made_at: int = 0
    """Unix seconds."""


class FakeLiveKit:
    """Shared by all gateways of a test."""

    def __init__(self) -> None:
        self.rooms: dict[str, FakeRoom] = {}
        self.made: list[str] = []
        self.nobody_free = False
        self.down = False
        self.face: str | None = "present"
        self.on_room: Callable[[FakeRoom], None] = lambda room: None
        self.calls: list[PerformRpcRequest] = []
        self.losing = 0
        """Acknowledgements that LiveKit's server misses."""

    def client(self, *_: Any, **__: Any) -> FakeClient:
        """In place of ``LiveKitAPI``."""
        return FakeClient(self)

    def admit(self, room: FakeRoom, identity: str = "jo") -> None:
        """A person joins."""
        room.participants.append(
            ParticipantInfo(identity=identity, state=ParticipantInfo.State.ACTIVE)
        )

        async def take(message: Message) -> None:
            room.heard.append(message)
            room.door.hear(MessageNews(message.id, "accepted"))

        async def interrupt() -> None:
            room.interrupts += 1

        room.door.admit(take, interrupt)


class FakeClient:
    """Of one gateway."""

    def __init__(self, server: FakeLiveKit) -> None:
        self._server = server
        self.room = SimpleNamespace(
            list_rooms=self._list_rooms,
            list_participants=self._list_participants,
            create_room=self._create_room,
            delete_room=self._delete_room,
            _client=SimpleNamespace(request=self._request),
            _auth_header=lambda grants: {},
        )
        self.agent_dispatch = SimpleNamespace(
            list_dispatch=self._list_dispatch,
            create_dispatch=self._create_dispatch,
            delete_dispatch=self._delete_dispatch,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def _there(self, name: str) -> FakeRoom:
        if self._server.down:
            raise TimeoutError
        if (room := self._server.rooms.get(name)) is None:
            raise ServerError("not_found", "no such room", status=404)
        return room

    async def _list_rooms(self, asked: Any) -> ListRoomsResponse:
        if self._server.down:
            raise TimeoutError
        names = list(asked.names) or list(self._server.rooms)
        return ListRoomsResponse(
            rooms=[
                RoomInfo(name=name, creation_time=self._server.rooms[name].made_at)
                for name in names
                if name in self._server.rooms
            ]
        )

    async def _list_participants(self, asked: Any) -> ListParticipantsResponse:
        return ListParticipantsResponse(participants=self._there(asked.room).participants)

    async def _create_room(self, asked: Any) -> None:
        if self._server.down:
            raise TimeoutError
        if asked.name not in self._server.rooms:
            self._server.made.append(asked.name)
            self._make(asked.name, asked.agents[0].metadata)

    def _make(self, name: str, metadata: str) -> None:
        server = self._server

        def end() -> None:
            server.rooms.pop(name, None)

        door = Door(door_key(SECRET, name), end, time.monotonic, lambda: False)
        room = server.rooms[name] = FakeRoom(name, metadata, door)
        self._send_agent(room, metadata)

    def _send_agent(self, room: FakeRoom, metadata: str) -> None:
        server, name = self._server, room.name
        if server.nobody_free:
            room.dispatches.append(AgentDispatch(id="AD_1", agent_name=AGENT, room=name))
            return
        now, room.metadata = time.time_ns(), metadata
        state = JobState(status=JobStatus.JS_RUNNING, started_at=now)
        room.dispatches.append(
            AgentDispatch(
                id="AD_1",
                agent_name=AGENT,
                room=name,
                state=AgentDispatchState(jobs=[Job(id="AJ_1", state=state)], created_at=now),
            )
        )
        attributes = {
            AGENT_NAME_ATTRIBUTE: AGENT,
            ATTRIBUTE_BRAINS: '{"llm": "tiny"}',
            ATTRIBUTE_SETTINGS: '{"voice": "hibari heart", "speed": 1.0}',
        }
        if server.face is not None:
            attributes[ATTRIBUTE_FACE] = server.face
        room.participants.append(
            ParticipantInfo(
                identity="agent-AJ_1",
                kind=ParticipantInfo.Kind.AGENT,
                state=ParticipantInfo.State.ACTIVE,
                attributes=attributes,
            )
        )

        async def change(asked: TalkChange) -> str:
            room.changes.append(asked)
            return json.dumps({"voice": "hibari heart", "speed": asked.speed or 1.0})

        room.door.begin(change)
        server.on_room(room)

    async def _delete_room(self, asked: Any) -> None:
        self._there(asked.room)
        del self._server.rooms[asked.room]

    async def _list_dispatch(self, name: str) -> list[AgentDispatch]:
        if self._server.down:
            raise TimeoutError
        room = self._server.rooms.get(name)
        return [] if room is None else list(room.dispatches)

    async def _create_dispatch(self, asked: Any) -> AgentDispatch:
        room = self._there(asked.room)
        self._send_agent(room, asked.metadata)
        return room.dispatches[-1]

    async def _delete_dispatch(self, id: str, name: str) -> None:
        room = self._there(name)
        room.dispatches = [each for each in room.dispatches if each.id != id]

    async def _request(self, service: str, method: str, asked: Any, *_: Any, **__: Any) -> Any:
        assert (service, method) == ("RoomService", "PerformRpc")
        room = self._there(asked.room)
        if asked.destination_identity not in [each.identity for each in room.participants]:
            raise ServerError("not_found", "participant does not exist", status=404)
        self._server.calls.append(asked)
        call = rtc.RpcInvocationData("1", "server", asked.payload, 5.0)
        if self._server.losing:
            self._server.losing -= 1
            await room.door.answer(call)
            raise ServerError("canceled", "RpcError 1501: Connection timeout", status=408)
        assert len(asked.payload.encode()) <= 15_000, "LiveKit carries no more"
        try:
            return PerformRpcResponse(payload=await room.door.answer(call))
        except rtc.RpcError as error:
            data = f": {error.data}" if error.data else ""
            text = f"RpcError {error.code}: {error.message}{data}"
            raise ServerError("internal", text, status=500) from None
