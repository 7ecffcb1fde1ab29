"""How fast an avatar is sent what it shall say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CUSHION: Final = 0.1
"""Seconds of sound that an avatar has beyond its lead when it begins to speak: on a busy machine
the next message is late by as much."""


@dataclass(frozen=True)
class Pace:
    """What an avatar waits for comes first, and the rest little faster than it is spoken.

    Speech at once keeps processors and WebRTC's network threads busy at both ends. The sound of its
    own first word waits behind it, and listeners' jitter buffers grow by that for a long time: sent
    four times as fast as it is spoken, as PCM, on two slow cores, a voice was heard 40 ms later, 70
    at p95 (``python -m bench hop``).
    """

    lead: float
    """Seconds that the avatar waits for: in as few messages as they fit into."""
    at_once: float
    """Seconds that are sent as fast as they can be."""
    rush: float
    """What follows is sent so many times faster than it is spoken."""

    @classmethod
    def of(cls, lead: float) -> Pace:
        """For an avatar that waits for ``lead`` seconds of sound before it speaks."""
        return cls(lead, lead + CUSHION, rush=1.5)


UNKNOWN: Final = Pace(lead=0.0, at_once=0.4, rush=4.0)
"""For an avatar that does not tell what it waits for."""
