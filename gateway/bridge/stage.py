"""The bridge's side of a room: a participant that looks at no video and, where there is a face,
listens to no track."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from livekit import rtc

from visavis.native_log import keep_native_log_out
from visavis.protocol import (
    ATTRIBUTE_FACE,
    ATTRIBUTE_FEATURES,
    ATTRIBUTE_PUBLISH_ON_BEHALF,
    RPC_HANG_UP,
    RPC_INTERRUPT,
    RPC_WATCH_WEIGHTS,
    TOPIC_SPOKEN,
    ProtocolError,
)
from visavis.weights import SpokenPacket, WatchWeights

from .messages import RATE
from .turns import Turns

logger = logging.getLogger("visavis.gateway")

AGENT_STATE: Final = "lk.agent.state"
"""LiveKit's attribute of an agent."""
TOPIC_CAPTIONS: Final = "lk.transcription"
TOPIC_CHAT: Final = "lk.chat"
SEGMENT_ID: Final = "lk.segment_id"
IS_FINAL: Final = "lk.transcription_final"
CHUNK: Final = RATE // 30
"""Samples of the agent's own voice in a message."""
TRIES: Final = 5
RPC_TIMEOUT: Final = 5.0
"""Seconds."""

HEARD: Final = 10.0
"""Seconds that the first sound waits for the agent to listen."""

_WISH: Final = WatchWeights(video=False, audio=True).to_json()


@dataclass(frozen=True)
class Seat:
    """In a room: LiveKit's URL, and the token that admits."""

    url: str
    token: str


class Stage:
    """One conversation, as the person in it hears it.

    Args:
        turns: Told what is heard.
        on_left: Called once, with LiveKit's reason, when the room is left without :meth:`leave`.
    """

    def __init__(self, turns: Turns, on_left: Callable[[str], None]) -> None:
        self._turns = turns
        self._on_left = on_left
        self._room = rtc.Room()
        self._tasks: set[asyncio.Task[None]] = set()
        self._agent: rtc.RemoteParticipant | None = None
        self._face: str | None = None
        self._listening: asyncio.Task[None] | None = None
        """To the agent's own voice."""
        self._source: rtc.AudioSource | None = None
        self._joining: asyncio.Task[None] | None = None
        self._leaving = False
        self.agent_here = asyncio.Event()

    async def join(self, seat: Seat) -> None:
        """Raises ``rtc.ConnectError``."""
        keep_native_log_out()
        room = self._room
        room.register_text_stream_handler(TOPIC_CAPTIONS, self._on_caption)
        room.on("data_received", self._on_data)
        for event in ("participant_connected", "track_published"):
            room.on(event, lambda *_: self._look())
        room.on("participant_attributes_changed", lambda *_: self._look())
        room.on("participant_disconnected", self._on_gone)
        room.on("track_subscribed", self._on_track)
        room.on("disconnected", self._on_disconnected)
        options = rtc.RoomOptions(auto_subscribe=False)
        # Of a connect that is cut off, LiveKit's native part waits for an answer, and then takes
        # the process down.
        self._joining = asyncio.create_task(room.connect(seat.url, seat.token, options))
        await asyncio.shield(self._joining)
        self._look()

    async def leave(self, *, for_good: bool) -> bool:
        """``for_good``: the agent shall not wait for this person to come back; answers whether it
        was told. A :meth:`join` that was cancelled is waited for."""
        if self._joining is not None:
            await asyncio.wait({self._joining})
            self._joining.exception()  # whoever joined knows it, or has gone
        told = False
        if for_good and self._agent is not None and self._room.isconnected():
            told = await self._call(self._agent.identity, RPC_HANG_UP)
        self._leaving = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._room.disconnect()
        if self._source is not None:
            await self._source.aclose()
        return told

    async def ask(self, text: str) -> None:
        """As if typed: it is answered, or said in a retelling."""
        agent = self._agent
        if agent is not None:
            await self._room.local_participant.send_text(
                text, topic=TOPIC_CHAT, destination_identities=[agent.identity]
            )

    async def interrupt(self) -> None:
        if self._agent is not None:
            await self._call(self._agent.identity, RPC_INTERRUPT)

    async def publish(self) -> rtc.AudioSource:
        """A microphone, for :class:`.microphone.Microphone`."""
        self._source = rtc.AudioSource(RATE, 1, queue_size_ms=0)
        published = await self._room.local_participant.publish_track(
            rtc.LocalAudioTrack.create_audio_track("microphone", self._source),
            rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE),
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARD):
                await published.wait_for_subscription()
        return self._source

    def _look(self) -> None:
        """Who is there, and what they say of themselves."""
        people = list(self._room.remote_participants.values())
        agents = [p for p in people if p.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT]
        mine = [p for p in agents if ATTRIBUTE_PUBLISH_ON_BEHALF not in p.attributes]
        if not mine:
            return
        agent = self._agent = mine[0]
        state = agent.attributes.get(AGENT_STATE, "")
        if state not in ("", "initializing"):
            self.agent_here.set()
        faces = [
            p.identity
            for p in agents
            if p.attributes.get(ATTRIBUTE_PUBLISH_ON_BEHALF) == agent.identity
            and "spoken" in p.attributes.get(ATTRIBUTE_FEATURES, "").split()
        ]
        if self._face not in faces:
            self._face = faces[-1] if faces else None
            self._turns.face_lost()
            if self._face is not None:
                self._start(self._watch(self._face))
        self._listen(agent, agent.attributes.get(ATTRIBUTE_FACE) == "absent")
        self._turns.agent_state(state)

    def _listen(self, agent: rtc.RemoteParticipant, wanted: bool) -> None:
        """To the track of an agent that has no face."""
        for publication in agent.track_publications.values():
            if publication.kind == rtc.TrackKind.KIND_AUDIO and publication.subscribed != wanted:
                publication.set_subscribed(wanted)
        if not wanted:
            self._stop_listening()

    def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None

    def _on_track(self, track: rtc.Track, *_: object) -> None:
        is_heard = self._listening is not None and not self._listening.done()
        if isinstance(track, rtc.RemoteAudioTrack) and not is_heard:
            self._listening = self._start(self._hear(track))

    async def _hear(self, track: rtc.RemoteAudioTrack) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1)
        sound = bytearray()
        try:
            async for event in stream:
                sound += event.frame.data
                while len(sound) >= 2 * CHUNK:
                    self._turns.sound(bytes(sound[: 2 * CHUNK]))
                    del sound[: 2 * CHUNK]
        finally:
            await stream.aclose()

    async def _watch(self, face: str) -> None:
        """Ask it for its sound and weights."""
        for attempt in range(TRIES):
            await asyncio.sleep(0.2 * attempt)
            if self._face != face or await self._call(face, RPC_WATCH_WEIGHTS, _WISH):
                return
        logger.warning("a face does not give its weights: its client hears nothing of it")

    async def _call(self, identity: str, method: str, payload: str = "") -> bool:
        try:
            await self._room.local_participant.perform_rpc(
                destination_identity=identity,
                method=method,
                payload=payload,
                response_timeout=RPC_TIMEOUT,
            )
        except Exception as error:  # a room that reconnects raises more than RpcError
            logger.info("%s failed: %s", method, error)
            return False
        return True

    def _on_data(self, packet: rtc.DataPacket) -> None:
        sender = packet.participant
        if packet.topic != TOPIC_SPOKEN or sender is None or sender.identity != self._face:
            return
        try:
            self._turns.spoken(SpokenPacket.from_bytes(packet.data))
        except ProtocolError as error:
            logger.warning("the face sent something else: %s", error)

    def _on_caption(self, reader: rtc.TextStreamReader, sender: str) -> None:
        self._start(self._read(reader, sender))

    async def _read(self, reader: rtc.TextStreamReader, sender: str) -> None:
        attributes = reader.info.attributes or {}
        if sender == self._room.local_participant.identity:
            words = "".join([piece async for piece in reader])
            self._turns.user_words(words, is_final=attributes.get(IS_FINAL) == "true")
            return
        segment = attributes.get(SEGMENT_ID, reader.info.stream_id)
        try:
            async for piece in reader:
                self._turns.caption(segment, piece)
        finally:
            self._turns.caption_over(segment)

    def _on_gone(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._face:
            self._face = None
            self._turns.face_lost()
        if self._agent is not None and participant.identity == self._agent.identity:
            self._agent = None
            self.agent_here.clear()
            self._stop_listening()  # its track is gone, and it may come back with another
            self._turns.agent_lost()
        self._look()

    def _on_disconnected(self, reason: Any) -> None:
        if not self._leaving:
            self._leaving = True
            self._turns.agent_lost()
            self._on_left(rtc.DisconnectReason.Name(reason))

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
