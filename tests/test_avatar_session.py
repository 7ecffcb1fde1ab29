"""A session's face over its life, in a room without a server."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import pytest
from livekit import api, rtc

from tests.test_keeper import FakeDesk, FakeRoom
from visavis import AvatarSession, avatar_session, keeper
from visavis.appearance import Appearance, AppearanceChange
from visavis.protocol import ATTRIBUTE_BACKGROUND


class Room(FakeRoom):
    """Its face does what it is asked, and says so in its attributes before it answers."""

    name = "room"

    async def set_attributes(self, attributes: dict[str, str]) -> None: ...

    async def perform_rpc(self, *, destination_identity: str, payload: str, **_: Any) -> str:
        asked = AppearanceChange.from_json(payload)
        shown = {ATTRIBUTE_BACKGROUND: asked.background or ""}
        face = self.remote_participants[destination_identity]
        self.emit("participant_attributes_changed", shown, face)
        return Appearance("amy", asked.background or "", 512, 512, "neutral").to_json()


async def until(true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


async def test_the_next_face_stands_before_another_background_than_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room, desk = Room(), FakeDesk()
    avatar = AvatarSession(background="#000000")
    monkeypatch.setattr(avatar_session, "FaceDesk", lambda *_: desk)
    monkeypatch.setattr(avatar_session, "adopt_or_publish", AsyncMock(return_value=Mock()))
    monkeypatch.setattr(keeper, "BACKOFF", (0.01,))
    avatar._stage = cast(rtc.Room, room)
    livekit = cast(api.LiveKitAPI, AsyncExitStack())
    running = asyncio.create_task(avatar._run(cast(rtc.Room, room), livekit, None))
    await until(lambda: desk.asked)
    first = desk.asked[0].avatar_identity
    room.enter(first)
    await until(lambda: avatar.avatar_identity == first)
    await avatar.change(AppearanceChange(background="office.jpg"))
    room.leave(first)
    await until(lambda: len(desk.asked) == 2)
    assert desk.asked[1].background == "office.jpg"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
