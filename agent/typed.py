"""What is typed into the room's chat: it is answered; or said, where that is the mode."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from livekit import rtc
from livekit.agents import AgentSession, room_io, utils
from livekit.agents.types import TOPIC_CHAT

from visavis.protocol import MESSAGE_LIMIT

from .manner import Manner
from .text_stream import read_text

logger = logging.getLogger("visavis.agent")

WAITING: Final = 32
"""One person's texts that may be on their way or wait for the conversation to begin; more are
dropped. As many as the gateway keeps for a WebSocket's agent: it hands them on all at once, and has
shown them as said."""


class TypedText:
    """Listens to the chat (``lk.chat``) in place of LiveKit's ``RoomIO``.

    That one begins to listen with the session and passes over whom it does not know yet, so that
    what a person types first is lost; and it reads whatever length is sent. Of more than
    :data:`MESSAGE_LIMIT` characters the first ones count. Only the person whom the session hears is
    answered.
    """

    def __init__(self, room: rtc.Room, manner: Manner) -> None:
        self._room = room
        self._manner = manner
        self._session: AgentSession[Any] | None = None
        self._retell: Callable[[str], None] | None = None
        self._link: room_io.RoomIO | None = None
        self._person: str | None = None
        """Who was heard last."""
        self._begun = asyncio.Event()
        self._waiting: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        room.register_text_stream_handler(TOPIC_CHAT, self._on_stream)

    def begin(self, session: AgentSession[Any], retell: Callable[[str], None]) -> None:
        """Answer from now on: what waits, once all is said that has been given to say. ``retell``:
        says it word for word, where that is the mode."""
        self._session, self._link, self._retell = session, session.room_io, retell
        self._begun.set()

    async def aclose(self) -> None:
        self._room.unregister_text_stream_handler(TOPIC_CHAT)
        await utils.aio.cancel_and_wait(*self._tasks)

    def _on_stream(self, reader: rtc.TextStreamReader, sender: str) -> None:
        if not self._is_heard(sender):
            reader.close()
            return
        if self._waiting[sender] >= WAITING:
            reader.close()
            logger.warning("%d typed texts wait; one more is dropped", WAITING)
            return
        self._waiting[sender] += 1
        task = asyncio.create_task(self._take(reader, sender))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_heard(self, sender: str) -> bool:
        """Or may be, where that is not known yet."""
        linked = self._link.linked_participant if self._link is not None else None
        if linked is not None:
            self._person = linked.identity
        return self._person in (None, sender)

    async def _take(self, reader: rtc.TextStreamReader, sender: str) -> None:
        try:
            text = (await read_text(reader))[:MESSAGE_LIMIT]
            cuts_in = self._begun.is_set()
            await self._begun.wait()
            if not text.strip() or not self._is_heard(sender):
                return
            if self._manner.retells and self._retell is not None:
                self._retell(text)
            elif self._session is not None:
                await answer(self._session, text, cuts_in=cuts_in)
        except Exception as error:  # its own text may hold what was typed
            logger.warning("a typed text is not answered: %s", type(error).__name__)
        finally:
            self._waiting -= Counter([sender])


async def answer(session: AgentSession[Any], text: str, *, cuts_in: bool = True) -> None:
    """As LiveKit's own ``text_input_cb`` does, which fails where ``BARGE_IN`` is off: that is about
    speech over the voice. What somebody types cuts in at any time, as the button does; what they
    typed before they were greeted does not cut off the greeting."""
    if not cuts_in:
        session.generate_reply(user_input=text)
        return
    async with session._claim_user_turn():
        await session.interrupt(force=True)
        session.generate_reply(user_input=text)
