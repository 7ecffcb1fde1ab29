"""Sound and data really get through LiveKit: two participants meet in a room of their own."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Final

from livekit import rtc
from livekit.api import AccessToken, LiveKitAPI, VideoGrants
from livekit.protocol.room import CreateRoomRequest, DeleteRoomRequest

from settings import Settings

from .finding import Finding, ok, warning, wrong

PART: Final = "media"
PATIENCE: Final = 20.0
"""Seconds for all of it."""
RATE: Final = 48_000
_OPEN_PORTS: Final = (
    "Open LiveKit's media ports to this machine (in livekit.yaml rtc.udp_port and rtc.tcp_port, "
    "7882/udp and 7881/tcp), and set NODE_IP to the address under which it is reached."
)


async def check_media(settings: Settings) -> list[Finding]:
    """Takes up to :data:`PATIENCE`; leaves no room behind."""
    room = f"doctor-{secrets.token_hex(8)}"
    key, secret = settings.livekit_api_key, settings.livekit_api_secret.get_secret_value()
    speaker, listener = rtc.Room(), rtc.Room()
    step = "join a room"
    try:
        async with asyncio.timeout(PATIENCE), LiveKitAPI(settings.livekit_url, key, secret) as api:
            await api.room.create_room(CreateRoomRequest(name=room, empty_timeout=30))
            try:
                heard = _listen(listener)
                for each, name in ((listener, "listener"), (speaker, "speaker")):
                    token = _token(key, secret, room, name)
                    await each.connect(settings.livekit_url, token)
                step = "send a data packet"
                await speaker.local_participant.publish_data("hello", reliable=True)
                await heard.data.wait()
                step = "send sound"
                await _speak(speaker, heard.sound)
                by_udp = await _goes_by_udp(speaker)
            finally:
                await asyncio.gather(speaker.disconnect(), listener.disconnect())
                with suppress(Exception):
                    await api.room.delete_room(DeleteRoomRequest(room=room))
    except Exception as error:
        why = "in time" if isinstance(error, TimeoutError) else f"({type(error).__name__})"
        return [wrong(PART, f"This machine could not {step} {why}.", _OPEN_PORTS)]
    if not by_udp:
        return [
            warning(
                PART,
                "Sound and data get through, but by TCP: UDP is blocked, and sound will stutter "
                "where packets are lost.",
                _OPEN_PORTS,
            )
        ]
    return [ok(PART, "A data packet and sound went through a room, by UDP.")]


class _Heard:
    def __init__(self) -> None:
        self.data, self.sound = asyncio.Event(), asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()


def _listen(room: rtc.Room) -> _Heard:
    heard = _Heard()

    async def wait_for_sound(track: rtc.Track) -> None:
        stream = rtc.AudioStream(track)
        async for _ in stream:
            heard.sound.set()
            break
        await stream.aclose()

    @room.on("data_received")
    def on_data(_: rtc.DataPacket) -> None:
        heard.data.set()

    @room.on("track_subscribed")
    def on_track(track: rtc.Track, *_: object) -> None:
        task = asyncio.create_task(wait_for_sound(track))
        heard.tasks.add(task)
        task.add_done_callback(heard.tasks.discard)

    return heard


async def _speak(room: rtc.Room, heard: asyncio.Event) -> None:
    """Silence is sound as well: until somebody gets a frame of it."""
    source = rtc.AudioSource(RATE, 1)
    track = rtc.LocalAudioTrack.create_audio_track("doctor", source)
    await room.local_participant.publish_track(track)
    frame = rtc.AudioFrame.create(RATE, 1, RATE // 100)
    while not heard.is_set():
        await source.capture_frame(frame)
    await source.aclose()


async def _goes_by_udp(room: rtc.Room) -> bool:
    stats = (await room.get_rtc_stats()).publisher_stats
    local = {
        each.local_candidate.rtc.id: each.local_candidate.candidate
        for each in stats
        if each.HasField("local_candidate")
    }
    used = [
        local[pair.candidate_pair.candidate_pair.local_candidate_id].protocol.lower()
        for pair in (each for each in stats if each.HasField("candidate_pair"))
        if pair.candidate_pair.candidate_pair.nominated
        and pair.candidate_pair.candidate_pair.local_candidate_id in local
    ]
    return "tcp" not in used


def _token(key: str, secret: str, room: str, name: str) -> str:
    return (
        AccessToken(key, secret)
        .with_identity(name)
        .with_ttl(timedelta(minutes=1))
        .with_grants(VideoGrants(room_join=True, room=room))
        .to_jwt()
    )
