"""What may be felt and asked for, and that it is seen."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.face import (
    EMOTIONS,
    GESTURES,
    Emotion,
    EmotionError,
    Face,
    Gesture,
    GestureError,
    parse_emotion,
    parse_gesture,
)
from avatar_worker.face.face import WEIGHT_STEP
from avatar_worker.heads import HEADS, find_head
from avatar_worker.lipsync import Resampler
from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.lipsync.prosody import Prosodic
from avatar_worker.player.segment import Weights
from avatar_worker.render import load_head
from bench.speech import speak
from tests.mesh import Lips
from visavis.protocol import ARKIT_NAMES


@pytest.mark.parametrize(
    ("value", "amounts"),
    [
        ("happy", {"happy": 1.0}),
        ({"happy": 0.6, "surprised": 0.2}, {"happy": 0.75, "surprised": 0.25}),
        ({"mix": "sad", "intensity": 0.5}, {"sad": 0.5}),
        ({"mix": {"calm": 1, "sad": 1}, "intensity": 1}, {"calm": 0.5, "sad": 0.5}),
    ],
)
def test_an_emotion_is_not_read_as_another(value: Any, amounts: dict[str, float]) -> None:
    assert parse_emotion(value).amounts == pytest.approx(amounts)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("furious", "furious"),
        ({"happy": 1.5}, "share of happy"),
        ({"happy": "much"}, "'much'"),
        ({"happy": True}, "True"),
        ({"happy": 0.0}, "none of the emotions"),
        ({"mix": "happy", "intensity": -1}, "intensity"),
        ({"mix": "happy", "intensity": float("nan")}, "intensity"),
        ({"mix": "happy", "strength": 1}, "strength"),
        ({}, "not an emotion"),
        ([], "not an emotion"),
        (None, "not an emotion"),
        (7, "7"),
    ],
)
def test_a_wrong_emotion_is_not_refused_without_a_reason(value: Any, said: str) -> None:
    with pytest.raises(EmotionError, match=said):
        parse_emotion(value)


def test_a_refusal_does_not_hide_what_is_allowed() -> None:
    with pytest.raises(EmotionError) as error:
        parse_emotion("furious")
    assert all(name in str(error.value) for name in EMOTIONS)
    with pytest.raises(GestureError) as refused:
        parse_gesture("bow")
    assert all(name in str(refused.value) for name in GESTURES)


def test_emotions_named_twice_are_not_added_up() -> None:
    with pytest.raises(EmotionError, match="twice"):
        Emotion((("happy", 0.5), ("happy", 0.5)))


@pytest.mark.parametrize("name", [name for name in EMOTIONS if name != "neutral"])
def test_an_emotion_does_not_leave_the_face_as_it_was(name: str) -> None:
    plain, moved = Face(Random(1)), Face(Random(1))
    moved.feel(parse_emotion(name))
    for _ in range(60):
        (before, _), (after, _) = plain.step(None), moved.step(None)
    assert np.abs(after - before).max() > 0.1


@pytest.mark.parametrize("gesture", GESTURES)
def test_a_gesture_is_not_ignored_and_does_not_stay(gesture: Gesture) -> None:
    plain, moved = Face(Random(1)), Face(Random(1))
    moved.gesture(gesture)
    most = 0.0
    for _ in range(90):
        (before, was), (after, now) = plain.step(None), moved.step(None)
        turned = max(abs(now.yaw - was.yaw), abs(now.pitch - was.pitch), abs(now.roll - was.roll))
        most = max(most, turned / 6, float(np.abs(after - before).max()))
    assert most > 0.4


MOUTH = [i for i, name in enumerate(ARKIT_NAMES) if name.startswith(("jaw", "mouth"))]
SENTENCES = (
    "My brother bought a big purple boat, and we moved it over five fathoms of water.",
    "Please bring my map home. Maybe Bob and Pam jump, but the puppy sleeps.",
)
TOUCHING = 0.4
"""Millimetres of gap that nobody sees: a third of a pixel."""
FELT = [Emotion(((name, 1.0),)) for name in EMOTIONS]


@pytest.fixture(scope="module")
def spoken() -> Weights:
    lips = Prosodic(EmbeddedModel().create())
    parts = []
    for text in SENTENCES:
        pcm = Resampler().push(speak(text), 24_000)
        parts += [lips.push(pcm), lips.finish()]
    return np.concatenate(parts)


@pytest.fixture(scope="module", params=HEADS)
def lips(request: pytest.FixtureRequest) -> Lips:
    return Lips(load_head(find_head(request.param)))


def act(emotion: Emotion, speech: Weights, seed: int = 1) -> Weights:
    """Weights (t, 52) of a face that has felt ``emotion`` for a while."""
    face = Face(Random(seed))
    face.feel(emotion)
    for _ in range(60):
        face.step(None)
    return np.array([face.step(row)[0] for row in speech])


@pytest.mark.parametrize("emotion", FELT, ids=EMOTIONS)
def test_no_emotion_opens_the_lips_that_speech_shuts(
    emotion: Emotion, spoken: Weights, lips: Lips
) -> None:
    plain = lips.gap(spoken[:, :52])
    shut = plain <= TOUCHING
    # In running speech: open within 150 ms before and after.
    wide = np.array([plain[max(0, i - 4) : i + 5].max() > 1.5 for i in range(len(plain))])
    closures = shut & wide
    assert closures.sum() > 10
    shown = lips.gap(act(emotion, spoken))
    rounding = 27 * WEIGHT_STEP  # millimetres: what jawOpen opens at weight 1
    assert shown[closures].max() <= TOUCHING + rounding


@pytest.mark.parametrize("emotion", FELT, ids=EMOTIONS)
def test_no_emotion_makes_the_mouth_jerk(emotion: Emotion, spoken: Weights) -> None:
    def changes(weights: NDArray[np.floating]) -> NDArray[np.floating]:
        largest: NDArray[np.floating] = np.abs(np.diff(weights[:, MOUTH], axis=0)).max(axis=1)
        return largest

    usual = float(np.percentile(changes(spoken[:, :52]), 99)) + WEIGHT_STEP
    assert np.percentile(changes(act(emotion, spoken)), 99) <= usual
    # Nor does its coming and going, in silence or speech.
    for speech in ([None] * 60, list(spoken[10:70])):
        face = Face(Random(2))
        shown = [face.step(row)[0] for row in speech[:20]]
        face.feel(emotion)
        shown += [face.step(row)[0] for row in speech[20:40]]
        face.feel(Emotion())
        shown += [face.step(row)[0] for row in speech[40:]]
        assert changes(np.array(shown)).max() <= usual * 1.1


def test_a_mix_is_not_one_of_its_parts() -> None:
    def settle(value: Any) -> Weights:
        face = Face(Random(4))
        face.feel(parse_emotion(value))
        shown: Weights = np.array([face.step(None)[0] for _ in range(90)])[-20:].mean(axis=0)
        return shown

    happy, sad = settle("happy"), settle("sad")
    both = settle({"happy": 1, "sad": 1})
    smile, brow = (ARKIT_NAMES.index(name) for name in ("mouthSmileLeft", "browInnerUp"))
    assert sad[smile] + 0.2 < both[smile] < happy[smile] - 0.2
    assert happy[brow] + 0.2 < both[brow] < sad[brow] - 0.2
    weak = settle({"mix": "happy", "intensity": 0.3})
    assert 0.15 < weak[smile] < 0.5 * happy[smile]


def test_a_mood_does_not_smile_away_what_is_felt() -> None:
    shown = act(parse_emotion("angry"), np.zeros((1, 52), np.float32))
    assert shown[0, ARKIT_NAMES.index("mouthSmileLeft")] < 0.02


def test_a_face_is_not_quite_the_same_on_both_sides() -> None:
    sides = [ARKIT_NAMES.index(f"mouthSmile{side}") for side in ("Left", "Right")]
    tilts = []
    for seed in range(20):
        left, right = act(parse_emotion("happy"), np.zeros((1, 52), np.float32), seed)[0, sides]
        tilts.append(left / right - 1)
    assert np.std(tilts) > 0.02 and np.abs(tilts).max() < 0.25
    assert np.mean(tilts) > 0


def test_sadness_does_not_move_like_joy(spoken: Weights) -> None:
    def poses(name: str) -> NDArray[np.float64]:
        found = []
        for seed in range(5):
            face = Face(Random(seed))
            face.feel(parse_emotion(name))
            steps = [face.step(row)[1] for row in spoken]
            found.append([(pose.yaw, pose.pitch, pose.roll) for pose in steps[40:]])
        return np.array(found)

    sad, happy = poses("sad"), poses("happy")
    assert sad[..., 1].mean() < happy[..., 1].mean() - 3
    speed = [float(np.abs(np.diff(track, axis=1)).mean()) for track in (sad, happy)]
    assert speed[1] > 1.3 * speed[0]


def test_a_greeting_is_not_a_grin_that_stays() -> None:
    smile, brow = (ARKIT_NAMES.index(name) for name in ("mouthSmileLeft", "browOuterUpLeft"))
    face = Face(Random(5))
    before = face.step(None)[0]
    face.greet()
    shown = np.array([face.step(None)[0] for _ in range(180)])
    assert shown[30:60, smile].max() > before[smile] + 0.25
    assert shown[:40, brow].max() > before[brow] + 0.3
    assert shown[-1, smile] < before[smile] + 0.05


def test_gestures_do_not_jerk_on_top_of_everything(spoken: Weights) -> None:
    face = Face(Random(6))
    face.feel(parse_emotion("angry"))
    poses = []
    for frame, row in enumerate(spoken):
        if frame % 20 == 0:
            face.gesture(GESTURES[frame // 20 % len(GESTURES)])
        pose = face.step(row)[1]
        poses.append((pose.yaw, pose.pitch, pose.roll))
    assert np.abs(np.diff(poses, axis=0)).max() < 3
    assert np.abs(poses).max() < 20


def test_a_wink_is_not_a_blink() -> None:
    left, right = (ARKIT_NAMES.index(f"eyeBlink{side}") for side in ("Left", "Right"))
    face = Face(Random(7))
    face.gesture("wink")
    shown = np.array([face.step(None)[0] for _ in range(15)])
    assert shown[:, left].max() == 1 and shown[:, right].max() < 0.5
