"""Those in the room who draw the face for themselves, and what is sent to them."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from livekit import rtc

from avatar_worker.player import Frame, Player, Spoken
from avatar_worker.player.segment import SAMPLE_RATE
from visavis.protocol import (
    RPC_UNWATCH_WEIGHTS,
    RPC_WATCH_WEIGHTS,
    TOPIC_SPOKEN,
    TOPIC_WEIGHTS,
    ProtocolError,
)
from visavis.weights import SOUND_RATE, SpokenPacket, WatchWeights, WeightsPacket

logger = logging.getLogger("visavis.avatar")

MOST: Final = 64
"""Participants that may watch one avatar's weights."""
UNSENT: Final = 4
"""Frames that wait while one is sent; older ones are lost, as on the way."""
UNSENT_SPOKEN: Final = 90
"""The same of those with sound, three seconds: so long a room may be without its network."""
_STEP: Final = SAMPLE_RATE // SOUND_RATE


class Watchers:
    """Sends each frame to whoever asked for it, and to nobody else.

    Nobody looks at the video once everybody but the agents draws for themselves: pictures rest. So
    does the audio track where everybody is sent the sound. Neither does while the room is recorded.
    """

    def __init__(
        self,
        room: rtc.Room,
        player: Player,
        *,
        on_watched: Callable[[bool], Awaitable[None]],
    ) -> None:
        """
        Args:
            on_watched: Awaited with True before the first one watches, with False after the last.
        """
        self._room = room
        self._player = player
        self._on_watched = on_watched
        self._wishes: dict[str, WatchWeights] = {}
        self._is_watched: bool | None = False
        """None: on the way to either; a call that takes long is cancelled in the middle of it."""
        self._one_at_a_time = asyncio.Lock()
        self._updates: set[asyncio.Task[None]] = set()
        self._track = secrets.randbelow(1 << 16)
        self._sequence = 0
        self._frames: deque[Frame] = deque(maxlen=UNSENT)
        self._something = asyncio.Event()
        self._spoken: deque[SpokenPacket] = deque(maxlen=UNSENT_SPOKEN)
        self._spoken_sequence = 0
        self._some_spoken = asyncio.Event()
        self._complained = False
        self._loop = asyncio.get_running_loop()
        self.listened = asyncio.Event()
        """Somebody has asked for the sound, and would miss none of it."""

    def register(self) -> None:
        """After the room is connected."""
        local = self._room.local_participant
        local.register_rpc_method(RPC_WATCH_WEIGHTS, self._on_watch)
        local.register_rpc_method(RPC_UNWATCH_WEIGHTS, self._on_unwatch)
        self._room.on("participant_connected", self._on_connected)
        self._room.on("participant_disconnected", self._on_disconnected)
        self._room.on("room_updated", self._show_where_wanted)  # a recording has begun, or is over

    def notify(self, frame: Frame) -> None:
        """What the face shows; from any thread."""
        self._loop.call_soon_threadsafe(self._offer, frame)

    def notify_spoken(self, spoken: Spoken) -> None:
        """What was heard and seen; from any thread."""
        self._loop.call_soon_threadsafe(self._offer_spoken, spoken)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send_frames())
            tasks.create_task(self._send_spoken())  # a reliable packet may have to wait

    def _offer(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._something.set()

    def _offer_spoken(self, spoken: Spoken) -> None:
        self._spoken.append(pack_spoken(spoken, self._track, self._spoken_sequence))
        self._spoken_sequence += 1
        self._some_spoken.set()

    async def _send_frames(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._frames:
                frame = self._frames.popleft()
                if watching := self._those(lambda wish: wish.wants_idle):
                    packet = pack(frame, self._track, self._sequence)
                    self._sequence += 1
                    await self._send(packet.to_bytes(), TOPIC_WEIGHTS, watching)

    async def _send_spoken(self) -> None:
        while True:
            await self._some_spoken.wait()
            self._some_spoken.clear()
            while self._spoken:
                packet = self._spoken.popleft()
                if listening := self._those(lambda wish: wish.audio):
                    await self._send(packet.to_bytes(), TOPIC_SPOKEN, listening)

    def _those(self, who: Callable[[WatchWeights], bool]) -> list[str]:
        return [identity for identity, wish in self._wishes.items() if who(wish)]

    async def _send(self, data: bytes, topic: str, to: list[str]) -> None:
        if not self._room.isconnected():
            return
        try:
            await self._room.local_participant.publish_data(
                data, reliable=topic == TOPIC_SPOKEN, destination_identities=to, topic=topic
            )
        except Exception as error:  # a room that reconnects: the next one has all there is to say
            if not self._complained:
                logger.warning("weights could not be sent: %s", error)
            self._complained = True

    async def _on_watch(self, invocation: rtc.RpcInvocationData) -> str:
        identity = invocation.caller_identity
        try:
            wish = WatchWeights.from_json(invocation.payload)
        except ProtocolError as error:
            raise rtc.RpcError(1400, str(error)) from None
        if identity not in self._wishes and len(self._wishes) >= MOST:
            raise rtc.RpcError(1429, f"{MOST} participants watch already: no more can")
        self._wishes[identity] = wish
        await self._update()
        return "ok"

    async def _on_unwatch(self, invocation: rtc.RpcInvocationData) -> str:
        if self._wishes.pop(invocation.caller_identity, None) is not None:
            await self._update()
        return "ok"

    def _on_connected(self, _: rtc.RemoteParticipant) -> None:
        self._show_where_wanted()

    def _on_disconnected(self, participant: rtc.RemoteParticipant) -> None:
        was_watching = self._wishes.pop(participant.identity, None) is not None
        self._show_where_wanted()
        if was_watching:
            task = self._loop.create_task(self._update(), name="visavis watchers")
            self._updates.add(task)  # a loop keeps no task that waits
            task.add_done_callback(self._on_updated)

    def _on_updated(self, task: asyncio.Task[None]) -> None:
        self._updates.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("the weights' watchers could not be counted", exc_info=error)

    async def _update(self) -> None:
        self._show_where_wanted()
        async with self._one_at_a_time:
            if (wanted := bool(self._wishes)) != self._is_watched:
                self._is_watched = None
                try:
                    await self._on_watched(wanted)
                except Exception:
                    logger.exception("lip-sync could not be made ready; the mouth stays still")
                self._is_watched = wanted
            self._player.watch(bool(self._those(lambda wish: wish.wants_idle)))
            listening = bool(self._those(lambda wish: wish.audio))
            self._player.listen(listening)
            if listening:
                self.listened.set()

    def _show_where_wanted(self) -> None:
        people = [
            identity
            for identity, participant in self._room.remote_participants.items()
            if participant.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        ]
        # Who records the room looks and listens, and is hidden from its participants.
        known = bool(people) and not self._room.is_recording
        nobody_looks = known and all(
            identity in self._wishes and not self._wishes[identity].video for identity in people
        )
        self._player.draw(not nobody_looks)
        nobody_listens = known and all(
            identity in self._wishes and self._wishes[identity].audio for identity in people
        )
        self._player.hear(not nobody_listens)


def pack(frame: Frame, track: int, sequence: int) -> WeightsPacket:
    """A frame of the player on its way."""
    return WeightsPacket(
        track=track,
        sequence=sequence,
        time_ms=frame.time * 1000 // SAMPLE_RATE,
        weights=tuple(frame.face.weights.tolist()),
        yaw=frame.face.pose.yaw,
        pitch=frame.face.pose.pitch,
        roll=frame.face.pose.roll,
        segment=frame.segment,
        position_ms=frame.position * 1000 // SAMPLE_RATE,
        paused=frame.paused,
    )


def pack_spoken(spoken: Spoken, track: int, sequence: int) -> SpokenPacket:
    """The same with its sound: every second sample. Speech comes with 24 kHz or less, so that what
    there is of higher tones is what resampling has left over."""
    face = pack(spoken.frame, track, sequence)
    if (end := spoken.end) is not None:
        position = round(end.position * 1000)
        face = replace(
            face, segment=end.segment, position_ms=position, over=True, cut=end.interrupted
        )
    first = -spoken.frame.time % _STEP
    return SpokenPacket(face, spoken.sound[first::_STEP].astype("<i2").tobytes())
