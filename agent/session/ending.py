"""A session ends once, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import aiohttp
from livekit import api
from livekit.agents import JobContext

logger = logging.getLogger("visavis.agent")

ATTEMPTS: Final = 5
BETWEEN: Final = 1.0
"""Seconds between two attempts to delete a room."""


async def delete_room(ctx: JobContext) -> bool:
    """Everybody is out of it then, and the avatar's job is over. Was it possible?"""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await ctx.api.room.delete_room(api.DeleteRoomRequest(room=ctx.job.room.name))
            return True
        except api.TwirpError as error:
            if error.code == api.TwirpErrorCode.NOT_FOUND:
                return True
            problem = str(error.code)
        except (aiohttp.ClientError, TimeoutError) as error:
            problem = type(error).__name__
        if attempt < ATTEMPTS:
            await asyncio.sleep(BETWEEN)
    logger.error("the room of a session that is over could not be deleted: %s", problem)
    return False
