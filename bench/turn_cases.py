"""What is said and done to a voice, and to one who listens: the material of ``bench turns``."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from agent.brains.hibari import Spoken, Voice
from bench import turn_fresh, turn_unseen
from bench.recorded import recordings
from bench.sounds import HUMS, NOISES, RATE, UNSEEN, Sound, level, noise, swell, trim
from bench.speech import STORY
from bench.turn_texts import ASSENTS, CLOSED, CUT_INS, OPEN, WHOLE

T = TypeVar("T")

LEAD: Final = 1.4
"""Seconds that the voice talks before somebody is heard; its echo canceller has learned by then."""
TAIL: Final = 3.0
"""Seconds after a sound, or a turn, in which everything about it is decided."""
PAUSES: Final = (0.3, 0.5, 0.7, 0.9, 1.2)
"""Seconds that somebody falls silent within a turn."""
LEVELS: Final = (-9.0, -20.0, -30.0)
"""dB of full scale: how loud people are, at their loudest."""
FLOORS: Final = (-70.0, -50.0, -42.0, -70.0)
"""dB: the noise of their rooms."""
PEOPLE: Final = (1.0, 0.85, 1.15, 0.95, 1.08)
"""Their pitches. The lists differ in length: no kind of trial always has the same of them."""
ECHOES: Final = (-10, -20, -30, -40, -50)
"""dB: the voice in the microphone. A working canceller leaves −40 and less."""


@dataclass(frozen=True)
class Case:
    kind: str
    heard: Sound
    """±1: the whole trial, from the beginning."""
    onset: float
    """Seconds at which the sound begins."""
    end: float
    """Seconds at which it is over."""
    voice: Sound | None = None
    """What the agent says meanwhile; None: it listens."""
    echo: float = 0.0
    """Gain of the voice in the microphone."""


def cases(each: int, chance: np.random.Generator, recorded: Path | None = None) -> Iterator[Case]:
    """``each`` of every kind; the same for the same ``chance``."""

    def placed(sound: Sound, number: int, lead: float) -> Sound:
        loud = level(sound, LEVELS[number % len(LEVELS)])
        return _placed(loud, lead, FLOORS[number % len(FLOORS)], chance)

    def over_voice(kind: str, sound: Sound, number: int) -> Case:
        heard = placed(sound, number, LEAD)
        return Case(kind, heard, LEAD, LEAD + len(sound) / RATE, voice(number))

    def in_silence(kind: str, sound: Sound, number: int) -> Case:
        return Case(kind, placed(sound, number, 0.5), 0.5, 0.5 + len(sound) / RATE)

    def whole(kind: str, texts: Sequence[str], number: int) -> Case:
        return in_silence(kind, spoken(_of(texts, number), _of(PEOPLE, number)), number)

    def halves(kind: str, texts: Sequence[str], number: int) -> Case:
        # Half of them go on as if there were no pause, half end as sentences do: people do both.
        apart = number // 2 % 2 == 1
        pause, person = _of(PAUSES, number), _of(PEOPLE, number)
        return in_silence(kind, _paused(_of(texts, number), pause, person, apart=apart), number)

    for number in range(each):
        person = _of(PEOPLE, number)
        yield over_voice("cut_in", spoken(_of(CUT_INS, number), person), number)
        yield over_voice("assent", spoken(_of(ASSENTS, number), person), number)
        for kind, make in (NOISES | HUMS).items():
            yield over_voice(kind, make(chance), number)
        for decibels in ECHOES:
            quiet = placed(np.zeros(3 * RATE), number, LEAD)
            gain = 10 ** (decibels / 20)
            yield Case(f"echo{decibels}", quiet, LEAD, LEAD + 3, voice(number), gain)
        yield halves("open", OPEN, number)
        yield halves("closed", CLOSED, number)
        yield whole("whole", WHOLE, number)
    for number in range(each):
        person = _of(PEOPLE, number)
        yield over_voice("cut_in unseen", spoken(_of(turn_unseen.CUT_INS, number), person), number)
        for kind, make in UNSEEN.items():
            yield over_voice(kind, make(chance), number)
        yield halves("open unseen", turn_unseen.OPEN, number)
        yield whole("whole unseen", turn_unseen.WHOLE, number)
        yield halves("open fresh", turn_fresh.OPEN, number)
        yield halves("closed fresh", turn_fresh.CLOSED, number)
        yield whole("whole fresh", turn_fresh.WHOLE, number)
    if recorded is not None:
        for number, (kind, sound) in enumerate(recordings(recorded, each)):
            yield over_voice(kind, sound, number)


def _of(each: Sequence[T], number: int) -> T:
    return each[number % len(each)]


def voice(number: int) -> Sound:
    """What the agent says: the story from another sentence on, ten seconds of it at least."""
    sentences = STORY.split(". ")
    begin = number % 4
    return level(spoken(". ".join(sentences[begin : begin + 4])), -6)


def spoken(text: str, speed: float = 1.0) -> Sound:
    """From its first sound to its last; ``speed`` changes the pitch with it: another person."""
    return trim(_at_speed(_say(text).pcm, speed))


def _paused(text: str, pause: float, speed: float, *, apart: bool) -> Sound:
    """With ``pause`` seconds of silence at the bar; ``apart``: both sides end as sentences do."""
    first, _, second = text.partition("|")
    if apart:
        sides = [_say(first).pcm, _say(second).pcm]
    else:
        whole = _say(f"{first} {second}")
        at = round(whole.words[len(first.split()) - 1].end * RATE)
        sides = [whole.pcm[:at], whole.pcm[at:]]
    before, after = (_faded(_at_speed(side, speed)) for side in sides)
    return np.concatenate([before, np.zeros(int(pause * RATE)), after])


def _faded(sound: Sound) -> Sound:
    """Without its silences, and without a click where it was cut."""
    sound = trim(sound)
    return sound * swell(len(sound), 0.01, 0.02)


def _at_speed(pcm: NDArray[np.int16], speed: float) -> Sound:
    sound: Sound = pcm.astype(np.float64) / 32767
    moved: Sound = np.interp(np.arange(0, len(sound) - 1, speed), np.arange(len(sound)), sound)
    return moved


@functools.cache
def _say(text: str) -> Spoken:
    return _voice().say(text)


@functools.cache
def _voice() -> Voice:
    return Voice()


def _placed(
    sound: Sound, lead: float, floor: float, chance: np.random.Generator
) -> NDArray[np.float64]:
    """In a room whose noise has its peaks at ``floor`` dB."""
    before, after = int(lead * RATE), int(TAIL * RATE)
    heard = level(noise(chance, (before + len(sound) + after) / RATE, 50, 8000, -3), floor)
    heard = np.pad(heard, (0, max(0, before + len(sound) + after - len(heard))))
    heard[before : before + len(sound)] += sound
    return heard
