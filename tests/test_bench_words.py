"""The ruler of ``bench kill``: which words were heard, and for how long."""

from __future__ import annotations

import numpy as np

from bench.words import CHORDS, GAP, WORD, Account, Samples, account, compose, recognise

RATE = 24_000
WORDS = tuple(np.random.default_rng(3).permutation(len(CHORDS)).tolist())
SOUND = compose(WORDS, RATE)
BREAK = 3 * (WORD + GAP) + 0.3
"""Seconds of the script after which its speaker is killed, in the middle of the fourth word."""


def judged(found: Account) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return found.lost, found.doubled


def heard(*parts: tuple[float, Samples]) -> Account:
    """The account of a recording in which each part begins at its second."""
    noise = np.random.default_rng(1).normal(0, 0.002, len(SOUND) + 6 * RATE)
    recording = noise.astype(np.float32)
    for start, sound in parts:
        begin = round(start * RATE)
        recording[begin : begin + len(sound)] += sound
    return account(WORDS, recording, RATE)


def until(seconds: float) -> Samples:
    return SOUND[: round(seconds * RATE)]


def since(seconds: float) -> Samples:
    return SOUND[round(seconds * RATE) :]


def test_a_script_heard_once_is_neither_lost_nor_doubled() -> None:
    assert judged(heard((1.0, SOUND))) == ((), ())


def test_a_word_whose_halves_come_from_two_speakers_is_heard_once() -> None:
    assert judged(heard((0.5, until(BREAK)), (BREAK + 1.3, since(BREAK)))) == ((), ())


def test_words_that_fell_into_the_break_are_lost() -> None:
    later = BREAK + 2 * (WORD + GAP)
    found = heard((0.5, until(BREAK)), (BREAK + 1.3, since(later)))
    assert WORDS[4] in found.lost
    assert set(found.lost) <= set(WORDS[3:6])
    assert 0.5 < found.missing < 0.8
    assert found.doubled == ()


def test_words_that_are_said_again_after_the_break_are_doubled() -> None:
    earlier = BREAK - 2 * (WORD + GAP)
    found = heard((0.5, until(BREAK)), (BREAK + 1.3, since(earlier)))
    assert WORDS[2] in found.doubled
    assert set(found.doubled) <= set(WORDS[1:4])
    assert found.lost == ()


def test_a_listener_who_heard_nothing_lost_everything() -> None:
    assert judged(heard()) == (WORDS, ())


def test_a_jitter_buffer_that_stretches_by_a_fifth_loses_and_doubles_nothing() -> None:
    size = RATE // 50
    pieces = [SOUND[start : start + size] for start in range(0, len(SOUND), size)]
    slow = np.concatenate([p for i, p in enumerate(pieces) for _ in range(2 if i % 5 == 0 else 1)])
    fast = np.concatenate([p for i, p in enumerate(pieces) if i % 5])
    assert judged(heard((0.5, slow.astype(np.float32)))) == ((), ())
    assert judged(heard((0.5, fast.astype(np.float32)))) == ((), ())


def test_two_words_at_once_are_none_of_them() -> None:
    both = compose([0], RATE) + compose([13], RATE)
    assert (recognise(both, RATE) == -1).mean() > 0.9
