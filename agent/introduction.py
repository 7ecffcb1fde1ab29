"""What a room is told of its agent, and the button that stops it."""

from __future__ import annotations

import asyncio
import json

from livekit import rtc
from livekit.agents import AgentSession

from visavis.protocol import ATTRIBUTE_BRAINS, RPC_INTERRUPT

from .brains.choose import Brains
from .turn_metrics import TurnMetrics


async def introduce(room: rtc.Room, session: AgentSession[None], brains: Brains) -> None:
    """Say what is in use, and take the interrupt button's call."""
    TurnMetrics(session, room)

    async def interrupt(_: rtc.RpcInvocationData) -> str:
        await asyncio.shield(session.interrupt(force=True))
        return "ok"

    room.local_participant.register_rpc_method(RPC_INTERRUPT, interrupt)
    await room.local_participant.set_attributes({ATTRIBUTE_BRAINS: json.dumps(brains.description)})
