"""The file that a face's picture and sound are written to: MP4, WebM or MOV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avatar_worker.face import Face, HeadPose
from avatar_worker.lipsync import FPS
from avatar_worker.recording import RecordingError, reason
from avatar_worker.render import Renderer

AUDIO_RATE: Final = 48_000
LAYOUTS: Final = {1: "mono", 2: "stereo"}

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
CutOut = Callable[[Floats, HeadPose], Bytes]
"""RGBA (height, width, 4) with nothing behind the head, colours not multiplied by alpha."""


@dataclass(frozen=True)
class Kind:
    """A kind of file, by its suffix."""

    container: str
    video: str
    options: dict[str, str]
    opaque: str
    """Pixel format of a picture."""
    clear: str | None
    """Of one with alpha; None: it keeps none."""
    audio: str


KINDS: Final = {
    ".mp4": Kind("mp4", "libx264", {"crf": "18"}, "yuv420p", None, "aac"),
    # No alternate reference frames: libvpx has none with alpha.
    ".webm": Kind(
        "webm", "libvpx-vp9", {"crf": "18", "b": "0", "auto-alt-ref": "0", "cpu-used": "4"},
        "yuv420p", "yuva420p", "libopus",
    ),
    ".mov": Kind(
        "mov", "prores_ks", {"profile": "4444", "alpha_bits": "16"},
        "yuv444p10le", "yuva444p10le", "pcm_s16le",
    ),
}  # fmt: skip
"""VP9 with alpha plays in Chromium and Firefox; ProRes 4444 goes into editors."""


def kind_of(out: Path, *, clear: bool) -> Kind:
    """By the suffix; ``clear``: it must keep alpha. Raises :class:`RecordingError`."""
    fitting = {suffix: kind for suffix, kind in KINDS.items() if kind.clear or not clear}
    kind = fitting.get(out.suffix.lower())
    if kind is None:
        keeping = " and keep a transparent background" if clear else ""
        names = " or ".join(fitting)
        raise RecordingError(f"cannot write {out}: its name must end in {names}{keeping}")
    return kind


def open_film(part: Path, out: Path, kind: Kind) -> OutputContainer:
    """``part``: where to write; ``out``: what to call it. Raises :class:`RecordingError`."""
    if out.is_dir():
        raise RecordingError(f"cannot write {out}: it is a folder, name a file in it")
    try:
        part.open("wb").close()
    except OSError as error:
        raise RecordingError(f"cannot write {out}: {reason(error)}") from error
    return av.open(str(part), "w", format=kind.container)


class Track:
    """The sound of a film."""

    def __init__(self, movie: OutputContainer, kind: Kind, channels: int) -> None:
        self.channels = channels
        self._movie = movie
        stream = movie.add_stream(kind.audio, rate=AUDIO_RATE, layout=LAYOUTS[channels])
        self._stream = cast(AudioStream, stream)
        self._samples = 0

    def add(self, sound: NDArray[np.float32]) -> None:
        """(channels, n) at :data:`AUDIO_RATE`, full scale 1."""
        if not sound.shape[1]:
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound), format="fltp", layout=LAYOUTS[self.channels]
        )
        frame.sample_rate = AUDIO_RATE
        frame.pts, frame.time_base = self._samples, Fraction(1, AUDIO_RATE)
        self._movie.mux(self._stream.encode(frame))
        self._samples += sound.shape[1]

    def fill(self, seconds: float) -> None:
        """Add silence up to ``seconds`` in all."""
        missing = max(0, round(seconds * AUDIO_RATE) - self._samples)
        self.add(np.zeros((self.channels, missing), np.float32))

    def close(self) -> None:
        self._movie.mux(self._stream.encode(None))


class Picture:
    """The frames of a film."""

    def __init__(
        self,
        movie: OutputContainer,
        kind: Kind,
        renderer: Renderer,
        face: Face,
        cut_out: CutOut | None = None,
    ) -> None:
        """``cut_out``: draws in ``renderer``'s place, and its size, where the film has alpha."""
        self._movie, self._renderer, self._face = movie, renderer, face
        self._cut_out = cut_out
        face.greet()
        stream = movie.add_stream(kind.video, rate=FPS, options=dict(kind.options))
        self._stream = cast(VideoStream, stream)
        self._stream.width, self._stream.height = renderer.width, renderer.height
        self._format = kind.clear if cut_out is not None and kind.clear else kind.opaque
        self._stream.pix_fmt = self._format
        context = self._stream.codec_context
        context.colorspace, context.color_range = Colorspace.ITU601, ColorRange.MPEG
        self._buffer = np.zeros((renderer.height * 3 // 2, renderer.width), np.uint8)
        self._frames = 0

    @property
    def seconds(self) -> float:
        return self._frames / FPS

    def add(self, speech: NDArray[np.float32] | None) -> None:
        frame = self._draw(*self._face.step(speech))
        frame.pts, frame.time_base = self._frames, Fraction(1, FPS)
        self._movie.mux(self._stream.encode(frame))
        self._frames += 1

    def close(self) -> None:
        self._movie.mux(self._stream.encode(None))

    def _draw(self, weights: Floats, pose: HeadPose) -> av.VideoFrame:
        if self._cut_out is not None:
            frame = av.VideoFrame.from_ndarray(self._cut_out(weights, pose), format="rgba")
        else:
            self._renderer.draw(weights, pose, self._buffer)
            frame = av.VideoFrame.from_ndarray(self._buffer, format="yuv420p")
            frame.colorspace, frame.color_range = Colorspace.ITU601, ColorRange.MPEG
        return frame.reformat(
            format=self._format, dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG
        )
