"""What the face would do with a recording, as an MP4: ``python -m avatar_worker render``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from random import Random
from typing import Final

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from avatar_worker.face import Face
from avatar_worker.lipsync import (
    FPS,
    SAMPLE_RATE,
    LipSyncError,
    LipSyncFactory,
    load_lipsync,
)
from avatar_worker.lipsync.prosody import Prosodic
from avatar_worker.recording import RecordingError, open_recording, reason
from avatar_worker.render import HeadError, MeshRenderer, Renderer, load_head
from settings import load_settings

_AUDIO_RATE: Final = 48_000
_TAIL_FRAMES: Final = FPS // 2
"""Frames of idle life after the recording."""

Report = Callable[[float, float | None], None]
"""Told the seconds that are drawn, and the recording's length where its file says."""


def render_file(
    source: Path,
    out: Path,
    renderer: Renderer,
    lipsync: LipSyncFactory,
    *,
    seed: int = 0,
    report: Report = lambda _done, _length: None,
) -> None:
    """Write ``out``: H.264 and AAC, frame k shown at k/30 s of the audio, half a second more.

    ``source``: anything with an audio track that PyAV can read. Blocking.
    Raises :class:`RecordingError`; ``out`` is then left as it was.
    """
    part = out.with_name(f".{out.name}.part")
    with open_recording(source) as recording:
        try:
            with _open_target(part, out) as movie:
                track = _Track(movie, 1 if _channels(recording) == 1 else 2)
                picture = _Picture(movie, renderer, Face(Random(seed)))
                for speech, sound in _hear(recording, lipsync, track.channels):
                    track.add(sound)
                    for weights in speech:
                        picture.add(weights)
                        report(picture.seconds, _length(recording))
                for _ in range(_TAIL_FRAMES):
                    picture.add(None)
                track.fill(picture.seconds)
                picture.close()
                track.close()
            part.replace(out)
        except (av.FFmpegError, OSError) as error:
            raise RecordingError(f"cannot render {source} to {out}: {reason(error)}") from error
        finally:
            part.unlink(missing_ok=True)


def _open_target(part: Path, out: Path) -> OutputContainer:
    if out.is_dir():
        raise RecordingError(f"cannot write {out}: it is a folder, name a file in it")
    try:
        part.open("wb").close()
    except OSError as error:
        raise RecordingError(f"cannot write {out}: {reason(error)}") from error
    return av.open(str(part), "w", format="mp4")


def _channels(recording: InputContainer) -> int:
    return recording.streams.audio[0].codec_context.channels


def _length(recording: InputContainer) -> float | None:
    return recording.duration / av.time_base if recording.duration else None


def _hear(
    recording: InputContainer, lipsync: LipSyncFactory, channels: int
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Yield what :class:`Prosodic` gives (t, 54) and sound (channels, n) at 48 kHz, as the file is
    read."""
    lips = Prosodic(lipsync.create())
    for_lips = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    for_ears = av.AudioResampler(format="fltp", layout=_LAYOUTS[channels], rate=_AUDIO_RATE)
    heard = 0
    for frame in chain(recording.decode(audio=0), [None]):
        if frame is None and not heard:
            break
        pcm = _join(for_lips.resample(frame), 1)[0]
        heard += len(pcm)
        yield lips.push(pcm), _join(for_ears.resample(frame), channels)
    if not heard:
        raise RecordingError(f"the audio track of {recording.name} is empty")
    yield lips.finish(), _join([], channels)


_LAYOUTS: Final = {1: "mono", 2: "stereo"}


def _join(frames: list[av.AudioFrame], channels: int) -> NDArray[np.float32]:
    arrays = [frame.to_ndarray() for frame in frames]
    return np.concatenate([np.zeros((channels, 0), np.float32), *arrays], axis=1)


class _Track:
    """The sound of the movie."""

    def __init__(self, movie: OutputContainer, channels: int) -> None:
        self.channels = channels
        self._movie = movie
        self._stream = movie.add_stream("aac", rate=_AUDIO_RATE, layout=_LAYOUTS[channels])
        self._samples = 0

    def add(self, sound: NDArray[np.float32]) -> None:
        if not sound.shape[1]:
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound), format="fltp", layout=_LAYOUTS[self.channels]
        )
        frame.sample_rate = _AUDIO_RATE
        frame.pts, frame.time_base = self._samples, Fraction(1, _AUDIO_RATE)
        self._movie.mux(self._stream.encode(frame))
        self._samples += sound.shape[1]

    def fill(self, seconds: float) -> None:
        """Add silence up to ``seconds`` in all."""
        missing = max(0, round(seconds * _AUDIO_RATE) - self._samples)
        self.add(np.zeros((self.channels, missing), np.float32))

    def close(self) -> None:
        self._movie.mux(self._stream.encode(None))


class _Picture:
    """The frames of the movie."""

    def __init__(self, movie: OutputContainer, renderer: Renderer, face: Face) -> None:
        self._movie, self._renderer, self._face = movie, renderer, face
        face.greet()
        self._stream = movie.add_stream("libx264", rate=FPS, options={"crf": "18"})
        self._stream.width, self._stream.height = renderer.width, renderer.height
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.colorspace, context.color_range = Colorspace.ITU601, ColorRange.MPEG
        self._buffer = np.zeros((renderer.height * 3 // 2, renderer.width), np.uint8)
        self._frames = 0

    @property
    def seconds(self) -> float:
        return self._frames / FPS

    def add(self, speech: NDArray[np.float32] | None) -> None:
        weights, pose = self._face.step(speech)
        self._renderer.draw(weights, pose, self._buffer)
        frame = av.VideoFrame.from_ndarray(self._buffer, format="yuv420p")
        frame.pts, frame.time_base = self._frames, Fraction(1, FPS)
        self._movie.mux(self._stream.encode(frame))
        self._frames += 1

    def close(self) -> None:
        self._movie.mux(self._stream.encode(None))


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    width, height = map(int, match.groups()) if match else (0, 0)
    if not all(64 <= side <= 1920 and side % 2 == 0 for side in (width, height)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a size: write WIDTHxHEIGHT, even numbers from 64 to 1920"
        )
    return width, height


def _colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a colour: write it as #rrggbb")
    return text


def _show_progress(done: float, length: float | None) -> None:
    of = f" of {length:.1f}" if length is not None else ""
    sys.stderr.write(f"\rdrawn: {done:.1f}{of} s")
    sys.stderr.flush()


def main(argv: Sequence[str]) -> int:
    """Run ``render`` with the arguments after its name; return the exit status."""
    settings = load_settings()
    parser = argparse.ArgumentParser(
        prog="python -m avatar_worker render",
        description="Show what the face would do with a recording.",
    )
    parser.add_argument("source", type=Path, help="a recording or a film with speech")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the MP4 to write")
    parser.add_argument("--head", default=settings.avatar_head, help="name, or path of a .glb")
    parser.add_argument(
        "--size", type=_size, default=(settings.avatar_width, settings.avatar_height)
    )
    parser.add_argument("--background", type=_colour, default=settings.avatar_background)
    parser.add_argument(
        "--model", type=Path, default=settings.wav2arkit_model, help="path of wav2arkit_cpu.onnx"
    )
    args = parser.parse_args(argv)
    try:
        lipsync = load_lipsync(args.model, live=False)
        width, height = args.size
        renderer = MeshRenderer(load_head(args.head), width, height, args.background)
        render_file(args.source, args.out, renderer, lipsync, report=_show_progress)
    except (RecordingError, LipSyncError, HeadError, FileNotFoundError) as error:
        sys.stderr.write(f"\nvisavis: {error}\n")
        return 1
    sys.stderr.write(f"\nwrote {args.out}\n")
    return 0
