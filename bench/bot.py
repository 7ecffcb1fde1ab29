"""A person made of code: joins as any client does, speaks, and notes what it hears and sees."""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from visavis.protocol import ATTRIBUTE_PUBLISH_ON_BEHALF, RPC_HANG_UP

MIC_RATE = 24_000
"""Hz of what the bot says."""
EAR_RATE = 48_000
LOUD = 300
"""Peak of an int16 packet above which somebody speaks; the avatar's silence is digital zero."""
TOKEN_PATIENCE = 45
"""Seconds: longer than the gateway of :mod:`bench.system` looks for an agent. Who gives up earlier
leaves a room behind."""

Speech = NDArray[np.int16]


@dataclass
class Senses:
    """What reached the bot; all times are ``time.monotonic()`` seconds."""

    joined: float = 0.0
    pictures: list[float] = field(default_factory=list)
    packets: list[tuple[float, int]] = field(default_factory=list)
    """(time, peak of 10 ms)."""

    def first_sound(self, after: float) -> float | None:
        return next((at for at, peak in self.packets if at > after and peak > LOUD), None)

    def quiet_for(self, seconds: float) -> bool:
        """Has nobody spoken for the last ``seconds``?"""
        since = time.monotonic() - seconds
        return not any(peak > LOUD for at, peak in reversed(self.packets) if at > since)


class Microphone:
    """Room noise in packets of 10 ms in real time, and speech where there is some.

    On a thread of its own, as a sound card is: what the bot hears and sees must not make its own
    voice stumble, for the other side's jitter buffer would keep that for many seconds.
    """

    def __init__(self) -> None:
        self.source: Future[rtc.AudioSource] = Future()
        self._to_say: queue.SimpleQueue[tuple[Speech, Future[float]]] = queue.SimpleQueue()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="bot microphone", daemon=True)

    def start(self) -> None:
        """Not before the room is connected: of two threads that need LiveKit's client first, each
        would make its own."""
        self._thread.start()

    def say(self, speech: Speech) -> Future[float]:
        """The time at which its last sample was spoken."""
        done: Future[float] = Future()
        self._to_say.put((speech, done))
        return done

    def close(self) -> None:
        """Blocking, for a packet or so."""
        self._closing = True
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._speak())

    async def _speak(self) -> None:
        source = rtc.AudioSource(MIC_RATE, 1, queue_size_ms=0)
        self.source.set_result(source)
        size = MIC_RATE // 100
        noise = np.random.default_rng(0).normal(0, 8, MIC_RATE).astype(np.int16)
        due = time.monotonic()
        speech, done = np.zeros(0, np.int16), None
        position = 0
        while not self._closing:
            if done is None and not self._to_say.empty():
                speech, done = self._to_say.get_nowait()
                position = 0
            packet = noise[:size].copy()
            if done is not None:
                piece = speech[position : position + size]
                packet[: len(piece)] += piece
                position += size
                if position >= len(speech):
                    done.set_result(time.monotonic())
                    done = None
            await source.capture_frame(rtc.AudioFrame(packet.tobytes(), MIC_RATE, 1, size))
            due += 0.01
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        await source.aclose()


class Bot:
    """One participant. Make it with :func:`join`."""

    def __init__(self, room: rtc.Room, microphone: Microphone, *, sensing: bool = True) -> None:
        """``sensing``: fills :attr:`senses`; without, others look and listen."""
        self.room = room
        self.senses = Senses()
        self._microphone = microphone
        self._tasks: set[asyncio.Task[None]] = set()
        if sensing:
            room.on("track_subscribed", self._on_track)

    async def say(self, speech: Speech) -> float:
        """Speak (n,) at 24 kHz; answers the time at which its last sample was spoken."""
        return await asyncio.wrap_future(self._microphone.say(speech))

    async def wait_for_sound(self, after: float, limit: float) -> float:
        """Time of the first sound after ``after``. Raises TimeoutError after ``limit`` seconds."""
        async with asyncio.timeout(limit):
            while (heard := self.senses.first_sound(after)) is None:
                await asyncio.sleep(0.005)
            return heard

    async def wait_for_picture(self, limit: float) -> None:
        """Raises TimeoutError when none came within ``limit`` seconds."""
        async with asyncio.timeout(limit):
            while not self.senses.pictures:
                await asyncio.sleep(0.01)

    async def wait_for_quiet(self, seconds: float = 1.5, limit: float = 60) -> None:
        async with asyncio.timeout(limit):
            while not self.senses.quiet_for(seconds):
                await asyncio.sleep(0.02)

    def _on_track(self, track: rtc.Track, *_: object) -> None:
        watch = self._see if track.kind == rtc.TrackKind.KIND_VIDEO else self._hear
        self._start(watch(track))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _see(self, track: rtc.Track) -> None:
        async for _ in rtc.VideoStream(track):
            self.senses.pictures.append(time.monotonic())

    async def _hear(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=EAR_RATE, num_channels=1)
        async for event in stream:
            peak = int(np.abs(np.frombuffer(event.frame.data, np.int16).astype(np.int32)).max())
            self.senses.packets.append((time.monotonic(), peak))

    async def aclose(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hang_up()
        await self.room.disconnect()

    async def _hang_up(self) -> None:
        """Unless told, the agent would wait for a person who might come back."""
        if not self.room.isconnected():
            return
        for other in list(self.room.remote_participants.values()):
            if ATTRIBUTE_PUBLISH_ON_BEHALF in other.attributes:
                continue
            if other.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
                with contextlib.suppress(rtc.RpcError):  # not one of ours
                    await self.room.local_participant.perform_rpc(
                        destination_identity=other.identity,
                        method=RPC_HANG_UP,
                        payload="",
                        response_timeout=3,
                    )


@asynccontextmanager
async def join(
    gateway: str, *, body: dict[str, Any] | None = None, sensing: bool = True
) -> AsyncIterator[Bot]:
    """Enter a new room through the gateway's token endpoint, microphone on."""
    started = time.monotonic()
    token = await asyncio.to_thread(_fetch_token, gateway, body or {})
    async with enter(token, started, sensing=sensing) as bot:
        yield bot


@asynccontextmanager
async def enter(
    token: Mapping[str, Any], started: float | None = None, *, sensing: bool = True
) -> AsyncIterator[Bot]:
    """Enter the room of a ``token`` from the token endpoint or of a session, microphone on."""
    room = rtc.Room()
    microphone = Microphone()
    bot = Bot(room, microphone, sensing=sensing)
    bot.senses.joined = time.monotonic() if started is None else started
    try:
        await room.connect(token["server_url"], token["participant_token"])
        microphone.start()
        source = await asyncio.wrap_future(microphone.source)
        await room.local_participant.publish_track(
            rtc.LocalAudioTrack.create_audio_track("microphone", source),
            rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE),
        )
        yield bot
    finally:
        await bot.aclose()
        await asyncio.to_thread(microphone.close)


def _fetch_token(gateway: str, body: dict[str, Any]) -> dict[str, str]:
    request = urllib.request.Request(
        f"{gateway}/api/token",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=TOKEN_PATIENCE) as answer:
        token: dict[str, str] = json.load(answer)
    return token
