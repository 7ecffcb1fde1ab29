"""Who may enter, and how much they may ask for."""

from .caller import Caller, Scope, caller_with
from .door import Door, address_of, door_of
from .visitor import Visitor

__all__ = [
    "Caller",
    "Door",
    "Scope",
    "Visitor",
    "address_of",
    "caller_with",
    "door_of",
]
