"""Questions to ask, spoken by the embedded voice."""

from __future__ import annotations

from typing import Final

import hibari
import numpy as np

from bench.bot import Speech

QUESTIONS: Final = (
    "What is your favourite colour?",
    "Can you tell me something about the sea?",
    "How do I make a cup of tea?",
    "What should I cook for dinner tonight?",
    "Do you like music?",
    "What is the capital of France?",
    "Why is the sky blue?",
    "Can you recommend a good book?",
    "How are you today?",
    "What do cats like to eat?",
)


def speak(text: str) -> Speech:
    """(n,) int16 at 24 kHz."""
    sound = np.asarray(hibari.Hibari()(text), np.float32).reshape(-1)
    return (np.clip(sound, -1, 1) * 32767).astype(np.int16)
