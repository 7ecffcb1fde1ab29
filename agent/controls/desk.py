"""Takes wishes from the room: RPC ``visavis.settings``, texts to say and to ask."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final, Literal

from livekit import rtc
from livekit.agents import utils

from agent.parts import ControlError
from agent.text_stream import read_text
from visavis import AvatarSession
from visavis.appearance import AppearanceError, shorten
from visavis.protocol import (
    ATTRIBUTE_CONTROL,
    ATTRIBUTE_SETTINGS,
    RPC_SETTINGS,
    TOPIC_ASK,
    TOPIC_MESSAGE,
    TOPIC_SAY,
    ProtocolError,
)
from visavis.talk import MessageNews, Talk, TalkChange

from .control import Control
from .messages import Message, Messages, News
from .wishes import fulfil

logger = logging.getLogger("visavis.agent")

_WRONG: Final = 1400
_FORBIDDEN: Final = 1403


async def open_desk(
    room: rtc.Room, messages: Messages, control: Control, avatar: AvatarSession
) -> AsyncExitStack:
    """Begin to answer; close what it returns when the conversation is over.

    ``messages``: whose news go to their senders, see :func:`tell_sender`.
    """
    desk, tell = _Desk(room, control, avatar), tell_sender(room)
    closing = AsyncExitStack()
    reading: set[asyncio.Task[None]] = set()

    def receive(kind: Literal["say", "ask"]) -> Callable[[rtc.TextStreamReader, str], None]:
        def on_stream(reader: rtc.TextStreamReader, sender: str) -> None:
            task = asyncio.create_task(_read(reader, sender, kind, desk, messages, tell))
            reading.add(task)
            task.add_done_callback(reading.discard)

        return on_stream

    room.local_participant.register_rpc_method(RPC_SETTINGS, desk.on_call)
    room.register_text_stream_handler(TOPIC_SAY, receive("say"))
    room.register_text_stream_handler(TOPIC_ASK, receive("ask"))
    running = asyncio.create_task(messages.run(), name="texts to say")
    closing.push_async_callback(utils.aio.cancel_and_wait, running)
    await tell_room(room, control.talk)
    return closing


def tell_sender(room: rtc.Room) -> News:
    """Tells a participant what has become of a text of theirs."""

    async def tell(identity: str, news: MessageNews) -> None:
        await room.local_participant.publish_data(
            news.to_json(), topic=TOPIC_MESSAGE, destination_identities=[identity]
        )

    return tell


async def tell_room(room: rtc.Room, talk: Talk) -> None:
    """Publish what is in force."""
    try:
        await room.local_participant.set_attributes({ATTRIBUTE_SETTINGS: talk.to_json()})
    except Exception as error:  # a room that reconnects; the next change says all
        logger.warning("the new settings could not be published: %s", type(error).__name__)


class _Desk:
    def __init__(self, room: rtc.Room, control: Control, avatar: AvatarSession) -> None:
        self._room = room
        self._control = control
        self._avatar = avatar

    def may(self, identity: str) -> bool:
        caller = self._room.remote_participants.get(identity)
        return caller is not None and caller.attributes.get(ATTRIBUTE_CONTROL) == "true"

    async def on_call(self, invocation: rtc.RpcInvocationData) -> str:
        if not self.may(invocation.caller_identity):
            raise rtc.RpcError(_FORBIDDEN, f"only who has {ATTRIBUTE_CONTROL}=true may do that")
        try:
            asked = TalkChange.from_json(invocation.payload)
            return await fulfil(asked, self._control, self._avatar)
        except (ProtocolError, ControlError, AppearanceError) as error:
            raise rtc.RpcError(_WRONG, shorten(str(error)), str(error)) from None


async def _read(
    reader: rtc.TextStreamReader,
    sender: str,
    kind: Literal["say", "ask"],
    desk: _Desk,
    messages: Messages,
    tell: News,
) -> None:
    """Take a text off the wire; of one that is too long no more than the limit is kept."""
    if not desk.may(sender):
        reader.close()
        refusal = f"only who has {ATTRIBUTE_CONTROL}=true may do that"
        await tell(sender, MessageNews(reader.info.stream_id, "refused", refusal))
        return
    try:
        text = await read_text(reader)
    except Exception as error:  # the sender has gone in the middle of it
        logger.info("a text to %s did not come whole: %s", kind, type(error).__name__)
        return
    await messages.take(Message(reader.info.stream_id, sender, kind, text))
