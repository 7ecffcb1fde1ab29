"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True)
class Finding:
    """A sentence on what is, and one on what to do where that is not as it should be."""

    part: str
    """What it is about: ``livekit``, ``workers``, …"""
    level: Level
    says: str
    mend: str = ""


def ok(part: str, says: str) -> Finding:
    return Finding(part, "ok", says)


def warning(part: str, says: str, mend: str) -> Finding:
    """It works, but not for everybody, or not for long."""
    return Finding(part, "warning", says, mend)


def wrong(part: str, says: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(part, "wrong", says, mend)
