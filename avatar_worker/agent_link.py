"""The avatar's side of LiveKit's avatar protocol: speech in by ByteStream, RPCs both ways."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from dataclasses import dataclass
from typing import Final

from livekit import rtc

from avatar_worker.player import Event, Finished, Player, Started, Voice
from avatar_worker.speech_stream import chunks, open_reader
from visavis.playback import PlaybackFinished, SignOfLife
from visavis.protocol import (
    ALIVE_AT_REST,
    ALIVE_INTERVAL,
    RPC_CLEAR_BUFFER,
    RPC_PAUSE,
    RPC_PLAYBACK_FINISHED,
    RPC_PLAYBACK_STARTED,
    RPC_RESUME,
    STREAM_WANTS_ID,
    TOPIC_ALIVE,
    TOPIC_AUDIO_STREAM,
)

logger = logging.getLogger("visavis.avatar")

AHEAD: Final = 2.0
"""Seconds of speech that are prepared before they are due. More would be in vain at an interrupt,
and all of a long answer at once would keep the playback clock from its time."""
NOT_OURS: Final = ("lk.transcription", "lk.chat")
"""Text that everybody in the room gets; unclaimed, each piece would be a line in the log."""
RPC_TRIES: Final = 3
RPC_TIMEOUT: Final = 3.0
"""Seconds."""
LINGERING: Final = 2.0
"""Seconds after the last speech in which signs of life come as fast as in it: they repeat its end,
should the agent have missed it."""
STALLED: Final = 0.5
"""Seconds without a sound released, not even silence, after which the avatar is not alive."""
ENDS_TOLD: Final = 4
"""Ends of segments that each sign of life repeats."""


@dataclass(frozen=True)
class _Stream:
    """A segment, as the agent knows it."""

    id: str
    wants_id: bool
    """The agent understands a stream's id in the RPCs."""


class AgentLink:
    """Carries one agent's speech to the player and its player's events back.

    Every stream that the agent opens is answered by one ``lk.playback_finished``, in order.
    """

    def __init__(self, room: rtc.Room, agent_identity: str, player: Player, voice: Voice) -> None:
        self._room = room
        self._agent = agent_identity
        self._player = player
        self._voice = voice
        self._arriving: deque[tuple[int, rtc.ByteStreamReader]] = deque()
        self._streams: dict[int, _Stream] = {}
        """Segments that have not ended."""
        self._current: int | None = None
        self._arrived = asyncio.Event()
        self._opened = asyncio.Event()
        """Signs of life shall hurry."""
        self._hurry = asyncio.Event()
        """The open stream is superseded or cleared: stop waiting for its trailer."""
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._ended: deque[PlaybackFinished] = deque(maxlen=ENDS_TOLD)
        self._audible = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def announce(self) -> None:
        """Somebody can hear the avatar: signs of life begin, which tell the agent so."""
        self._audible.set()

    def register_streams(self) -> None:
        """Before the room is connected, so that no stream is missed."""
        self._room.register_byte_stream_handler(TOPIC_AUDIO_STREAM, self._on_stream)
        for topic in NOT_OURS:
            self._room.register_text_stream_handler(topic, lambda reader, _: reader.close())

    def register_rpcs(self) -> None:
        """After the room is connected, before anything is published."""
        local = self._room.local_participant
        local.register_rpc_method(RPC_CLEAR_BUFFER, self._on_clear)
        local.register_rpc_method(RPC_PAUSE, self._on_pause)
        local.register_rpc_method(RPC_RESUME, self._on_resume)

    def notify(self, event: Event) -> None:
        """An event of the player; from any thread."""
        self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive())
            tasks.create_task(self._report())
            tasks.create_task(self._live())

    def _on_stream(self, reader: rtc.ByteStreamReader, sender: str) -> None:
        if sender != self._agent:
            logger.warning("ignoring speech from a participant that is not our agent")
            reader.close()
            return
        segment = self._player.open()
        wants_id = STREAM_WANTS_ID in (reader.info.attributes or {})
        self._streams[segment] = _Stream(reader.info.stream_id, wants_id)
        self._arriving.append((segment, reader))
        self._hurry.set()  # the agent never overlaps streams: the open one will get no more
        self._arrived.set()
        self._opened.set()

    def _check_caller(self, invocation: rtc.RpcInvocationData) -> None:
        if invocation.caller_identity != self._agent:
            raise rtc.RpcError(1403, "only the agent that this avatar speaks for may do that")

    async def _on_clear(self, invocation: rtc.RpcInvocationData) -> str:
        self._check_caller(invocation)
        self._player.clear()
        self._current = None
        while self._arriving:
            self._arriving.popleft()[1].close()
        self._hurry.set()
        return "ok"

    async def _on_pause(self, invocation: rtc.RpcInvocationData) -> str:
        self._check_caller(invocation)
        self._player.pause()
        return "ok"

    async def _on_resume(self, invocation: rtc.RpcInvocationData) -> str:
        self._check_caller(invocation)
        self._player.resume()
        return "ok"

    async def _receive(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._arriving:
                segment, reader = self._arriving.popleft()
                self._current = segment
                if not self._arriving:
                    self._hurry.clear()
                try:
                    await self._read(segment, reader)
                except Exception as error:
                    logger.warning("a segment of speech was cut short: %s", error)
                    await self._voice.reset()
                finally:
                    self._player.close(segment)
                    reader.close()

    async def _read(self, segment: int, reader: rtc.ByteStreamReader) -> None:
        try:
            speech = open_reader(reader.info.attributes or {})
            async for data in chunks(reader, self._hurry, self._player, segment):
                while self._current == segment and self._player.ahead(segment) > AHEAD:
                    await asyncio.sleep(AHEAD / 20)
                if self._current != segment:  # cleared: already answered
                    break
                await self._voice.push(segment, data, speech)
        finally:
            if self._current == segment:
                await self._voice.close(segment)
            else:
                await self._voice.reset()

    async def _report(self) -> None:
        while True:
            event = await self._events.get()
            stream = self._streams.get(event.segment)
            stream_id = stream.id if stream is not None and stream.wants_id else None
            match event:
                case Started():
                    await self._call(RPC_PLAYBACK_STARTED, stream_id or "", tries=1)
                case Finished():
                    self._streams.pop(event.segment, None)
                    end = PlaybackFinished(event.position, event.interrupted, stream_id)
                    if stream_id is not None:
                        self._ended.append(end)
                    await self._call(RPC_PLAYBACK_FINISHED, end.to_json(), tries=RPC_TRIES)

    async def _call(self, method: str, payload: str, tries: int) -> None:
        for attempt in range(tries):
            try:
                await self._room.local_participant.perform_rpc(
                    destination_identity=self._agent,
                    method=method,
                    payload=payload,
                    response_timeout=RPC_TIMEOUT,
                )
                return
            except Exception as error:  # a room that reconnects raises more than RpcError
                if getattr(error, "code", None) == rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD:
                    return  # an agent that does not ask for playback_started
                logger.warning("%s failed (%s), try %d", method, error, attempt + 1)
                await asyncio.sleep(0.1 * (attempt + 1))

    async def _live(self) -> None:
        """Tell the agent several times a second that the voice is alive, and where it is."""
        await self._audible.wait()
        hurried = self._loop.time()
        while True:
            if self._streams:
                hurried = self._loop.time()
            if self._loop.time() - hurried < LINGERING:
                await asyncio.sleep(ALIVE_INTERVAL)
            else:
                self._opened.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ALIVE_AT_REST):
                        await self._opened.wait()
            if self._player.stalled_for > STALLED or not self._room.isconnected():
                continue
            with contextlib.suppress(Exception):  # a state: the next one says it again
                await self._room.local_participant.publish_data(
                    self._sign().to_json(),
                    reliable=False,
                    destination_identities=[self._agent],
                    topic=TOPIC_ALIVE,
                )

    def _sign(self) -> SignOfLife:
        head = self._player.playhead
        stream = None if head.segment is None else self._streams.get(head.segment)
        stream_id = None if stream is None else stream.id
        lead = round(self._player.lead, 3)
        return SignOfLife(stream_id, head.position, head.paused, tuple(self._ended), lead)
