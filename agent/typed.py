"""What is typed into the room's chat: it is answered; or said, where that is the mode."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from livekit import rtc
from livekit.agents import AgentSession, utils
from livekit.agents.types import TOPIC_CHAT

from visavis.protocol import MESSAGE_LIMIT

from .manner import Manner
from .text_stream import read_text

logger = logging.getLogger("visavis.agent")

WAITING: Final = 8
"""Texts that may be on their way or wait for the conversation to begin; more are dropped."""


class TypedText:
    """Listens to the chat (``lk.chat``) in place of LiveKit's ``RoomIO``.

    That one begins to listen with the session and passes over whom it does not know yet, so that
    what a person types first is lost; and it reads whatever length is sent. Of more than
    :data:`MESSAGE_LIMIT` characters the first ones count.
    """

    def __init__(self, room: rtc.Room, manner: Manner) -> None:
        self._room = room
        self._manner = manner
        self._session: AgentSession[Any] | None = None
        self._begun = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        room.register_text_stream_handler(TOPIC_CHAT, self._on_stream)

    def begin(self, session: AgentSession[Any]) -> None:
        """The greeting has begun: answer from now on, what waits first."""
        self._session = session
        self._begun.set()

    async def aclose(self) -> None:
        self._room.unregister_text_stream_handler(TOPIC_CHAT)
        await utils.aio.cancel_and_wait(*self._tasks)

    def _on_stream(self, reader: rtc.TextStreamReader, sender: str) -> None:
        if len(self._tasks) >= WAITING:
            reader.close()
            logger.warning("%d typed texts wait; one more is dropped", WAITING)
            return
        task = asyncio.create_task(self._take(reader, sender))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, reader: rtc.TextStreamReader, sender: str) -> None:
        try:
            text = await read_text(reader)
        except Exception as error:  # the sender has gone in the middle of it
            logger.info("a typed text did not come whole: %s", type(error).__name__)
            return
        await self._begun.wait()
        session = self._session
        assert session is not None
        link = session.room_io  # a session that is over has none
        linked = link.linked_participant if link else None
        if text.strip() and (linked is None or linked.identity == sender):
            try:
                await answer(self._manner, session, text[:MESSAGE_LIMIT])
            except Exception as error:  # its text may hold what was typed
                logger.warning("a typed text failed: %s", type(error).__name__)


async def answer(manner: Manner, session: AgentSession[Any], text: str) -> None:
    """As LiveKit's own ``text_input_cb`` does, which fails where ``BARGE_IN`` is off: that is about
    speech over the voice. What somebody types cuts in at any time, as the button does."""
    if manner.retells:
        session.say(text)
        return
    async with session._claim_user_turn():
        await session.interrupt(force=True)
        session.generate_reply(user_input=text)
