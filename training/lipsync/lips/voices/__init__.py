"""Synthesizers that tell when each of their phones sounds."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

from lips.corpus import Utterance
from lips.voices.espeak import EspeakVoices
from lips.voices.flite import FliteVoices
from lips.voices.hibari import HibariVoice
from lips.voices.kokoro import KokoroVoices


class Voices(Protocol):
    """A synthesizer with one or more voices."""

    def say(self) -> Utterance:
        """Another sentence, by another voice."""


SOURCES: dict[str, Callable[[random.Random, bool], Voices]] = {
    "espeak": EspeakVoices,
    "flite": FliteVoices,
    "hibari": HibariVoice,
    "kokoro": KokoroVoices,
}
"""Each is made with a random generator, and whether it speaks for judging: then with other voices
and other texts."""
