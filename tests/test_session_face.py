"""A session's face feels as the session was asked to be, and as it was asked last."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

from livekit import rtc

from agent.job_store import JobStore
from agent.session.asked import Asked
from agent.session.sitting import Sitting
from settings import Settings
from visavis.appearance import AppearanceChange
from visavis.protocol import ATTRIBUTE_FACE
from visavis.session import SessionSpec
from visavis.talk import TalkChange


async def test_a_newer_emotion_is_not_undone_as_the_session_begins(tmp_path: Path) -> None:
    """Of the first one the face is told on its arrival; who tells it again may come too late."""
    happy = TalkChange(appearance=AppearanceChange(emotion="happy"))
    spec, settings = SessionSpec("s", 0.0, talk=happy), Settings(_env_file=None)
    avatar = Asked.of(settings, spec).face()
    agent = SimpleNamespace(
        identity="agent",
        attributes={ATTRIBUTE_FACE: "present"},
        perform_rpc=AsyncMock(side_effect=ConnectionError),
        set_attributes=AsyncMock(),
    )
    emitter = rtc.EventEmitter[Any]()
    room = SimpleNamespace(
        local_participant=agent,
        remote_participants={avatar.avatar_identity: SimpleNamespace(attributes={})},
        on=emitter.on,
        off=emitter.off,
    )
    avatar._stage = cast(rtc.Room, room)
    ctx = SimpleNamespace(job=SimpleNamespace(room=SimpleNamespace(name="room")), room=room)
    store = JobStore(f"sqlite:///{tmp_path}/visavis.sqlite3")
    sitting = Sitting(cast(Any, ctx), settings, spec, store, clock=lambda: 0.0)
    sitting.begin(Mock(), Mock(), avatar)
    try:
        for _ in range(10):
            await asyncio.sleep(0)
        agent.perform_rpc.assert_not_awaited()
    finally:
        for task in sitting._tasks:
            task.cancel()
        await asyncio.gather(*sitting._tasks, return_exceptions=True)
