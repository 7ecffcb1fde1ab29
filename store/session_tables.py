"""Sessions and their events, as tables."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Float, ForeignKey, Integer, String, Table, Text

from .database import TABLES

SESSIONS: Final = Table(
    "visavis_sessions",
    TABLES,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False, index=True),
    Column("room", String(128), nullable=False, unique=True),
    Column("spec", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("created_at", Float, nullable=False, index=True),
    Column("ended_at", Float, nullable=True, index=True),
    Column("end_reason", String(16), nullable=True),
    Column("last_seq", Integer, nullable=False),
    Column("talk", Text, nullable=True),
)
"""Times are Unix seconds; ``spec`` and ``metadata`` JSON objects; ``talk`` is how the conversation
is held by now, a :class:`visavis.talk.TalkChange`, for an agent that takes a lost one's place."""
EVENTS: Final = Table(
    "visavis_events",
    TABLES,
    Column("session", ForeignKey(SESSIONS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("type", String(32), nullable=False),
    Column("at", Float, nullable=False, index=True),
    Column("data", Text, nullable=False),
)
