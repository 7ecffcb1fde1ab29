"""A face for any LiveKit agent: speak through the avatar worker, or plainly without it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import Any

import aiohttp
from livekit import api, rtc
from livekit.agents import AgentSession, get_job_context, utils
from livekit.agents.voice.avatar import AvatarSession as LiveKitAvatarSession
from livekit.agents.voice.avatar import DataStreamAudioOutput
from livekit.agents.voice.io import AudioOutput
from livekit.agents.voice.room_io._output import _ParticipantAudioOutput
from livekit.protocol.agent import JobStatus

from .protocol import ATTRIBUTE_FACE, AVATAR_NAME, AvatarDispatch, FaceState
from .voice_switch import VOICE_SAMPLE_RATE, VoiceSwitch

logger = logging.getLogger("visavis.avatar")

_API_ERRORS = (api.TwirpError, aiohttp.ClientError, TimeoutError)

REDISPATCH_INTERVAL = 10.0
"""Seconds between attempts to get a face into a room that has none."""


class AvatarSession(LiveKitAvatarSession[str]):
    """Gives a LiveKit agent a face.

    ``start`` returns at once. The first word waits for the face for ``face_timeout`` seconds at
    most; after that the agent speaks plainly into the room, and through the face as soon as one
    comes. The agent's attribute ``visavis.face`` says which (:data:`.protocol.FaceState`).

    Args:
        head: Name of a head that the avatar worker has; None: the worker's default.
        background: ``#rrggbb``; None: the worker's default.
        width, height: Pixels, even; None: the worker's default.
        face_timeout: Seconds.
        avatar_name: Dispatch name of the avatar worker.
    """

    def __init__(
        self,
        *,
        head: str | None = None,
        background: str | None = None,
        width: int | None = None,
        height: int | None = None,
        face_timeout: float = 3.0,
        avatar_name: str = AVATAR_NAME,
    ) -> None:
        super().__init__()
        self._face_timeout = face_timeout
        self._avatar_name = avatar_name
        self._identity = utils.shortuuid(f"{avatar_name}-")
        self._look = AvatarDispatch("", self._identity, head, background, width, height)
        self._face_arrived = asyncio.Event()
        self._face_deadline = 0.0
        self._supervisor: asyncio.Task[None] | None = None
        self._face: DataStreamAudioOutput | None = None
        self._plain: AudioOutput | None = None
        self._own_plain: _ParticipantAudioOutput | None = None
        self._plain_lock = asyncio.Lock()
        self._voice = VoiceSwitch(self._choose)
        self._livekit: api.LiveKitAPI | None = None

    @property
    def avatar_identity(self) -> str:
        return self._identity

    @property
    def provider(self) -> str:
        return "visavis"

    async def start(
        self,
        agent_session: AgentSession[Any],
        room: rtc.Room,
        *,
        livekit_url: str | None = None,
        livekit_api_key: str | None = None,
        livekit_api_secret: str | None = None,
    ) -> None:
        """Take over the session's voice. Call it before or after ``session.start``.

        In ``console`` mode, where there is no room, it does nothing. Where and with which key to
        ask for the face: the arguments, or LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET.

        Raises:
            ValueError: neither says where the LiveKit server is, or with which key.
        """
        job = get_job_context(required=False)
        if job is not None and job.is_fake_job():
            logger.info("no room in console mode: the agent speaks without a face")
            return
        self._livekit = api.LiveKitAPI(livekit_url, livekit_api_key, livekit_api_secret)
        await super().start(agent_session, room)
        self._plain = _tail(agent_session.output.audio)
        self._face_deadline = asyncio.get_running_loop().time() + self._face_timeout
        agent_session.output.replace_audio_tail(self._voice)
        self._supervisor = asyncio.create_task(self._supervise(room), name="visavis face")

    async def aclose(self) -> None:
        """Remove the face from the room."""
        if self._supervisor is not None:
            await utils.aio.cancel_and_wait(self._supervisor)
            self._supervisor = None
        if self._own_plain is not None:
            await self._own_plain.aclose()
            self._own_plain = None
        await super().aclose()
        if self._livekit is not None:
            await self._livekit.aclose()
            self._livekit = None

    async def _supervise(self, room: rtc.Room) -> None:
        """Keep a face in the room as long as the agent is there."""
        await _until_connected(room)
        gone = asyncio.Event()

        def on_gone(participant: rtc.RemoteParticipant) -> None:
            if participant.identity == self._identity:
                gone.set()

        room.on("participant_disconnected", on_gone)
        try:
            while True:
                gone.clear()
                dispatch_id = await self._dispatch(room)
                while not (arrived := await self._wait_for_face(room)):
                    # A worker that is slow to start would never arrive if it were asked anew.
                    if not await self._is_coming(room, dispatch_id):
                        break
                if arrived:
                    await self._speak_through_face(room, gone)
                if dispatch_id is not None:
                    await self._undispatch(room, dispatch_id)
        finally:
            room.off("participant_disconnected", on_gone)

    async def _speak_through_face(self, room: rtc.Room, gone: asyncio.Event) -> None:
        face = DataStreamAudioOutput(
            room,
            destination_identity=self._identity,
            sample_rate=VOICE_SAMPLE_RATE,
            wait_remote_track=rtc.TrackKind.KIND_VIDEO,
            wait_playback_start=True,
        )
        self._face = face
        self._face_arrived.set()
        await self._say_face(room, "present")
        await gone.wait()
        logger.warning("the face left the room; the agent speaks plainly")
        self._face = None
        self._face_arrived.clear()
        self._face_deadline = 0.0
        self._voice.abandon(face)
        await self._say_face(room, "absent")

    async def _wait_for_face(self, room: rtc.Room) -> bool:
        """True once the face is there; False when it is time to ask for one again."""
        loop = asyncio.get_running_loop()
        arrival = asyncio.ensure_future(
            utils.wait_for_track_publication(
                room, identity=self._identity, kind=rtc.TrackKind.KIND_VIDEO
            )
        )
        try:
            if (patience := self._face_deadline - loop.time()) > 0:
                await self._say_face(room, "waiting")
                await asyncio.wait({arrival}, timeout=patience)
                if not arrival.done():
                    logger.warning("no face within %.1f s: speaking plainly", self._face_timeout)
                    await self._say_face(room, "absent")
            await asyncio.wait({arrival}, timeout=REDISPATCH_INTERVAL)
            if not arrival.done():
                return False
            if arrival.exception() is not None:  # it left again before it showed itself
                await asyncio.sleep(REDISPATCH_INTERVAL)
                return False
            return True
        finally:
            arrival.cancel()

    async def _choose(self) -> AudioOutput:
        """The way out for a segment that begins now."""
        patience = self._face_deadline - asyncio.get_running_loop().time()
        if self._face is None and patience > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._face_arrived.wait(), patience)
        return self._face or await self._plain_voice()

    async def _plain_voice(self) -> AudioOutput:
        async with self._plain_lock:
            if self._plain is None:
                assert self._room is not None
                own = _ParticipantAudioOutput(
                    self._room,
                    sample_rate=VOICE_SAMPLE_RATE,
                    num_channels=1,
                    track_publish_options=rtc.TrackPublishOptions(
                        source=rtc.TrackSource.SOURCE_MICROPHONE
                    ),
                )
                await own.start()
                self._plain = self._own_plain = own
            return self._plain

    async def _dispatch(self, room: rtc.Room) -> str | None:
        request = replace(self._look, agent_identity=room.local_participant.identity)
        assert self._livekit is not None
        try:
            made = await self._livekit.agent_dispatch.create_dispatch(
                api.CreateAgentDispatchRequest(
                    agent_name=self._avatar_name, room=room.name, metadata=request.to_json()
                )
            )
        except _API_ERRORS as error:
            logger.warning("cannot ask LiveKit for a face: %s", error)
            return None
        return str(made.id)

    async def _is_coming(self, room: rtc.Room, dispatch_id: str | None) -> bool:
        """Has a worker taken the dispatch?"""
        assert self._livekit is not None
        with contextlib.suppress(*_API_ERRORS):
            if dispatch_id is not None:
                dispatch = await self._livekit.agent_dispatch.get_dispatch(dispatch_id, room.name)
                return dispatch is not None and any(
                    job.state.status in (JobStatus.JS_PENDING, JobStatus.JS_RUNNING)
                    for job in dispatch.state.jobs
                )
        return False

    async def _undispatch(self, room: rtc.Room, dispatch_id: str) -> None:
        assert self._livekit is not None
        with contextlib.suppress(*_API_ERRORS):
            await self._livekit.agent_dispatch.delete_dispatch(dispatch_id, room.name)

    async def _say_face(self, room: rtc.Room, state: FaceState) -> None:
        try:
            await room.local_participant.set_attributes({ATTRIBUTE_FACE: state})
        except Exception:
            logger.warning("could not publish the face's state %r", state, exc_info=True)


def _tail(output: AudioOutput | None) -> AudioOutput | None:
    """The last output of a chain: the plain voice that was there before the face."""
    while output is not None and output.next_in_chain is not None:
        output = output.next_in_chain
    return output


async def _until_connected(room: rtc.Room) -> None:
    connected = asyncio.Event()

    def on_state(state: rtc.ConnectionState.ValueType) -> None:
        if state == rtc.ConnectionState.CONN_CONNECTED:
            connected.set()

    room.on("connection_state_changed", on_state)
    try:
        if not room.isconnected():
            await connected.wait()
    finally:
        room.off("connection_state_changed", on_state)
