"""The face above the mouth: blinks, gaze, head motion, emotions, gestures."""

from avatar_worker.face.face import Face
from avatar_worker.face.gesture import GESTURES, Gesture, GestureError, parse_gesture
from avatar_worker.face.moods import Mood
from avatar_worker.face.pose import HeadPose
from visavis.emotion import (
    EMOTIONS,
    NEUTRAL,
    Emotion,
    EmotionError,
    EmotionName,
    parse_emotion,
)

__all__ = [
    "EMOTIONS",
    "GESTURES",
    "NEUTRAL",
    "Emotion",
    "EmotionError",
    "EmotionName",
    "Face",
    "Gesture",
    "GestureError",
    "HeadPose",
    "Mood",
    "parse_emotion",
    "parse_gesture",
]
