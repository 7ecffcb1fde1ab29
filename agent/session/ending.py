"""A session ends once, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Final

import aiohttp
from livekit import api
from livekit.agents import JobContext

logger = logging.getLogger("visavis.agent")

ATTEMPTS: Final = 5
BETWEEN: Final = 1.0
"""Seconds between two attempts to delete a room."""
ANEW: Final = 6.0
"""Seconds in which a face that was on its way may still make the room anew by joining it."""


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


async def delete_again(ctx: JobContext) -> None:
    """For a while, each time that the room is made anew."""
    for _ in range(round(ANEW / BETWEEN)):
        await asyncio.sleep(BETWEEN)
        asked = api.ListRoomsRequest(names=[ctx.job.room.name])
        with suppress(api.TwirpError, aiohttp.ClientError, TimeoutError):
            if (await ctx.api.room.list_rooms(asked)).rooms:
                await delete_room(ctx)
