"""A closed mouth is told from a word."""

from __future__ import annotations

import numpy as np
import pytest

from agent.brains.hum import Timbre
from bench import sounds
from bench.turn_cases import spoken


def timbre(sound: sounds.Sound, room: float = 0.0) -> Timbre:
    """With half a second of the room before it, whose noise is as loud as ``room``."""
    before = sounds.RATE // 2
    hiss = sounds.noise(np.random.default_rng(0), len(sound) / sounds.RATE + 0.5, 50, 8000, -3)
    sound = np.pad(sound, (before, 0))[: len(hiss)] + room * hiss
    found = Timbre(sounds.RATE)
    for begin in range(0, len(sound), 768):
        found.add(sound[begin : begin + 768].astype(np.float32))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_a_hum_is_not_heard_as_words(seed: int) -> None:
    assert timbre(sounds.hum(np.random.default_rng(seed))).is_hum


@pytest.mark.parametrize("seed", range(5))
def test_a_hum_in_a_noisy_room_is_not_heard_as_words(seed: int) -> None:
    assert timbre(sounds.hum(np.random.default_rng(seed)), room=0.25).is_hum


@pytest.mark.parametrize("word", ["No.", "Who?", "Move!", "You?"])
def test_a_dark_word_is_not_heard_as_a_hum(word: str) -> None:
    assert not timbre(spoken(word)).is_hum
    assert not timbre(sounds.level(spoken(word), 0), room=0.25).is_hum


def test_silence_is_not_a_hum() -> None:
    assert not Timbre(sounds.RATE).is_hum
