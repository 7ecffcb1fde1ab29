"""Takes wishes for another appearance, and shows in the avatar's attributes what is in force."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from livekit import rtc

from avatar_worker.wardrobe import Wardrobe, WardrobeError
from visavis.appearance import Appearance, AppearanceChange, shorten
from visavis.protocol import (
    ATTRIBUTE_CONTROL,
    RPC_APPEARANCE,
    WRONG_APPEARANCE,
    ProtocolError,
)

logger = logging.getLogger("visavis.avatar")

_FORBIDDEN: Final = 1403


class AppearanceDesk:
    """Answers the RPC ``visavis.appearance`` of one room."""

    def __init__(self, room: rtc.Room, agent_identity: str, wardrobe: Wardrobe) -> None:
        self._room = room
        self._agent = agent_identity
        self._wardrobe = wardrobe

    def register(self) -> None:
        """After the room is connected."""
        self._room.local_participant.register_rpc_method(RPC_APPEARANCE, self._on_call)

    async def change(self, asked: AppearanceChange) -> Appearance:
        """As :meth:`Wardrobe.change`; the attributes follow, but for what none of them tells."""
        worn = await self._wardrobe.change(asked)
        if replace(asked, expression=None, gesture=None) != AppearanceChange():
            await self.tell()
        return worn

    async def tell(self) -> None:
        """Publish what is in force."""
        try:
            attributes = self._wardrobe.worn.attributes
            await self._room.local_participant.set_attributes(attributes)
        except Exception as error:  # a room that reconnects; the next change says all
            logger.warning("the avatar's new appearance could not be published: %s", error)

    async def _on_call(self, invocation: rtc.RpcInvocationData) -> str:
        if not self._may_change(invocation.caller_identity):
            message = f"only the avatar's agent and who has {ATTRIBUTE_CONTROL}=true may do that"
            raise rtc.RpcError(_FORBIDDEN, message)
        try:
            asked = AppearanceChange.from_json(invocation.payload)
            if asked == AppearanceChange(expression=asked.expression):
                if asked.expression is not None:  # it goes with a sentence, and waits for nothing
                    self._wardrobe.express(asked.expression)
                return self._wardrobe.worn.to_json()
            return (await self.change(asked)).to_json()
        except (ProtocolError, WardrobeError) as error:
            raise rtc.RpcError(WRONG_APPEARANCE, shorten(str(error)), str(error)) from None

    def _may_change(self, identity: str) -> bool:
        if identity == self._agent:
            return True
        caller = self._room.remote_participants.get(identity)
        return caller is not None and caller.attributes.get(ATTRIBUTE_CONTROL) == "true"
