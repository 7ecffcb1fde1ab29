"""The head rests, nods, breathes and goes with the voice as people's do."""

from __future__ import annotations

import itertools
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.face import Face
from avatar_worker.face.breath import Breath
from avatar_worker.face.delivery import Cue, Delivery
from avatar_worker.face.head import Head, Posture
from avatar_worker.face.moods import MANNERS
from avatar_worker.lipsync import Resampler
from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.lipsync.prosody import Prosodic
from avatar_worker.player.segment import Weights
from bench.speech import speak
from visavis.protocol import ARKIT_NAMES

Curve = NDArray[np.float64]
STILL = Posture(0.0, 0.0, 0.0, 0.0)
TEXT = (
    "I really think that you should come and see it yourself. It is beautiful! "
    "We were there for the whole summer, and nobody wanted to go home."
)


@pytest.fixture(scope="module")
def spoken() -> Weights:
    """Ten seconds of speech with its prosody, (t, 54)."""
    lips = Prosodic(EmbeddedModel().create())
    pcm = Resampler().push(speak(TEXT), 24_000)
    return np.concatenate([lips.push(pcm), lips.finish()])


@pytest.mark.parametrize("pace", [1.0, 0.7])
def test_breath_is_not_panting_nor_held(pace: float) -> None:
    breath = Breath(Random(1))
    air = np.array([breath.step(pace, speaking=False) for _ in range(20 * 1_800)])
    breaths = np.count_nonzero((air[1:] > 0.5) & (air[:-1] <= 0.5)) / 20
    assert 12 * pace < breaths < 16 * pace
    # In faster than out, and a rest before the next.
    rising, falling = np.mean(np.diff(air) > 0), np.mean(np.diff(air) < 0)
    assert rising < falling
    assert 0.1 < 1 - rising - falling < 0.3


def test_a_speaker_does_not_breathe_in_while_speaking() -> None:
    breath = Breath(Random(2))
    for _ in range(100):
        breath.step(1.0, speaking=False)
    air = [breath.step(1.0, speaking=True) for _ in range(300)]
    # A breath that was under way is taken in full, and no other.
    assert not np.any(np.diff(air[60:]) > 0)
    breath.gasp()
    assert [breath.step(1.0, speaking=True) for _ in range(15)][-1] > 0.7


def nods(listening_minutes: int, seed: int) -> tuple[float, Curve]:
    """Nods a minute, and the lengths of single nods in seconds."""
    head = Head(Random(seed))
    manner = MANNERS["listening"]
    pitch = []
    for frame in range(listening_minutes * 1_800):
        if frame % 300 == 0:  # the person has said something, and the agent too
            head.step(STILL, MANNERS["speaking"], (0, 0), Cue())
        pitch.append(head.step(STILL, manner, (0, 0), Cue())[0].pitch)
    slow = np.convolve(pitch, np.ones(45) / 45, "same")
    down = np.array(pitch) - slow < -0.8
    starts = np.flatnonzero(down[1:] & ~down[:-1])
    ends = np.flatnonzero(~down[1:] & down[:-1])
    count = min(len(starts), len(ends))
    return len(starts) / listening_minutes, (ends[:count] - starts[:count]) / 30


def test_a_listener_nods_neither_never_nor_all_the_time() -> None:
    rate, lengths = nods(20, 3)
    assert 5 < rate < 25
    assert np.median(lengths) < 0.4


def test_a_listener_to_nobody_does_not_go_on_nodding() -> None:
    def count(seconds: range) -> int:
        found = 0
        for seed in range(20):
            head = Head(Random(seed))
            pitch = [
                head.step(STILL, MANNERS["listening"], (0, 0), Cue())[0].pitch
                for _ in range(30 * seconds.stop)
            ]
            late = np.array(pitch[30 * seconds.start :])
            found += int(np.count_nonzero((late[1:] < -1.2) & (late[:-1] >= -1.2)))
        return found

    assert count(range(60, 90)) < 0.6 * count(range(0, 30))


def test_no_accent_is_heard_in_a_monotone() -> None:
    delivery = Delivery(Random(4))
    cues = [delivery.step(-20.0, 120.0) for _ in range(600)]
    assert not any(cue.accent for cue in cues[60:])
    assert not any(cue.ends for cue in cues)


@pytest.mark.parametrize(("louder", "higher"), [(9.0, 1.0), (0.0, 1.3)])
def test_a_stressed_syllable_is_not_missed(louder: float, higher: float) -> None:
    delivery = Delivery(Random(5))
    found = []
    for frame in range(1_800):
        stressed = frame % 75 < 7
        cue = delivery.step(-26 + louder * stressed, 120 * (higher if stressed else 1))
        found.extend([frame % 75] if cue.accent else [])
    assert len(found) > 15
    assert np.mean([at < 7 for at in found]) > 0.9


def test_the_end_of_a_phrase_is_not_missed_nor_found_in_a_plosive() -> None:
    delivery = Delivery(Random(6))
    ends = []
    for frame in range(900):
        silent = frame % 90 >= 75 or frame % 30 < 3
        if delivery.step(-70 if silent else -22, 0 if silent else 130).ends:
            ends.append(frame % 90)
    assert len(ends) == 10
    assert all(80 <= at <= 84 for at in ends)
    delivery = Delivery(Random(6))
    for _ in range(60):
        delivery.step(-22, 130)
    assert delivery.rest().ends and not delivery.rest().ends


def test_head_and_brows_do_not_ignore_the_voice(spoken: Weights) -> None:
    """They move more with the speech's own prosody than with that of the same speech reversed."""
    loud, high = spoken[:, 52], spoken[:, 53]
    accents: list[int] = []
    brows, pitch = np.zeros(len(spoken)), np.zeros(len(spoken))
    for seed in range(40):
        delivery, face = Delivery(Random(seed)), Face(Random(seed))
        for frame, row in enumerate(spoken):
            if delivery.step(float(row[52]), float(row[53])).accent:
                accents.append(frame)
            weights, pose = face.step(row)
            brows[frame] += weights[ARKIT_NAMES.index("browOuterUpLeft")] / 40
            pitch[frame] += pose.pitch / 40
    voiced = (high > 0) & (loud > -45)
    at = np.array(accents)
    # Accents lie on louder and higher syllables than the voice's average.
    assert loud[at].mean() > loud[voiced].mean() + 1
    assert np.log2(high[at][high[at] > 0]).mean() > np.log2(high[voiced]).mean()
    minutes = len(spoken) / 1_800 * 40
    assert 15 < len(accents) / minutes < 80
    # What many faces have in common comes from the voice: their mean is not still.
    assert np.ptp(brows[15:]) > 0.05 and np.ptp(pitch[15:]) > 0.8


def test_a_speakers_head_does_not_rest_nor_a_listeners_move(spoken: Weights) -> None:
    def moving(speech: Weights | None) -> float:
        face = Face(Random(7))
        poses = [
            face.step(None if speech is None else speech[i % len(speech)], "listening")[1]
            for i in range(3_600)
        ]
        return float(np.mean([a != b for a, b in itertools.pairwise(poses)]))

    assert moving(spoken) > 0.85
    assert moving(None) < 0.45


def test_speech_without_prosody_leaves_the_head_stiff(spoken: Weights) -> None:
    face = Face(Random(8))
    poses = [face.step(row[:52])[1] for row in spoken]
    assert np.ptp([pose.pitch for pose in poses]) > 1
