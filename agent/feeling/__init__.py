"""What the agent's sentences feel like, told to the face in time with the words."""

from .felt import Feel, Felt
from .marks import Feeling, Feelings
from .nodes import read_feelings, take_feelings
from .tags import INSTRUCTIONS

__all__ = ["INSTRUCTIONS", "Feel", "Feeling", "Feelings", "Felt", "read_feelings", "take_feelings"]
