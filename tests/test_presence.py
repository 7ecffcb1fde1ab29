"""The avatar leaves with its agent, and not because a connection was lost for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc

from avatar_worker import presence
from avatar_worker.presence import AGENT_STATE, AgentPresence

AGENT = "agent"
SERVER_SHUTDOWN = rtc.DisconnectReason.SERVER_SHUTDOWN
CLIENT_INITIATED = rtc.DisconnectReason.CLIENT_INITIATED


def participant(identity: str = AGENT, state: str = "listening", reason: Any = None) -> Any:
    return SimpleNamespace(
        identity=identity, attributes={AGENT_STATE: state}, disconnect_reason=reason
    )


class Room(rtc.EventEmitter[str]):
    """What of a room this is about."""

    def __init__(self) -> None:
        super().__init__()
        self.remote_participants: dict[str, Any] = {}
        self.connection_state = rtc.ConnectionState.CONN_CONNECTED

    def join(self, someone: Any) -> None:
        self.remote_participants[someone.identity] = someone
        self.emit("participant_connected", someone)

    def leave(self, reason: Any, identity: str = AGENT) -> None:
        self.remote_participants.pop(identity, None)
        self.emit("participant_disconnected", participant(identity, reason=reason))


@dataclass
class Scene:
    room: Room = field(default_factory=Room)
    states: list[str | None] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def follow(self) -> AgentPresence:
        def on_gone(reason: str) -> None:
            self.gone.append(reason)
            self.over.set()

        room = cast(rtc.Room, self.room)
        return AgentPresence(room, AGENT, on_state=self.states.append, on_gone=on_gone)

    async def end(self) -> None:
        await asyncio.wait_for(self.over.wait(), 10)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(presence, "PATIENCE", 0.05)
    yield


async def test_it_leaves_at_once_with_an_agent_that_says_goodbye(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "PATIENCE", 3600)
    scene = Scene()
    scene.room.join(participant())
    scene.follow()
    scene.room.leave(CLIENT_INITIATED)
    assert scene.gone == ["the agent left"]


async def test_an_agent_that_lost_its_connection_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence, "PATIENCE", 3600)
    scene = Scene()
    scene.room.join(participant())
    scene.follow()
    scene.room.leave(SERVER_SHUTDOWN)
    scene.room.join(participant(state="speaking"))
    assert not scene.gone
    assert scene.states == ["listening", "speaking"]


async def test_it_does_not_wait_for_ever_for_an_agent_that_died() -> None:
    scene = Scene()
    scene.room.join(participant())
    scene.follow()
    scene.room.leave(SERVER_SHUTDOWN)
    await scene.end()
    assert len(scene.gone) == 1


async def test_it_does_not_stay_in_a_room_where_its_agent_never_was() -> None:
    scene = Scene()
    scene.follow()
    await scene.end()
    assert "not in the room" in scene.gone[0]


async def test_an_agent_that_comes_late_is_not_taken_for_absent() -> None:
    scene = Scene()
    scene.follow()
    scene.room.join(participant())
    await asyncio.sleep(0.15)
    assert not scene.gone


async def test_our_own_lost_connection_is_not_the_agents_absence() -> None:
    scene = Scene()
    scene.room.join(participant())
    scene.follow()
    scene.room.connection_state = rtc.ConnectionState.CONN_RECONNECTING
    scene.room.leave(SERVER_SHUTDOWN)
    await asyncio.sleep(0.2)
    assert not scene.gone
    scene.room.connection_state = rtc.ConnectionState.CONN_CONNECTED
    await scene.end()


async def test_others_come_and_go_without_a_trace() -> None:
    scene = Scene()
    scene.room.join(participant())
    scene.follow()
    scene.room.join(participant("person", state="speaking"))
    scene.room.emit("participant_attributes_changed", {}, participant("person", state="x"))
    scene.room.leave(CLIENT_INITIATED, "person")
    assert scene.states == ["listening"] and not scene.gone


async def test_the_face_follows_the_agents_state() -> None:
    scene = Scene()
    scene.room.join(participant())
    scene.follow()
    scene.room.emit("participant_attributes_changed", {}, participant(state="thinking"))
    assert scene.states == ["listening", "thinking"]


async def test_it_lets_go_of_the_room() -> None:
    scene = Scene()
    scene.room.join(participant())
    follower = scene.follow()
    scene.room.leave(SERVER_SHUTDOWN)
    follower.aclose()
    scene.room.leave(CLIENT_INITIATED)
    await asyncio.sleep(0.15)
    assert not scene.gone
