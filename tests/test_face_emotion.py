"""What may be felt and asked for, and that it is seen."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

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
