"""The face above the mouth: blinks, gaze, head motion, brows, warmth."""

from avatar_worker.face.face import Face
from avatar_worker.face.moods import Mood
from avatar_worker.face.pose import HeadPose

__all__ = ["Face", "HeadPose", "Mood"]
