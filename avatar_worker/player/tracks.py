"""Sound and picture as two LiveKit tracks of one stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from livekit import rtc

from avatar_worker.player.native_sound import open_sound
from avatar_worker.player.pictures import Picture
from avatar_worker.player.segment import FPS, SAMPLE_RATE, Audio

STREAM: Final = "visavis"
"""Both tracks name it, so that a room with ``sync_streams`` keeps them in sync."""

PICTURE_PATIENCE: Final = 3.0
"""Seconds that the video track waits for its first picture."""

VideoCodec = Literal["vp8", "h264", "vp9"]

_CODECS: Final = {
    "vp8": rtc.VideoCodec.VP8,
    "h264": rtc.VideoCodec.H264,
    "vp9": rtc.VideoCodec.VP9,
}


@dataclass(frozen=True)
class Encoding:
    """How sound and picture are encoded.

    One layer without simulcast, since everybody sees the same small talking head. Where the network
    is too narrow the picture gets smaller before it gets slower (WebRTC's ``maintain-framerate``,
    https://www.w3.org/TR/mst-content-hint/#degradation-preference): the lips need the rate.
    """

    video_codec: VideoCodec = "vp8"
    """A browser must have VP8 and H.264 (RFC 7742 §5), and yet some are built without the latter.
    At 512 × 512 and 30 a second a picture takes 5.3 ms of processor as VP8, 3.5 as H.264
    (OpenH264), and Chromium 1.7 or 0.8 ms to decode."""
    video_bitrate: int = 1_500_000
    """Bits a second, at most."""
    video_fps: int = FPS
    """Pictures a second, at most. LiveKit's own choice for this size would be 20."""
    audio_bitrate: int = 32_000
    """Bits a second of Opus: RFC 7587 §3.1.1 recommends 28 to 40 kbit/s for full-band speech."""
    audio_red: bool = True
    """Send each packet again with the next (RFC 2198): a lost packet costs nothing, and the
    listener's buffer needs no time for a resend. It doubles the sound's bits."""
    audio_dtx: bool = False
    """Send nothing while nobody speaks, 400 ms apart from a sign of life (RFC 7587 §3.1.3). Opus
    judges that by ear, so a soft first sound is at its mercy, and a listener's jitter buffer learns
    nothing of the network until speech is back. Without it a silence takes 38 kbit/s, with it 2."""

    def audio_options(self) -> rtc.TrackPublishOptions:
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_MICROPHONE,
            stream=STREAM,
            red=self.audio_red,
            dtx=self.audio_dtx,
        )
        options.audio_encoding.max_bitrate = self.audio_bitrate
        return options

    def video_options(self) -> rtc.TrackPublishOptions:
        return rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA,
            stream=STREAM,
            simulcast=False,
            video_codec=_CODECS[self.video_codec],
            video_encoding=rtc.VideoEncoding(
                max_framerate=self.video_fps, max_bitrate=self.video_bitrate
            ),
            degradation_preference=rtc.DegradationPreference.MAINTAIN_FRAMERATE.value,
        )


class RoomTracks:
    """The avatar's tracks; an :class:`~avatar_worker.player.Output`."""

    def __init__(self, encoding: Encoding, size: tuple[int, int] | None) -> None:
        """
        Args:
            size: Width and height of the full picture; None for a voice without a picture.
        """
        self._encoding = encoding
        self._video = rtc.VideoSource(*size) if size is not None else None
        # No queue behind it: what is played is on its way, so an interrupt has nothing to chase.
        self._audio = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=0)
        self.play: Callable[[Audio], None] = open_sound(self._audio)
        self._video_ready = asyncio.Event()
        self._shown = False
        self._loop = asyncio.get_running_loop()

    def show(self, picture: Picture) -> None:
        """Of any even size: the encoder starts anew with a key frame where it changes."""
        if self._video is None:
            return
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        data = picture.reshape(-1).data
        self._video.capture_frame(rtc.VideoFrame(width, height, rtc.VideoBufferType.I420, data))
        if not self._shown:
            self._shown = True
            self._loop.call_soon_threadsafe(self._video_ready.set)

    async def publish(self, participant: rtc.LocalParticipant) -> list[rtc.LocalTrackPublication]:
        """Publish sound, then picture; answers the publications.

        The picture comes last: it tells the agent that everything else is in place.
        """
        audio = rtc.LocalAudioTrack.create_audio_track("avatar_audio", self._audio)
        published = [await participant.publish_track(audio, self._encoding.audio_options())]
        if self._video is not None:
            with suppress(TimeoutError):  # a track without a picture is seen black
                async with asyncio.timeout(PICTURE_PATIENCE):
                    await self._video_ready.wait()
            video = rtc.LocalVideoTrack.create_video_track("avatar_video", self._video)
            published.append(await participant.publish_track(video, self._encoding.video_options()))
        return published

    async def aclose(self) -> None:
        await self._audio.aclose()
        if self._video is not None:
            await self._video.aclose()
