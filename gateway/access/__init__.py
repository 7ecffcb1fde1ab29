"""Who may enter, and how much they may ask for."""

from .address import address_of
from .caller import Caller, Scope, caller_with
from .door import Door, door_of
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
