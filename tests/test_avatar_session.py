"""A session's face over its life, in a room without a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import pytest
from livekit import api, rtc

from tests.test_keeper import FakeDesk, FakeRoom
from visavis import AvatarSession, avatar_session, keeper
from visavis.appearance import Appearance, AppearanceChange
from visavis.protocol import ATTRIBUTE_BACKGROUND, ATTRIBUTE_FACE


class Room(FakeRoom):
    """Its face does what it is asked, and says so in its attributes before it answers."""

    name = "room"
    deaf = False
    """What is asked of it is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[AppearanceChange] = []
        self.faces: list[str] = []
        """What the agent says of it."""

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        self.faces.append(attributes[ATTRIBUTE_FACE])

    async def perform_rpc(self, *, destination_identity: str, payload: str, **_: Any) -> str:
        asked = AppearanceChange.from_json(payload)
        self.asked.append(asked)
        if self.deaf:
            raise rtc.RpcError(rtc.RpcError.ErrorCode.CONNECTION_TIMEOUT, "Connection timeout")
        shown = {ATTRIBUTE_BACKGROUND: asked.background or ""}
        face = self.remote_participants[destination_identity]
        self.emit("participant_attributes_changed", shown, face)
        return Appearance("amy", asked.background or "", 512, 512, "neutral").to_json()


async def until(true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> FakeDesk:
    desk = FakeDesk()
    monkeypatch.setattr(avatar_session, "FaceDesk", lambda *_: desk)
    monkeypatch.setattr(avatar_session, "adopt_or_publish", AsyncMock(return_value=Mock()))
    monkeypatch.setattr(keeper, "BACKOFF", (0.01,))
    return desk


@asynccontextmanager
async def running(avatar: AvatarSession, room: Room) -> AsyncIterator[None]:
    avatar._stage = cast(rtc.Room, room)
    livekit = cast(api.LiveKitAPI, AsyncExitStack())
    running = asyncio.create_task(avatar._run(cast(rtc.Room, room), livekit, None))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_next_face_stands_before_another_background_than_the_last(desk: FakeDesk) -> None:
    room, avatar = Room(), AvatarSession(background="#000000")
    async with running(avatar, room):
        await until(lambda: desk.asked)
        first = desk.asked[0].avatar_identity
        room.enter(first)
        await until(lambda: avatar.avatar_identity == first)
        await avatar.change(AppearanceChange(background="office.jpg"))
        room.leave(first)
        await until(lambda: len(desk.asked) == 2)
        assert desk.asked[1].background == "office.jpg"


async def test_an_emotion_is_not_lost_with_a_face_that_is_late_or_lost_before_it_was_told(
    desk: FakeDesk,
) -> None:
    room, avatar = Room(), AvatarSession(emotion="happy", face_timeout=0.0)
    async with running(avatar, room):
        await until(lambda: desk.asked and room.faces[-1:] == ["absent"])
        room.deaf = True
        room.enter(desk.asked[0].avatar_identity)
        await until(lambda: len(room.asked) == 1)
        room.leave(desk.asked[0].avatar_identity)
        room.deaf = False
        await until(lambda: len(desk.asked) == 2)
        room.enter(desk.asked[1].avatar_identity)
        await until(lambda: len(room.asked) == 2)
    assert room.asked == [AppearanceChange(emotion="happy")] * 2
