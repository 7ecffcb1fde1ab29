"""An agent without a mind: it says what it is given, through an avatar or as a plain track."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Protocol

from livekit import rtc
from livekit.agents import utils
from livekit.agents.voice.avatar import DataStreamAudioOutput
from livekit.agents.voice.io import AudioOutput

from bench.bot import MIC_RATE, Speech
from bench.livekit import LiveKitServer
from bench.stage import dispatch, enter
from visavis.face_line import FaceLine
from visavis.face_voice import FaceVoice
from visavis.inbox import Inbox
from visavis.protocol import ATTRIBUTE_FEATURES, AvatarDispatch
from visavis.voice_switch import VoiceSwitch

PIECE: Final = MIC_RATE // 20
"""Samples handed over at once (50 ms), as LiveKit's agents do."""
JOIN_SECONDS: Final = 60.0


class Speaker(Protocol):
    """Says (n,) at 24 kHz. Answers the time at which it gave the first sample away."""

    async def say(self, speech: Speech, *, paced: bool = False) -> float:
        """Returns when all of it was given away: at once, or ``paced`` in real time."""

    async def wait(self, limit: float) -> None:
        """Until it was played. Raises TimeoutError."""


class AvatarSpeaker:
    """Through an avatar."""

    def __init__(self, output: AudioOutput) -> None:
        self._output = output
        self.heard = 0.0
        """Seconds of the last segment that were played."""

    async def say(self, speech: Speech, *, paced: bool = False) -> float:
        begun = time.monotonic()
        await _hand_over(self._output.capture_frame, speech, paced)
        self._output.flush()
        return begun

    async def wait(self, limit: float) -> None:
        end = await asyncio.wait_for(self._output.wait_for_playout(), limit)
        self.heard = end.playback_position

    def interrupt(self) -> None:
        """Drop what was not played yet."""
        self._output.clear_buffer()


class PlainSpeaker:
    """As a plain audio track, with the queue that LiveKit's own agents have."""

    def __init__(self, source: rtc.AudioSource) -> None:
        self._source = source

    async def say(self, speech: Speech, *, paced: bool = False) -> float:
        begun = time.monotonic()
        await _hand_over(self._source.capture_frame, speech, paced)
        return begun

    async def wait(self, limit: float) -> None:
        await asyncio.wait_for(self._source.wait_for_playout(), limit)


class _Capture(Protocol):
    async def __call__(self, frame: rtc.AudioFrame) -> None: ...


async def _hand_over(capture: _Capture, speech: Speech, paced: bool) -> None:
    due = time.monotonic()
    for start in range(0, len(speech), PIECE):
        piece = speech[start : start + PIECE]
        if paced:
            # A voice at real-time pace has a piece only once it is spoken.
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += len(piece) / MIC_RATE
        await capture(rtc.AudioFrame(piece.tobytes(), MIC_RATE, 1, len(piece)))


@asynccontextmanager
async def avatar_speaker(
    livekit: LiveKitServer,
    room: str,
    worker: str,
    *,
    video: bool | None = None,
    stock: bool = False,
) -> AsyncIterator[AvatarSpeaker]:
    """An agent in ``room`` that has called the avatar worker of that dispatch name.

    ``stock``: it sends as LiveKit's own agents do, not as ours.
    """
    identity = f"agent-{room}"
    asked = AvatarDispatch(identity, f"avatar-{room}", video=video)
    kind = rtc.TrackKind.KIND_AUDIO if video is False else rtc.TrackKind.KIND_VIDEO
    async with enter(livekit, room, identity, agent=True) as joined:
        await dispatch(livekit, room, worker, asked.to_json())
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                await utils.wait_for_track_publication(
                    joined, identity=asked.avatar_identity, kind=kind
                )
        except TimeoutError:
            raise RuntimeError(f"no avatar of {worker!r} came within {JOIN_SECONDS:g} s") from None
        if stock:
            yield AvatarSpeaker(
                DataStreamAudioOutput(
                    joined, destination_identity=asked.avatar_identity, wait_playback_start=True
                )
            )
            return
        async with through_our_face(joined, asked.avatar_identity) as output:
            yield AvatarSpeaker(output)


@asynccontextmanager
async def through_our_face(room: rtc.Room, identity: str) -> AsyncIterator[AudioOutput]:
    """The output that our agents have while this avatar is their face."""
    features = room.remote_participants[identity].attributes.get(ATTRIBUTE_FEATURES, "").split()
    output, inbox = VoiceSwitch(), Inbox(room)
    line = FaceLine(room, identity, opus="opus" in features)

    def on_dead(reason: str) -> None:
        raise RuntimeError(f"the avatar is lost: {reason}")

    face = FaceVoice(
        output.speech, line, set(features), on_dead=on_dead, clock=asyncio.get_running_loop().time
    )
    inbox.open()
    inbox.add(identity, face)
    output.speech.prefer(face)
    sending = asyncio.create_task(line.run())
    try:
        yield output
    finally:
        sending.cancel()
        inbox.close()


@asynccontextmanager
async def plain_speaker(livekit: LiveKitServer, room: str) -> AsyncIterator[PlainSpeaker]:
    """An agent in ``room`` that speaks for itself."""
    async with enter(livekit, room, f"agent-{room}", agent=True) as joined:
        source = rtc.AudioSource(MIC_RATE, 1, queue_size_ms=200)
        publication = await joined.local_participant.publish_track(
            rtc.LocalAudioTrack.create_audio_track("voice", source),
            rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE),
        )
        await asyncio.wait_for(publication.wait_for_subscription(), JOIN_SECONDS)
        try:
            yield PlainSpeaker(source)
        finally:
            await source.aclose()
