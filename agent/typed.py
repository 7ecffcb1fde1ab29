"""What is typed: it is answered; or said, where that is the mode."""

from __future__ import annotations

from typing import Any

from livekit.agents import AgentSession, room_io

from .manner import Manner


async def take_typed(
    manner: Manner, session: AgentSession[Any], event: room_io.TextInputEvent
) -> None:
    """As LiveKit's own ``text_input_cb`` does, which fails where ``BARGE_IN`` is off: that is about
    speech over the voice. What somebody types cuts in at any time, as the button does."""
    if manner.retells:
        session.say(event.text)
        return
    async with session._claim_user_turn():
        await session.interrupt(force=True)
        session.generate_reply(user_input=event.text)
