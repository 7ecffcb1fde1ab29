"""A text that somebody sends, off the wire."""

from __future__ import annotations

import asyncio
from typing import Final

from livekit import rtc

from visavis.protocol import MESSAGE_LIMIT

SLOWEST: Final = 30.0
"""Seconds in which a text must have come."""


async def read_text(reader: rtc.TextStreamReader) -> str:
    """All of it; of one that is too long, one character more than :data:`MESSAGE_LIMIT` or a few.
    Raises where it did not come whole, TimeoutError among others."""
    text = ""
    try:
        async with asyncio.timeout(SLOWEST):
            async for piece in reader:
                if len(text) <= MESSAGE_LIMIT:
                    text += piece
    finally:
        reader.close()  # or what still comes would be kept for as long as the process lives
    return text
