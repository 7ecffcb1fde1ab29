"""Flite's voices of CMU ARCTIC speakers (Debian's ``flite``)."""

from __future__ import annotations

import random
import subprocess
import tempfile
import wave
from pathlib import Path
from typing import Final

import numpy as np

from lips.corpus import Utterance, to_pcm
from lips.phones import Span, from_arpabet, to_phones
from lips.texts import sentences

_PITCH: Final = {"slt": 180, "rms": 100, "awb": 120, "kal16": 105}
"""Hertz. kal16, made of diphones, is the one kept for judging."""
_JUDGE: Final = "kal16"


class FliteVoices:
    """See :class:`lips.voices.Voices`."""

    def __init__(self, rng: random.Random, judging: bool) -> None:
        self._rng = rng
        self._texts = sentences("en", rng, judging=judging)
        self._voices = [v for v in _PITCH if (v == _JUDGE) == judging]

    def say(self) -> Utterance:
        text, voice = next(self._texts), self._rng.choice(self._voices)
        stretch = self._rng.uniform(0.85, 1.2)
        pitch = _PITCH[voice] * self._rng.uniform(0.85, 1.2)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            report = subprocess.run(
                ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch:.2f}",
                 "--setf", f"int_f0_target_mean={pitch:.0f}", "-psdur", "-o", str(path),
                 "-t", text],
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            with wave.open(str(path)) as file:
                rate = file.getframerate()
                pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        spans: list[Span] = []
        at = 0.0
        for word in report.split():
            symbol, end = word.rsplit(":", 1)
            spans.append(Span(at, float(end), from_arpabet(symbol)))
            at = float(end)
        audio = to_pcm(pcm.astype(np.float32) / 32_768, rate)
        return Utterance("flite", voice, "en", text, audio, to_phones(spans))
