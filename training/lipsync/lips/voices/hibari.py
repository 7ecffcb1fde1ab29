"""Hibari, the voice that Visavis speaks with by default; it teaches the network its own timbre."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

import hibari
import numpy as np
import onnxruntime as ort
from hibari import Hibari, dsp

from lips.corpus import Utterance, to_pcm
from lips.phones import Span, from_tokens, to_phones
from lips.texts import sentences
from lips.voices.onnx_outputs import open_with_output

_DURATIONS: Final = "/Clip_output_0"
_FRAME: Final = 600 / 24_000
"""Seconds that one unit of the durations lasts."""
_LATE: Final = 0.055
"""Seconds by which the durations trail the sound, against forced alignment (pocketsphinx)."""


class HibariVoice:
    """See :class:`lips.voices.Voices`."""

    def __init__(self, rng: random.Random, judging: bool) -> None:
        self._rng = rng
        self._texts = sentences("en", rng, judging=judging)
        self._hibari = Hibari()
        model = Path(hibari.__file__).parent / "assets" / "hibari.onnx"
        self._session: ort.InferenceSession = open_with_output(model.read_bytes(), _DURATIONS)

    def say(self) -> Utterance:
        text = next(self._texts)
        speed = self._rng.uniform(0.8, 1.25)
        noise = np.random.default_rng(self._rng.getrandbits(32))
        parts: list[np.ndarray] = []
        spans: list[Span] = []
        start = 0.0
        for sentence in self._hibari.phonemize(text):
            tokens = [c for c in sentence if c in self._hibari.vocab]
            *controls, durations = self._session.run(
                None,
                {
                    "ids": np.array([self._hibari.ids(tokens)], np.int64),
                    "speed": np.array([speed], np.float32),
                },
            )
            parts.append(dsp.synth(*[c[0] for c in controls], noise))
            bounds = start + np.concatenate([[0.0], np.cumsum(durations.ravel())]) * _FRAME
            spans += from_tokens([" ", *tokens, " "], bounds.tolist())
            start += len(parts[-1]) / 24_000
        audio = to_pcm(np.concatenate(parts), 24_000)
        return Utterance("hibari", "heart", "en", text, audio, to_phones(spans, _LATE))
