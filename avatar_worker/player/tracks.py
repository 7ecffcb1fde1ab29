"""Sound and picture as two LiveKit tracks of one stream."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Literal

from livekit import rtc

from avatar_worker.player.player import Picture
from avatar_worker.player.timeline import FPS, SAMPLE_RATE, Audio

STREAM: Final = "visavis"
"""Both tracks name it, so that a room with ``sync_streams`` keeps them in sync."""

VideoCodec = Literal["vp8", "h264", "vp9"]

_CODECS: Final = {
    "vp8": rtc.VideoCodec.VP8,
    "h264": rtc.VideoCodec.H264,
    "vp9": rtc.VideoCodec.VP9,
}


@dataclass(frozen=True)
class Encoding:
    """How the picture is encoded: one layer, since everybody sees the same small talking head."""

    codec: VideoCodec
    bitrate: int
    """Bits a second."""


class RoomTracks:
    """The avatar's two tracks; an :class:`~avatar_worker.player.player.Output`."""

    def __init__(self, width: int, height: int, encoding: Encoding) -> None:
        self._width, self._height = width, height
        self._encoding = encoding
        self._video = rtc.VideoSource(width, height)
        self._audio: rtc.AudioSource | None = None
        self._audio_ready = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def play(self, audio: Audio) -> None:
        if self._audio is None:
            # The source belongs to the loop that feeds it: the pump's. No queue behind it:
            # what is captured is on its way, so an interrupt has nothing to chase.
            self._audio = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=0)
            self._loop.call_soon_threadsafe(self._audio_ready.set)
        frame = rtc.AudioFrame(audio.tobytes(), SAMPLE_RATE, 1, len(audio))
        await self._audio.capture_frame(frame)

    def show(self, picture: Picture) -> None:
        data = picture.reshape(-1).data
        frame = rtc.VideoFrame(self._width, self._height, rtc.VideoBufferType.I420, data)
        self._video.capture_frame(frame)

    async def publish(
        self, participant: rtc.LocalParticipant
    ) -> tuple[rtc.LocalTrackPublication, rtc.LocalTrackPublication]:
        """Publish sound, then picture; answers both publications.

        The picture comes last: it tells the agent that everything else is in place.
        """
        await self._audio_ready.wait()
        assert self._audio is not None
        audio = await participant.publish_track(
            rtc.LocalAudioTrack.create_audio_track("avatar_audio", self._audio),
            rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, stream=STREAM),
        )
        video = await participant.publish_track(
            rtc.LocalVideoTrack.create_video_track("avatar_video", self._video),
            rtc.TrackPublishOptions(
                source=rtc.TrackSource.SOURCE_CAMERA,
                stream=STREAM,
                simulcast=False,
                video_codec=_CODECS[self._encoding.codec],
                video_encoding=rtc.VideoEncoding(
                    max_framerate=FPS, max_bitrate=self._encoding.bitrate
                ),
            ),
        )
        return audio, video

    async def aclose(self) -> None:
        if self._audio is not None:
            await self._audio.aclose()
        await self._video.aclose()
