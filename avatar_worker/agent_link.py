"""The avatar's side of LiveKit's avatar protocol: speech in by ByteStream, RPCs both ways."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Final

from livekit import rtc

from avatar_worker.player import Event, Finished, Player, Started, Voice, VoiceError
from visavis.protocol import (
    RPC_CLEAR_BUFFER,
    RPC_PLAYBACK_FINISHED,
    RPC_PLAYBACK_STARTED,
    TOPIC_AUDIO_STREAM,
    PlaybackFinished,
)

logger = logging.getLogger("visavis.avatar")

STREAM_IDLE: Final = 10.0
"""Seconds without a byte after which a stream's trailer is taken for lost."""
NOT_OURS: Final = ("lk.transcription", "lk.chat")
"""Text that everybody in the room gets; unclaimed, each piece would be a line in the log."""
RPC_TRIES: Final = 3
RPC_TIMEOUT: Final = 3.0
"""Seconds."""


class AgentLink:
    """Carries one agent's speech to the player and its player's events back.

    Every stream that the agent opens is answered by one ``lk.playback_finished``, in order.
    """

    def __init__(self, room: rtc.Room, agent_identity: str, player: Player, voice: Voice) -> None:
        self._room = room
        self._agent = agent_identity
        self._player = player
        self._voice = voice
        self._streams: deque[tuple[int, rtc.ByteStreamReader]] = deque()
        self._current: int | None = None
        self._arrived = asyncio.Event()
        self._hurry = asyncio.Event()
        """The open stream is superseded or cleared: stop waiting for its trailer."""
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def register_streams(self) -> None:
        """Before the room is connected, so that no stream is missed."""
        self._room.register_byte_stream_handler(TOPIC_AUDIO_STREAM, self._on_stream)
        for topic in NOT_OURS:
            self._room.register_text_stream_handler(topic, lambda reader, _: reader.close())

    def register_rpcs(self) -> None:
        """After the room is connected, before anything is published."""
        self._room.local_participant.register_rpc_method(RPC_CLEAR_BUFFER, self._on_clear)

    def notify(self, event: Event) -> None:
        """An event of the player; from any thread."""
        self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive())
            tasks.create_task(self._report())

    def _on_stream(self, reader: rtc.ByteStreamReader, sender: str) -> None:
        if sender != self._agent:
            logger.warning("ignoring speech from a participant that is not our agent")
            reader.close()
            return
        self._streams.append((self._player.open(), reader))
        self._hurry.set()  # the agent never overlaps streams: the open one will get no more
        self._arrived.set()

    async def _on_clear(self, invocation: rtc.RpcInvocationData) -> str:
        if invocation.caller_identity != self._agent:
            raise rtc.RpcError(1403, "only the agent that this avatar speaks for may interrupt it")
        for event in self._player.clear():
            self._events.put_nowait(event)
        self._current = None
        while self._streams:
            self._streams.popleft()[1].close()
        self._hurry.set()
        return "ok"

    async def _receive(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._streams:
                self._current, reader = self._streams.popleft()
                self._hurry.clear()
                try:
                    await self._read(self._current, reader)
                except Exception as error:
                    logger.warning("a segment of speech was cut short: %s", error)
                    await self._voice.reset()
                finally:
                    reader.close()

    async def _read(self, segment: int, reader: rtc.ByteStreamReader) -> None:
        rate, channels = 0, 0
        try:
            rate, channels = audio_format(reader.info.attributes or {})
            async for data in self._chunks(reader):
                if self._current != segment:  # cleared: already answered
                    break
                await self._voice.push(segment, data, rate, channels)
        finally:
            if self._current == segment:
                await self._voice.close(segment)
            else:
                await self._voice.reset()

    async def _chunks(self, reader: rtc.ByteStreamReader) -> AsyncIterator[bytes]:
        hurry = asyncio.ensure_future(self._hurry.wait())
        try:
            while True:
                chunk = asyncio.ensure_future(anext(reader, None))
                await asyncio.wait(
                    {chunk, hurry}, timeout=STREAM_IDLE, return_when=asyncio.FIRST_COMPLETED
                )
                if not chunk.done():
                    chunk.cancel()
                    return
                if (data := chunk.result()) is None:
                    return
                yield data
        finally:
            hurry.cancel()

    async def _report(self) -> None:
        while True:
            event = await self._events.get()
            match event:
                case Started():
                    await self._call(RPC_PLAYBACK_STARTED, "")
                case Finished():
                    end = PlaybackFinished(event.position, event.interrupted)
                    await self._call(RPC_PLAYBACK_FINISHED, end.to_json())

    async def _call(self, method: str, payload: str) -> None:
        for attempt in range(RPC_TRIES):
            try:
                await self._room.local_participant.perform_rpc(
                    destination_identity=self._agent,
                    method=method,
                    payload=payload,
                    response_timeout=RPC_TIMEOUT,
                )
                return
            except rtc.RpcError as error:
                if error.code == rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD:
                    return  # an agent that does not ask for playback_started
                logger.warning("%s failed (%s), try %d", method, error.message, attempt + 1)
                await asyncio.sleep(0.1 * (attempt + 1))


def audio_format(attributes: Mapping[str, str]) -> tuple[int, int]:
    """(sample rate in Hz, channels) of a stream. Raises :class:`VoiceError`."""
    with contextlib.suppress(KeyError, ValueError):
        rate, channels = int(attributes["sample_rate"]), int(attributes["num_channels"])
        if 8_000 <= rate <= 192_000 and 1 <= channels <= 8:
            return rate, channels
    raise VoiceError(
        "a speech stream needs sample_rate (8000 to 192000) and num_channels (1 to 8), "
        f"not {attributes.get('sample_rate')!r} and {attributes.get('num_channels')!r}"
    )
