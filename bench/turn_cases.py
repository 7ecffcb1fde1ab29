"""What is said and done to a voice, and to one who listens: the material of ``bench turns``."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.sounds import HUMS, NOISES, RATE, Sound, level, noise
from bench.speech import STORY, speak

LEAD: Final = 1.4
"""Seconds that the voice talks before somebody is heard; its echo canceller has learned by then."""
TAIL: Final = 1.9
"""Seconds after a sound in which everything about it is decided."""
PATIENCE: Final = 3.0
"""The same after the end of a turn."""

CUT_INS: Final = (
    "Wait a moment, please.",
    "Stop!",
    "No, that is not what I meant.",
    "Sorry, can I ask something else?",
    "What is the capital of France?",
    "Hold on, I have a question.",
    "Okay, but why is the sky blue?",
    "Excuse me.",
    "How do you know that?",
    "I would like to hear another story.",
)
ASSENTS: Final = ("Yeah.", "Right.", "Okay.")
"""They agree, or they answer, or they want the turn: who knows."""
CLAUSES: Final = (
    "My sister, who lives in Paris, wants to visit us,|so what should we cook?",
    "If it rains tomorrow,|then we should stay at home, should we not?",
    "I like apples, pears, and cherries,|but which of them is the healthiest?",
    "When I came home,|the door was open, and I do not know why.",
    "Can you tell me, in a few words,|how a sailing boat works?",
    "I was thinking about it,|and I would like to know what you would do.",
)
"""The first half could be a turn of its own, or nearly."""
HESITATIONS: Final = (
    "I would like to go to the,|market tomorrow.",
    "I want to learn, um,|how to play the piano.",
    "Could you tell me about,|the history of Rome?",
    "My favourite colour is, uh,|green, I think.",
    "I met an old friend, and,|we talked for hours.",
    "I am looking for a,|good book about the sea.",
)
"""The first half cannot."""


@dataclass(frozen=True)
class Case:
    kind: str
    heard: Sound
    """±1: the whole trial, from the beginning."""
    onset: float
    """Seconds at which the sound begins."""
    end: float
    """Seconds at which it is over."""
    speaking: bool
    """Whether the voice talks meanwhile."""
    echo: float = 0.0
    """Gain of the voice in the microphone."""


def voice() -> Sound:
    """What the agent says."""
    return spoken(STORY[: STORY.index("Perhaps")], -6)


def spoken(text: str, decibels: float, speed: float = 1.0) -> Sound:
    """From its first sound to its last; ``speed`` changes the pitch with it: another person."""
    sound = speak(text).astype(np.float64) / 32767
    if speed != 1:
        sound = np.interp(np.arange(0, len(sound) - 1, speed), np.arange(len(sound)), sound)
    sound = level(sound, decibels)
    loud = np.flatnonzero(np.abs(sound) > 0.05 * np.abs(sound).max())
    trimmed: Sound = sound[loud[0] : loud[-1] + 1]
    return trimmed


def cases(each: int, chance: np.random.Generator) -> Iterator[Case]:
    """``each`` of every kind; the same for the same ``chance``."""
    levels = itertools.cycle((-9.0, -20.0, -30.0))
    floors = itertools.cycle((-70.0, -50.0, -42.0, -70.0))
    people = itertools.cycle((1.0, 0.85, 1.15, 0.95, 1.08))

    def over_voice(kind: str, sound: Sound) -> Case:
        heard = _placed(sound, LEAD, TAIL, next(floors), chance)
        return Case(kind, heard, LEAD, LEAD + len(sound) / RATE, speaking=True)

    for number in range(each):
        text = CUT_INS[number % len(CUT_INS)]
        yield over_voice("cut_in", spoken(text, next(levels), next(people)))
        for kind, make in (NOISES | HUMS).items():
            yield over_voice(kind, level(make(chance), next(levels)))
        text = ASSENTS[number % len(ASSENTS)]
        yield over_voice("assent", spoken(text, next(levels), next(people)))
        quiet = _placed(np.zeros(1), LEAD, 2 * TAIL, next(floors), chance)
        for decibels in (-10, -20, -30, -40):
            gain = 10 ** (decibels / 20)
            yield Case(f"echo{-decibels}", quiet, LEAD, LEAD, speaking=True, echo=gain)
        pause = (0.4, 0.6, 0.8, 1.0, 1.2)[number % 5]
        for kind, texts in (("clause", CLAUSES), ("hesitation", HESITATIONS)):
            first, _, second = texts[number % len(texts)].partition("|")
            person, loudness = next(people), next(levels)
            turn = np.concatenate(
                [
                    spoken(first, loudness, person),
                    np.zeros(int(pause * RATE)),
                    spoken(second, loudness, person),
                ]
            )
            heard = _placed(turn, 0.5, PATIENCE, next(floors), chance)
            yield Case(kind, heard, 0.5, 0.5 + len(turn) / RATE, speaking=False)


def _placed(
    sound: Sound, lead: float, tail: float, floor: float, chance: np.random.Generator
) -> NDArray[np.float64]:
    """In a room whose noise has its peaks at ``floor`` dB."""
    before, after = int(lead * RATE), int(tail * RATE)
    heard = level(noise(chance, (before + len(sound) + after) / RATE, 50, 8000, -3), floor)
    heard = np.pad(heard, (0, max(0, before + len(sound) + after - len(heard))))
    heard[before : before + len(sound)] += sound
    return heard
