"""What can be changed while the conversation goes on, and what it can be told to say."""

from agent.parts import ControlError, Parts

from .control import Control
from .desk import open_desk, tell_room, tell_sender
from .messages import Messages
from .wishes import fulfil

__all__ = [
    "Control",
    "ControlError",
    "Messages",
    "Parts",
    "fulfil",
    "open_desk",
    "tell_room",
    "tell_sender",
]
