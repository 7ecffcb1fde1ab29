"""The mouth as numbers: ``python -m avatar_worker weights IN… --out DIR``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from avatar_worker.lipsync import FPS, LipSyncError, LipSyncFactory, Resampler, load_lipsync
from avatar_worker.recording import RecordingError, open_recording, pcm_of, reason
from settings import load_settings
from visavis.protocol import ARKIT_NAMES

PACKET_SECONDS: Final = 0.02
"""Length of the packets that a voice comes in from WebRTC."""

Piece = tuple[NDArray[np.int16], int]
"""(n, channels) PCM and its sample rate."""


def weigh(pieces: Iterator[Piece], lipsync: LipSyncFactory) -> NDArray[np.float32]:
    """Weights (t, 52) at 30 fps of a voice, cut as it comes, on the way that a room's takes."""
    lips, resampler = lipsync.create(), Resampler()
    frames = [lips.push(resampler.push(pcm, rate)) for pcm, rate in pieces]
    frames += [lips.push(resampler.flush()), lips.finish()]
    return np.concatenate(frames)


def in_packets(
    pieces: Iterator[Piece], wait: Callable[[float], None] = lambda _until: None
) -> Iterator[Piece]:
    """Cut a voice into packets of 20 ms; ``wait`` is called before each with its end in seconds.

    A change of rate or channels ends a packet early.
    """
    held: NDArray[np.int16] | None = None
    held_rate, heard = 0, 0.0
    for pcm, rate in pieces:
        if held is not None and (rate, pcm.shape[1]) != (held_rate, held.shape[1]):
            yield held, held_rate
            held = None
        held = pcm if held is None else np.concatenate([held, pcm])
        held_rate = rate
        size = max(1, round(rate * PACKET_SECONDS))
        while len(held) >= size:
            heard += PACKET_SECONDS
            wait(heard)
            yield held[:size], rate
            held = held[size:]
    if held is not None and len(held):
        yield held, held_rate


def write_weights(path: Path, weights: NDArray[np.float32]) -> None:
    """An NPZ with ``weights`` (t, 52), ``names`` (52,) and ``fps``; whole or not there at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            np.savez(file, weights=weights, names=np.array(ARKIT_NAMES), fps=np.array(FPS))
        part.replace(path)
    except OSError as error:
        raise RecordingError(f"cannot write {path}: {reason(error)}") from error
    finally:
        part.unlink(missing_ok=True)


def main(argv: Sequence[str]) -> int:
    """Run ``weights`` with the arguments after its name; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m avatar_worker weights",
        description="Write one NPZ for each recording: weights (T, 52), names, fps.",
    )
    parser.add_argument("sources", type=Path, nargs="+", metavar="IN", help="recordings, films")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--model",
        type=Path,
        default=load_settings().wav2arkit_model,
        help="path of wav2arkit_cpu.onnx",
    )
    parser.add_argument(
        "--stream", action="store_true", help="feed packets of 20 ms, as a room would"
    )
    parser.add_argument("--paced", action="store_true", help="with --stream: in real time")
    args = parser.parse_args(argv)
    if args.paced and not args.stream:
        parser.error("--paced goes with --stream")
    try:
        lipsync = load_lipsync(args.model, live=args.paced)
        lipsync.create()
        _check_names(args.sources)
        args.out.mkdir(parents=True, exist_ok=True)
    except (LipSyncError, RecordingError, OSError) as error:
        sys.stderr.write(f"visavis: {error}\n")
        return 1
    failed = False
    for source in args.sources:
        try:
            with open_recording(source) as recording:
                pieces: Iterator[Piece] = pcm_of(recording)
                if args.stream:
                    pieces = in_packets(pieces, _pace() if args.paced else lambda _until: None)
                weights = weigh(pieces, lipsync)
            target = args.out / f"{source.stem}.npz"
            write_weights(target, weights)
            sys.stderr.write(f"{target}: {len(weights)} frames\n")
        except (RecordingError, ValueError, av.FFmpegError) as error:
            sys.stderr.write(f"visavis: {error}\n")
            failed = True
    return 1 if failed else 0


def _pace() -> Callable[[float], None]:
    """Sleeps until so many seconds after now."""
    start = time.monotonic()
    return lambda until: time.sleep(max(0.0, start + until - time.monotonic()))


def _check_names(sources: Sequence[Path]) -> None:
    first: dict[str, Path] = {}
    for source in sources:
        other = first.setdefault(source.stem, source)
        if other != source:
            raise RecordingError(
                f"{other} and {source} would both be written to {source.stem}.npz: give one of "
                "them another name"
            )
