"""What a session's face was not told does not end the session; what it refuses does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from livekit import rtc

from agent.session.face import put_on
from visavis import AvatarSession
from visavis.appearance import AppearanceChange, AppearanceError
from visavis.protocol import ATTRIBUTE_FACE, WRONG_APPEARANCE

CODES = rtc.RpcError.ErrorCode


async def feel(error: Exception) -> None:
    """A session with an emotion begins; the call to its face fails, and another one is there."""
    agent = SimpleNamespace(
        attributes={ATTRIBUTE_FACE: "present"}, perform_rpc=AsyncMock(side_effect=error)
    )
    avatar = AvatarSession()
    people = {avatar.avatar_identity: SimpleNamespace(attributes={})}
    emitter = rtc.EventEmitter[Any]()
    room: Any = SimpleNamespace(
        local_participant=agent, remote_participants=people, on=emitter.on, off=emitter.off
    )
    avatar._stage = cast(rtc.Room, room)
    await put_on(AppearanceChange(emotion="happy"), avatar, room, patience=0.1)
    agent.perform_rpc.assert_awaited_once()


@pytest.mark.parametrize(
    "error",
    [
        rtc.RpcError(CODES.CONNECTION_TIMEOUT, "Connection timeout"),
        rtc.RpcError(CODES.SEND_FAILED, "Failed to send"),
        rtc.RpcError(CODES.UNSUPPORTED_METHOD, "Method not supported at destination"),
        ConnectionError("reconnecting"),
    ],
)
async def test_a_call_that_did_not_reach_the_face_does_not_end_the_session(
    error: Exception,
) -> None:
    await feel(error)


async def test_an_emotion_that_there_is_not_is_not_passed_over() -> None:
    said = "there is no emotion 'furious'"
    with pytest.raises(AppearanceError, match=said):
        await feel(rtc.RpcError(WRONG_APPEARANCE, said, said))
