"""A conversation without a room, whose loudspeaker plays exactly what a test tells it to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.voice import io

from agent.assistant import Assistant
from agent.brains.choose import Brains
from agent.brief_session import open_session
from agent.hold import Hold
from agent.manner import Manner
from tests.test_agent_conversation import Microphone

PATIENCE = 30.0
RATE = 24_000


class Player(io.AudioOutput):
    """Plays ``at`` seconds of a segment, and says so when it is cleared or told to finish."""

    def __init__(self) -> None:
        super().__init__(
            label="test", capabilities=io.AudioOutputCapabilities(pause=True), sample_rate=RATE
        )
        self.at = 0.0
        self.given = 0.0
        """Seconds of the segment so far."""
        self.ended = 0
        self.loud = False
        """Something was in it that can be heard."""
        self.whole = False
        """All of it was given."""

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self.whole = False
        if not self.given:
            self.on_playback_started(created_at=time.time())
        self.given += frame.duration
        self.loud |= bool(np.abs(np.frombuffer(frame.data, np.int16).astype(int)).max() > 500)

    def flush(self) -> None:
        super().flush()
        self.whole = bool(self.given)

    def clear_buffer(self) -> None:
        self._end(self.at, interrupted=True)

    def finish(self) -> None:
        """Play all that was given."""
        assert self.whole
        self._end(self.given, interrupted=False)

    def _end(self, position: float, *, interrupted: bool) -> None:
        if self.given:
            self.given, self.loud, self.whole, self.ended = 0.0, False, False, self.ended + 1
            self.on_playback_finished(playback_position=position, interrupted=interrupted)


async def until(condition: Callable[[], object], what: str = "it") -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def on_stage(brains: Brains) -> AsyncIterator[tuple[AgentSession[Any], Player]]:
    """The session as a job opens it, between a silent microphone and a :class:`Player`."""
    session, player = open_session(brains), Player()
    session.input.audio, session.output.audio = Microphone(), Hold(player)
    async with session:
        await session.start(
            Assistant(Manner.of(None, small=False, writes=not brains.realtime), small=False)
        )
        yield session, player
