"""What the person shows: camera, screen, pictures and documents sent in the chat."""

from .sight import Sight
from .watch import open_eyes, sampler

__all__ = ["Sight", "open_eyes", "sampler"]
