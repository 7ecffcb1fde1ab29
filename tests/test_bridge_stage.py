"""A room is entered and left whole, however early its client goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc

from gateway.bridge import stage as stages
from gateway.bridge.stage import Seat, Stage
from gateway.bridge.turns import Turns
from visavis.protocol import ATTRIBUTE_FACE


class Room(rtc.EventEmitter[Any]):
    """Connects when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_connect = asyncio.Event()
        self.fails = False
        self.did: list[str] = []
        self.remote_participants: dict[str, Any] = {}

    def register_text_stream_handler(self, *_: Any) -> None: ...

    def isconnected(self) -> bool:
        return self.did == ["connected"]

    async def connect(self, *_: Any) -> None:
        try:
            await self.may_connect.wait()
        except asyncio.CancelledError:
            self.did.append("cut off")
            raise
        if self.fails:
            raise rtc.ConnectError("no such server")
        self.did.append("connected")

    async def disconnect(self) -> None:
        self.did.append("disconnected")


@pytest.fixture
async def room(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    room = Room()
    monkeypatch.setattr(stages.rtc, "Room", lambda: room)  # type: ignore[attr-defined]
    yield room


async def cancelled_join() -> Stage:
    stage = Stage(cast(Turns, None), lambda _: None)
    joining = asyncio.create_task(stage.join(Seat("ws://127.0.0.1:1", "token")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    joining.cancel()
    await asyncio.gather(joining, return_exceptions=True)
    return stage


async def test_a_client_that_goes_while_its_room_is_joined_does_not_cut_the_connect_off(
    room: Room,
) -> None:
    """LiveKit would end the process, with everybody in it."""
    stage = await cancelled_join()
    leaving = asyncio.create_task(stage.leave(for_good=True))
    await asyncio.sleep(0.01)
    assert room.did == []
    room.may_connect.set()
    assert not await leaving
    assert room.did == ["connected", "disconnected"]


class Track(rtc.RemoteAudioTrack):
    """Says one word, and then is silent; or ends."""

    def __init__(self, word: bytes, *, ends: bool) -> None:
        self.sound, self.ends = word * stages.CHUNK, ends


class Stream:
    def __init__(self, track: Track, **_: Any) -> None:
        self._track = track

    async def __aiter__(self) -> AsyncIterator[Any]:
        yield SimpleNamespace(frame=SimpleNamespace(data=self._track.sound))
        if not self._track.ends:
            await asyncio.Event().wait()

    async def aclose(self) -> None: ...


@pytest.mark.parametrize(("leaves", "ends"), [(True, True), (True, False), (False, True)])
async def test_an_agent_without_a_face_is_not_mute_after_a_reconnection(
    room: Room, monkeypatch: pytest.MonkeyPatch, leaves: bool, ends: bool
) -> None:
    monkeypatch.setattr(stages.rtc, "AudioStream", Stream)  # type: ignore[attr-defined]
    agent = SimpleNamespace(
        identity="agent",
        kind=rtc.ParticipantKind.PARTICIPANT_KIND_AGENT,
        attributes={ATTRIBUTE_FACE: "absent", stages.AGENT_STATE: "speaking"},
        track_publications={},
    )
    heard: list[bytes] = []
    turns = SimpleNamespace(
        sound=heard.append,
        agent_state=lambda _: None,
        agent_lost=lambda: None,
        face_lost=lambda: None,
    )
    room.may_connect.set()
    room.remote_participants["agent"] = agent
    stage = Stage(cast(Turns, turns), lambda _: None)
    await stage.join(Seat("ws://127.0.0.1:1", "token"))
    for word in (b"ab", b"cd"):
        room.emit("track_subscribed", Track(word, ends=ends))
        for _ in range(20):
            await asyncio.sleep(0)
        if leaves:
            del room.remote_participants["agent"]
            room.emit("participant_disconnected", agent)
            room.remote_participants["agent"] = agent
            room.emit("participant_connected", agent)
    assert [sound[:2] for sound in heard] == [b"ab", b"cd"]
    await stage.leave(for_good=False)


async def test_a_connect_that_fails_after_its_client_has_gone_is_no_error(room: Room) -> None:
    stage = await cancelled_join()
    room.fails = True
    room.may_connect.set()
    assert not await stage.leave(for_good=False)


async def test_a_room_that_cannot_be_joined_is_said_to_be_so(room: Room) -> None:
    room.fails = True
    room.may_connect.set()
    stage = Stage(cast(Turns, None), lambda _: None)
    with pytest.raises(rtc.ConnectError):
        await stage.join(Seat("ws://127.0.0.1:1", "token"))
    assert not await stage.leave(for_good=False)
