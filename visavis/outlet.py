"""The audio track that the plain voice sounds through."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from livekit import rtc
from livekit.agents.voice.io import AudioOutput
from livekit.agents.voice.room_io._output import _ParticipantAudioOutput

from .plain_voice import QUEUE_MS, Source
from .segment import RATE
from .standby import StandbySource

TRACK_NAME: Final = "voice"
BITRATE: Final = 64_000
"""Bits a second of Opus, and none of a silence. From there on it codes speech without its model of
the voice: a track that is silent costs 0.022 of a core, and 0.034 at LiveKit's default."""
LISTENER_PATIENCE: Final = 3.0
"""Seconds that the first sound waits until somebody has subscribed."""


async def adopt_or_publish(room: rtc.Room, output: AudioOutput | None, *, standby: bool) -> Source:
    """The track of the session's own output, if it has a fitting one, else one of ours.

    ``standby``: a face speaks. The track rests then, and is not called a microphone, because
    LiveKit's components would show its silence instead of the face's voice; they play it all the
    same.
    """
    if isinstance(output, _ParticipantAudioOutput) and output.sample_rate == RATE:
        source: rtc.AudioSource = output._audio_source
        if source.num_channels == 1:
            await _listened_to(output.subscribed)
            return source
    if standby:
        resting = StandbySource()
        with contextlib.ExitStack() as failing:
            failing.callback(resting.close)
            resting.let_rest(await _publish(room, resting.source, rtc.TrackSource.SOURCE_UNKNOWN))
            failing.pop_all()
        return resting
    source = rtc.AudioSource(RATE, 1, queue_size_ms=QUEUE_MS)
    await _publish(room, source, rtc.TrackSource.SOURCE_MICROPHONE)
    return source


async def _publish(
    room: rtc.Room, source: rtc.AudioSource, kind: rtc.TrackSource.ValueType
) -> rtc.LocalAudioTrack:
    """Returns once somebody listens, or for a while nobody does."""
    options = rtc.TrackPublishOptions(source=kind)
    options.audio_encoding.max_bitrate = BITRATE
    track = rtc.LocalAudioTrack.create_audio_track(TRACK_NAME, source)
    publication = await room.local_participant.publish_track(track, options)
    await _listened_to(asyncio.ensure_future(publication.wait_for_subscription()))
    return track


async def _listened_to(subscribed: asyncio.Future[None]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LISTENER_PATIENCE):  # as in waiting.py
            await asyncio.shield(subscribed)
