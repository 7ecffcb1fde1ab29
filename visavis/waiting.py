"""Waiting for an event, but not for ever."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def rest(event: asyncio.Event, seconds: float | None) -> None:
    """Until ``event`` is set, or for so many seconds; None: however long it takes.

    Not ``asyncio.wait_for``: under Python 3.11 that may swallow a cancellation.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
