"""Agents without a mind that speak through our avatar worker: LiveKit's output, and all of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Protocol

from livekit import rtc
from livekit.agents import Agent, AgentSession, room_io
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.avatar import DataStreamAudioOutput

from bench.bot import MIC_RATE, Speech
from bench.livekit import LiveKitServer
from bench.script import PIECE
from bench.stage import dispatch, enter
from visavis import AvatarSession
from visavis.protocol import AVATAR_NAME, AvatarDispatch


class Mouthpiece(Protocol):
    """Says (n,) at 24 kHz, as fast as it is taken."""

    async def say(self, speech: Speech, *, unfinished: bool = False) -> None:
        """Begin a segment; returns when all of it was given away, or is about to be.

        ``unfinished``: more seems to come, as while a TTS is still at it.
        """

    def interrupt(self) -> None:
        """Stop everything that was said."""

    async def wait(self) -> None:
        """Until all that was said has been answered."""

    def give_up(self) -> None:
        """Wait no longer for what has not been answered."""


class StockOutput:
    """LiveKit's ``DataStreamAudioOutput``, as in a stranger's agent."""

    def __init__(self, room: rtc.Room, avatar: str) -> None:
        self._output = DataStreamAudioOutput(
            room,
            destination_identity=avatar,
            wait_remote_track=rtc.TrackKind.KIND_VIDEO,
            wait_playback_start=True,
            clear_buffer_timeout=None,  # LiveKit's own rescue would hide a wedge from us
        )
        self._unfinished = False

    async def say(self, speech: Speech, *, unfinished: bool = False) -> None:
        for frame in frames(speech):
            await self._output.capture_frame(frame)
        self._unfinished = unfinished
        if not unfinished:
            self._output.flush()

    def interrupt(self) -> None:
        self._output.clear_buffer()
        if self._unfinished:
            self._output.flush()
            self._unfinished = False

    async def wait(self) -> None:
        await self._output.wait_for_playout()

    def give_up(self) -> None:
        for _ in range(self._output._pending_playback_count):
            self._output.on_playback_finished(playback_position=0, interrupted=True)


class OwnSession:
    """An ``AgentSession`` behind our ``AvatarSession``: the path of a real agent's voice."""

    def __init__(self, session: AgentSession[None]) -> None:
        self._session = session
        self._said: list[SpeechHandle] = []
        self._over = asyncio.Event()

    async def say(self, speech: Speech, *, unfinished: bool = False) -> None:
        self._over = over = asyncio.Event()
        if not unfinished:
            over.set()
        self._said.append(self._session.say("", audio=_stream(speech, over)))

    def interrupt(self) -> None:
        for handle in self._said:
            if not handle.done():
                handle.interrupt(force=True)
        self._over.set()

    async def wait(self) -> None:
        while self._said:
            await self._said[0].wait_for_playout()
            self._said.pop(0)

    def give_up(self) -> None:
        self._said.clear()


def frames(speech: Speech) -> Iterator[rtc.AudioFrame]:
    """In pieces of 50 ms, as LiveKit's agents hand them over."""
    for start in range(0, len(speech), PIECE):
        piece = speech[start : start + PIECE]
        yield rtc.AudioFrame(piece.tobytes(), MIC_RATE, 1, len(piece))


async def _stream(speech: Speech, over: asyncio.Event) -> AsyncIterator[rtc.AudioFrame]:
    for frame in frames(speech):
        yield frame
    await over.wait()


@asynccontextmanager
async def stock_output(livekit: LiveKitServer, room: str) -> AsyncIterator[Mouthpiece]:
    """A stranger's agent in ``room``, our avatar called."""
    asked = AvatarDispatch("agent", f"avatar-{room}")
    async with enter(livekit, room, asked.agent_identity, agent=True) as joined:
        await dispatch(livekit, room, AVATAR_NAME, asked.to_json())
        yield StockOutput(joined, asked.avatar_identity)


@asynccontextmanager
async def own_session(livekit: LiveKitServer, room: str) -> AsyncIterator[Mouthpiece]:
    """An agent in ``room`` with our ``AvatarSession``."""
    async with enter(livekit, room, "agent", agent=True) as joined:
        avatar = AvatarSession(face_timeout=30)
        session: AgentSession[None] = AgentSession(
            vad=None, turn_handling={"turn_detection": "manual"}
        )
        await avatar.start(
            session,
            joined,
            livekit_url=livekit.url,
            livekit_api_key=livekit.api_key,
            livekit_api_secret=livekit.api_secret,
        )
        await session.start(
            Agent(instructions=""),
            room=joined,
            room_options=room_io.RoomOptions(
                audio_input=False, text_input=False, text_output=False
            ),
            session_host=False,
        )
        try:
            yield OwnSession(session)
        finally:
            await session.aclose()
            await avatar.aclose()
