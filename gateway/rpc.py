"""Calls to a room's participants through LiveKit's server API."""

from __future__ import annotations

import aiohttp
from livekit.api import LiveKitAPI, VideoGrants
from livekit.protocol.room import PerformRpcRequest, PerformRpcResponse


async def perform_rpc(
    livekit: LiveKitAPI, asked: PerformRpcRequest, seconds: float | None = None
) -> str:
    """What the participant answers. LiveKit's Python client has no method for it yet: as its others
    do, and raises what they raise.

    ``seconds``: in all; None as for other calls.
    """
    service = livekit.room
    grants = VideoGrants(room_admin=True, room=asked.room)
    answer: PerformRpcResponse = await service._client.request(
        "RoomService",
        "PerformRpc",
        asked,
        service._auth_header(grants),
        PerformRpcResponse,
        timeout=None if seconds is None else aiohttp.ClientTimeout(total=seconds),
    )
    return answer.payload
