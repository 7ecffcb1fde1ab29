"""How fast an avatar is sent what it shall say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CUSHION: Final = 0.2
"""Seconds of sound that an avatar has beyond its lead when it begins to speak: on a busy machine,
or where a packet is lost, the next message is late by as much."""
RUSH: Final = 2.0
"""What follows is sent so many times faster than it is spoken."""


@dataclass(frozen=True)
class Pace:
    """What an avatar waits for comes first, and the rest little faster than it is spoken.

    Speech at once keeps processors and WebRTC's network threads busy at both ends: what is sent,
    and lip-sync, which reads it as it comes. The sound of its own first word waits behind it, and
    listeners' jitter buffers grow by that for a long time. As PCM, on two slow cores, a voice was
    heard 40 ms later at a rush of 4 than at 1.5, 70 at p95; as Opus 2 and 3 cost no more than 1.5
    (``python -m bench hop``).
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
        return cls(lead, lead + CUSHION, RUSH)


UNKNOWN: Final = Pace(lead=0.0, at_once=0.4, rush=4.0)
"""For an avatar that does not tell what it waits for."""
