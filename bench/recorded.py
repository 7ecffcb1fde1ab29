"""Recordings of coughs and the like, where somebody has some: a folder of WAV files for each kind.

OpenSLR 99, "Deeply Nonverbal Vocalization", for instance: its licence keeps it out of here.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from bench.sounds import RATE, Sound, level, trim

PREFIX: Final = "recorded "
"""Of the kinds of such trials."""


def recordings(folder: Path, each: int) -> Iterator[tuple[str, Sound]]:
    """Up to ``each`` of every folder in ``folder``, with their kinds; 16 bits, any rate."""
    for kind in sorted(path for path in folder.iterdir() if path.is_dir()):
        for path in sorted(kind.glob("*.wav"))[:each]:
            yield PREFIX + kind.name, _read(path)


def _read(path: Path) -> Sound:
    with wave.open(str(path), "rb") as file:
        rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
        if width != 2:
            raise ValueError(f"{path}: {8 * width} bits a sample, not 16")
        pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    sound = pcm.reshape(-1, channels).mean(axis=1)
    at = np.arange(0, len(sound), rate / RATE)
    return level(trim(np.interp(at, np.arange(len(sound)), sound)), 0)
