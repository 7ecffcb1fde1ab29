"""Questions to ask, spoken by the embedded voice."""

from __future__ import annotations

import functools
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


@functools.cache
def _voice() -> hibari.Hibari:
    return hibari.Hibari()


def speak(text: str) -> Speech:
    """(n,) int16 at 24 kHz."""
    sound = np.asarray(_voice()(text), np.float32).reshape(-1)
    return (np.clip(sound, -1, 1) * 32767).astype(np.int16)


STORY: Final = (
    "Early one morning, an old sailor walked down to the harbour and looked out over the water. "
    "Nobody had been there before him, and nobody would come for another hour. "
    "He always asked himself why the gulls were louder on a calm day. "
    "Perhaps, he thought, a bird that has no wind to lean on must lean on its own voice. "
    "A small boat came around the corner, painted blue and white, with an engine that coughed. "
    "Behind the wheel stood a girl of twelve, who waved, and who shouted something about fish. "
    "All at once the harbour was awake: ropes, boxes, ice, laughter, and the smell of coffee."
)
"""Half a minute of natural speech; it begins with an open mouth."""
