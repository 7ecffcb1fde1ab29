"""A session's face feels as the session was asked to be, and as it was asked last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

from livekit import rtc

from agent.job_store import JobStore
from agent.session.asked import Asked
from agent.session.sitting import Sitting
from settings import Settings
from visavis import AvatarSession
from visavis.appearance import AppearanceChange
from visavis.protocol import ATTRIBUTE_FACE
from visavis.session import SessionSpec
from visavis.talk import TalkChange


@asynccontextmanager
async def sitting(
    folder: Path, talk: TalkChange
) -> AsyncIterator[tuple[Sitting, AvatarSession, SimpleNamespace]]:
    """One that has begun, its face, and the agent in the room."""
    spec, settings = SessionSpec("s", 0.0, talk=talk), Settings(_env_file=None)
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
    store = JobStore(f"sqlite:///{folder}/visavis.sqlite3")
    it = Sitting(cast(Any, ctx), settings, spec, store, clock=lambda: 0.0)
    it.begin(Mock(), Mock(), avatar)
    try:
        yield it, avatar, agent
    finally:
        for task in it._tasks:
            task.cancel()
        await asyncio.gather(*it._tasks, return_exceptions=True)


async def test_a_newer_emotion_is_not_undone_as_the_session_begins(tmp_path: Path) -> None:
    """Of the first one the face is told on its arrival; who tells it again may come too late."""
    happy = TalkChange(appearance=AppearanceChange(emotion="happy"))
    async with sitting(tmp_path, happy) as (_, _, agent):
        for _ in range(10):
            await asyncio.sleep(0)
        agent.perform_rpc.assert_not_awaited()


async def test_the_looks_a_person_chose_are_not_lost_with_the_agent(tmp_path: Path) -> None:
    asked = TalkChange(
        mode="retelling", appearance=AppearanceChange("amy", "#000000", emotion="happy")
    )
    async with sitting(tmp_path, asked) as (it, avatar, _):
        kept: list[TalkChange] = []
        it._recorder.keep_talk = kept.append  # type: ignore[method-assign, assignment]

        def shows(identity: str, **attributes: str) -> None:
            changed = {f"visavis.{name}": value for name, value in attributes.items()}
            avatar._on_attributes(changed, cast(Any, SimpleNamespace(identity=identity)))

        shows("somebody", head="maya")
        shows(avatar.avatar_identity, lipsync="another")
        shows(avatar.avatar_identity, head="amy", background="#000000", emotion="happy")
        assert kept == [], "nothing is new"
        shows(avatar.avatar_identity, head="ben", size="640x360")
        ben = AppearanceChange("ben", "#000000", 640, 360, "happy")
        assert kept == [TalkChange(mode="retelling", appearance=ben)]
