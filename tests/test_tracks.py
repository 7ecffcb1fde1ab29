"""What is published, and how it is encoded."""

from __future__ import annotations

import numpy as np
import pytest
from livekit import rtc

from avatar_worker.player import Encoding, RoomTracks
from avatar_worker.player.tracks import STREAM


class Source:
    """Stands where a ``rtc.VideoSource`` would be."""

    def __init__(self, width: int, height: int) -> None:
        self.frames: list[rtc.VideoFrame] = []

    def capture_frame(self, frame: rtc.VideoFrame) -> None:
        self.frames.append(frame)

    async def aclose(self) -> None: ...


def test_sound_and_picture_are_one_stream_so_that_a_room_can_sync_them() -> None:
    encoding = Encoding()
    assert encoding.audio_options().stream == encoding.video_options().stream == STREAM


def test_nothing_of_the_encoding_is_left_to_livekits_guess() -> None:
    audio, video = Encoding().audio_options(), Encoding().video_options()
    for name in ("source", "stream", "red", "dtx", "audio_encoding"):
        assert audio.HasField(name), name
    for name in ("source", "stream", "simulcast", "video_codec", "video_encoding"):
        assert video.HasField(name), name  # type: ignore[arg-type]
    assert video.HasField("degradation_preference")
    assert not video.simulcast and not audio.dtx and audio.red


def test_every_choice_reaches_livekit() -> None:
    encoding = Encoding(
        video_codec="h264",
        video_bitrate=700_000,
        video_fps=15,
        audio_bitrate=24_000,
        audio_red=False,
        audio_dtx=True,
    )
    audio, video = encoding.audio_options(), encoding.video_options()
    assert video.video_codec == rtc.VideoCodec.H264
    assert video.video_encoding.max_bitrate == 700_000
    assert video.video_encoding.max_framerate == 15
    assert audio.audio_encoding.max_bitrate == 24_000
    assert audio.dtx and not audio.red


async def test_a_picture_of_another_size_keeps_its_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtc, "VideoSource", Source)
    tracks = RoomTracks(Encoding(), (512, 288))
    source = tracks._video
    assert isinstance(source, Source)
    for width, height in ((512, 288), (384, 216), (256, 144), (512, 288)):
        tracks.show(np.zeros((height * 3 // 2, width), np.uint8))
    sizes = [(frame.width, frame.height) for frame in source.frames]
    assert sizes == [(512, 288), (384, 216), (256, 144), (512, 288)]


async def test_a_voice_without_a_picture_has_no_video_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a video source for nothing")

    monkeypatch.setattr(rtc, "VideoSource", refuse)
    tracks = RoomTracks(Encoding(), None)
    tracks.show(np.zeros((96, 64), np.uint8))
    await tracks.aclose()
