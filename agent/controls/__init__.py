"""What can be changed while the conversation goes on, and what it can be told to say."""

from .control import Control
from .desk import open_desk, tell_room
from .voices import ControlError, Parts

__all__ = ["Control", "ControlError", "Parts", "open_desk", "tell_room"]
