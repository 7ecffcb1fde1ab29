"""What counts as an interrupt that worked, and as one that did not."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from bench.bargein import everything
from bench.cutoff import MouthLevels
from bench.ears import EAR_RATE, Ears, HeardTrack
from bench.eyes import Eyes, SeenTrack
from bench.tally import GIVE_UP, Tally, Witness

DECISION = 100.0
LEVELS = MouthLevels(rest=80, wide=110)


def seen(voice_until: float, mouth_until: float) -> Witness:
    """A voice and an open mouth that last until then, in packets and pictures."""
    heard = HeardTrack("avatar", cast(Any, None))
    loud, silent = np.full(EAR_RATE // 100, 3000, np.int16), np.zeros(EAR_RATE // 100, np.int16)
    for at in np.arange(DECISION - 1, DECISION + 2, 0.01):
        heard.add(float(at), loud if at <= voice_until else silent)
    watched = SeenTrack("avatar")
    for at in np.arange(DECISION - 1, DECISION + 2, 1 / 30):
        watched.pictures.append((float(at), 105.0 if at <= mouth_until else 81.0))
    ears = SimpleNamespace(tracks=[heard])
    eyes = SimpleNamespace(tracks=[watched])
    eyes.mouth = lambda since, until: Eyes.mouth(cast(Eyes, eyes), since, until)
    return Witness(cast(Ears, ears), cast(Eyes, eyes))


def test_silence_and_mouth_are_timed_from_the_decision() -> None:
    tally = Tally()
    tally.note(seen(DECISION + 0.08, DECISION + 0.15), LEVELS, DECISION, DECISION + 1.5)
    assert tally.silence == [pytest.approx(0.08, abs=0.011)]
    assert tally.mouth == [pytest.approx(0.15, abs=0.034)]


def test_a_mouth_that_rests_in_another_expression_counts_as_open() -> None:
    tally = Tally()
    shown = seen(DECISION + 0.08, DECISION + 0.15)
    for track in shown.eyes.tracks:  # darker all the time
        track.pictures = deque((at, dark + 8) for at, dark in track.pictures)
    tally.note(shown, LEVELS, DECISION, DECISION + 1.5)
    assert tally.mouth == [pytest.approx(0.15, abs=0.034)]


def test_a_mouth_that_stays_open_counts_as_resting() -> None:
    tally = Tally()
    tally.note(seen(DECISION + 0.08, DECISION + 2), LEVELS, DECISION, DECISION + 1.5)
    assert tally.mouth == [pytest.approx(1.5, abs=0.034)]


def test_an_interrupt_of_nobody_is_not_a_fast_one() -> None:
    tally = Tally()
    gone = seen(DECISION - 0.5, DECISION - 0.5)
    assert tally.note(gone, LEVELS, DECISION, DECISION + 1.5) is None
    assert "silence_p50_ms" not in tally.metrics()


def test_a_dead_avatar_is_not_interrupted_for_hours() -> None:
    tally = Tally()
    for _ in range(GIVE_UP):
        assert not tally.hopeless
        tally.wedged("no answer")
    assert tally.hopeless
    tally.answered()
    assert not tally.hopeless


def test_the_headline_is_the_conversations_and_the_wedges_are_everybodys() -> None:
    found = {
        "stock": Tally(silence=[9.0], wedges=1),
        "own": Tally(silence=[9.0]),
        "voice": Tally(silence=[0.1], wedges=1),
        "button": Tally(silence=[0.2]),
    }
    metrics = everything(found).metrics()
    assert metrics["silence_p50_ms"] == pytest.approx(150)
    assert metrics["wedges"] == 2
