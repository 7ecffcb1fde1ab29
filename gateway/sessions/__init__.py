"""Sessions: conversations that a product's server asks for, follows and ends."""

from .answers import CreatedSession
from .parts import SessionParts
from .request import SessionRequest
from .routes import session_routes
from .service import SessionDesk
from .talk_routes import talk_routes

__all__ = [
    "CreatedSession",
    "SessionDesk",
    "SessionParts",
    "SessionRequest",
    "session_routes",
    "talk_routes",
]
