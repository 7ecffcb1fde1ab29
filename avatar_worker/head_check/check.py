"""The command: words, a sheet of pictures, a talking test."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from avatar_worker.face import HeadPose
from avatar_worker.heads import HeadError, find_head
from avatar_worker.lipsync import LipSyncError, load_lipsync
from avatar_worker.offline import render_file
from avatar_worker.recording import RecordingError
from avatar_worker.render import Head, MeshRenderer
from avatar_worker.render.reader import read_findings
from avatar_worker.render.survey import put_unseen_last
from settings import Settings, load_settings

from .sheet import draw_sheet, weights_of
from .words import describe

SENTENCE: Final = (
    "Hello! This is how I speak. Five thin, blue vases were moved by Bob. "
    "Should you laugh, or should we both be very sure?"
)
_SIDE: Final = 512
_FRAMES: Final = 30
_FRAME: Final = 1000 / 30
"""Milliseconds."""


def main(argv: Sequence[str]) -> int:
    """Run ``head`` with the arguments after its name; return the exit status: 1, it cannot run."""
    settings = load_settings()
    parser = argparse.ArgumentParser(
        prog="python -m avatar_worker head",
        description="Say whether a head of your own runs, and what is missing in it.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="read a head file, draw it, have it talk")
    check.add_argument("head", help="a .glb or .vrm file, or the name of a head")
    check.add_argument(
        "--out", type=Path, default=Path("head-check"), help="folder for picture and film"
    )
    check.add_argument("--voice", type=Path, help="a recording to talk with, instead of a voice")
    args = parser.parse_args(argv)
    try:
        return check_head(args.head, args.out, args.voice, settings)
    except (HeadError, FileNotFoundError) as error:
        print(f"It cannot run: {error}", file=sys.stderr)
        return 1
    except (LipSyncError, OSError, RecordingError) as error:
        print(f"visavis: {error}", file=sys.stderr)
        return 1


def check_head(name: str, out: Path, voice: Path | None, settings: Settings) -> int:
    """Print what was found, write ``NAME.png`` and ``NAME.mp4`` into ``out``. Raises as they do."""
    path = find_head(name, settings.avatar_heads)
    start = time.perf_counter()
    head, findings = read_findings(path)
    took = time.perf_counter() - start
    print(f"It runs: {path}")
    for line in describe(findings):
        print(f"  {line}")
    head = put_unseen_last(head)
    print(f"  read in {took:.1f} s, once; {_describe_drawing(head)}")
    out.mkdir(parents=True, exist_ok=True)
    sheet = out / f"{path.stem}.png"
    draw_sheet(head, "#d9dee6").save(sheet)
    print(f"wrote {sheet}")
    film = out / f"{path.stem}.mp4"
    with tempfile.TemporaryDirectory() as folder:
        source = voice or _speak(Path(folder) / "voice.wav")
        if source is None:
            print("no film: there is no voice here; name a recording with --voice")
            return 0
        lipsync = load_lipsync(settings.wav2arkit_model, live=False)
        render_file(source, film, MeshRenderer(head, _SIDE, _SIDE), lipsync)
    print(f"wrote {film}")
    return 0


def _describe_drawing(head: Head) -> str:
    renderer = MeshRenderer(head, _SIDE, _SIDE)
    picture = np.zeros((_SIDE * 3 // 2, _SIDE), np.uint8)
    took = []
    for frame in range(_FRAMES):
        phase = frame / _FRAMES
        weights = weights_of({"jawOpen": 0.5 * phase, "mouthSmile": 0.3 * phase})
        start = time.thread_time()
        renderer.draw(weights, HeadPose(10 * phase, -5 * phase, 3 * phase), picture)
        took.append(1000 * (time.thread_time() - start))
    middle = float(np.median(took))
    verdict = "" if middle < _FRAME / 2 else ": too slow for 30 pictures a second beside speech"
    return f"a picture of {_SIDE}x{_SIDE} takes {middle:.1f} ms of one core{verdict}"


def _speak(place: Path) -> Path | None:
    """A sentence of the embedded voice as a WAV file; None where that is not installed."""
    try:
        from hibari import Hibari
    except ImportError:
        return None
    voice = Hibari(threads=1)
    sound = np.asarray(voice(SENTENCE, seed=0), np.float32).ravel()
    with wave.open(str(place), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(int(voice.sample_rate))
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return place
