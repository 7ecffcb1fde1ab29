"""What the face would do with a recording, as a film: ``python -m avatar_worker render``."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from random import Random
from typing import Final

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from avatar_worker.background import TRANSPARENT, BackgroundError, open_backgrounds
from avatar_worker.engine import EngineError, find_engine, load_figure, make_renderer
from avatar_worker.face import NEUTRAL, Emotion, EmotionError, Face, parse_emotion
from avatar_worker.film import AUDIO_RATE, LAYOUTS, CutOut, Picture, Track, kind_of, open_film
from avatar_worker.lipsync import (
    FPS,
    SAMPLE_RATE,
    LipSyncError,
    LipSyncFactory,
    load_lipsync,
)
from avatar_worker.lipsync.prosody import Prosodic
from avatar_worker.matte import Matte
from avatar_worker.recording import RecordingError, Resampler, open_recording, reason
from avatar_worker.render import Renderer
from settings import load_settings

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
    emotion: Emotion = NEUTRAL,
    seed: int = 0,
    cut_out: CutOut | None = None,
    report: Report = lambda _done, _length: None,
) -> None:
    """Write ``out``, of a kind of :data:`~.film.KINDS`: frame k shown at k/30 s of the audio, half
    a second more.

    ``source``: anything with an audio track that PyAV can read. ``cut_out``: draws in
    ``renderer``'s place, for a transparent background. Blocking.
    Raises :class:`RecordingError`; ``out`` is then left as it was.
    """
    kind = kind_of(out, clear=cut_out is not None)
    part = out.with_name(f".{out.name}.part")
    with open_recording(source) as recording:
        try:
            with open_film(part, out, kind) as movie:
                track = Track(movie, kind, 1 if _channels(recording) == 1 else 2)
                face = Face(Random(seed))
                face.feel(emotion)
                picture = Picture(movie, kind, renderer, face, cut_out)
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
    for_lips = Resampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    for_ears = Resampler(format="fltp", layout=LAYOUTS[channels], rate=AUDIO_RATE)
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


def _join(frames: list[av.AudioFrame], channels: int) -> NDArray[np.float32]:
    arrays = [frame.to_ndarray() for frame in frames]
    return np.concatenate([np.zeros((channels, 0), np.float32), *arrays], axis=1)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    width, height = map(int, match.groups()) if match else (0, 0)
    if not all(64 <= side <= 1920 and side % 2 == 0 for side in (width, height)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a size: write WIDTHxHEIGHT, even numbers from 64 to 1920"
        )
    return width, height


def _emotion(text: str) -> Emotion:
    try:
        return parse_emotion(json.loads(text) if text.startswith("{") else text)
    except (json.JSONDecodeError, EmotionError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error


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
    parser.add_argument(
        "-o", "--out", type=Path, required=True, help="MP4, WebM (VP9) or MOV (ProRes 4444)"
    )
    parser.add_argument("--head", default=settings.avatar_head, help="name, or path of a file")
    parser.add_argument(
        "--size", type=_size, default=(settings.avatar_width, settings.avatar_height)
    )
    parser.add_argument(
        "--background",
        default=settings.avatar_background,
        help="#rrggbb, #rrggbb..#rrggbb from the top down, a picture's path or URL, or transparent "
        "(WebM and MOV alone)",
    )
    parser.add_argument(
        "--emotion", type=_emotion, default=NEUTRAL, help="its name, or a mix of them as JSON"
    )
    parser.add_argument(
        "--model", type=Path, default=settings.wav2arkit_model, help="path of wav2arkit_cpu.onnx"
    )
    args = parser.parse_args(argv)
    try:
        lipsync = load_lipsync(args.model, live=False)
        width, height = args.size
        name = settings.avatar_renderer
        engine = find_engine(name, settings.avatar_heads, settings.avatar_gpu)
        figure = load_figure(engine.load, name, args.head)
        clear = args.background == TRANSPARENT
        kind_of(args.out, clear=clear)
        backgrounds = open_backgrounds(settings)
        shown = "#000000" if clear else args.background
        backdrop = asyncio.run(backgrounds.open_own(shown)).paint(width, height)
        render_file(
            args.source,
            args.out,
            make_renderer(figure, name, width, height, backdrop),
            lipsync,
            cut_out=Matte(figure, name, width, height) if clear else None,
            emotion=args.emotion,
            report=_show_progress,
        )
    except (RecordingError, LipSyncError, EngineError, BackgroundError) as error:
        sys.stderr.write(f"\nvisavis: {error}\n")
        return 1
    sys.stderr.write(f"\nwrote {args.out}\n")
    return 0
