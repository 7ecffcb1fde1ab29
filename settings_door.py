"""The settings of the door: who may enter, how much, for how long. :class:`settings.Settings` has
them. The names of the ``AUTH_`` settings are those of avatar-chat-server."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class DoorSettings(BaseSettings):
    session_max_seconds: float = Field(3600.0, ge=10, le=86_400)
    """The longest that a session may ask for, and what it has where it asks for nothing."""
    session_idle_seconds: float = Field(300.0, ge=5, le=86_400)
    """Without a word of either side after which a session is over, where it asks for nothing."""
    transcript_days: float = Field(30.0, ge=0, le=3650)
    """After which a session that is over is forgotten, words, events and all."""
