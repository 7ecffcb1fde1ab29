"""The gateway's wishes while a session runs: RPC ``visavis.door``."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final

from livekit import rtc

from agent.controls.messages import Message
from agent.parts import ControlError
from visavis.appearance import AppearanceError, shorten
from visavis.protocol import (
    DOOR_FORBIDDEN,
    DOOR_NOT_NOW,
    DOOR_WRONG,
    ProtocolError,
    read_object,
)
from visavis.talk import MessageNews, TalkChange

from .pieces import Piece, Pieces

SENDER: Final = ""
"""Of the gateway's texts; no participant has an empty identity."""
BEGINNING: Final = 6.0
"""Seconds that a call waits for the conversation to begin."""
REMEMBERED: Final = 1000
"""Texts whose state is known when they are sent again; of more the oldest are forgotten."""

_ACTIONS: Final = ("settings", "message", "interrupt", "end")


class Door:
    """Answers. A session that has not begun yet is waited for; what needs a listener is refused
    until :meth:`admit`.

    Args:
        key: :func:`visavis.session.door_key`.
        end: Ends the session soon; harmless when repeated.
        clock: Seconds, monotonic.
        is_anybody_there: Whether a person is in the room; :meth:`admit` will follow then.
    """

    def __init__(
        self,
        key: str,
        end: Callable[[], None],
        clock: Callable[[], float],
        is_anybody_there: Callable[[], bool],
    ) -> None:
        self._key = key
        self._is_anybody_there = is_anybody_there
        self._end = end
        self._pieces = Pieces(clock)
        self._states: OrderedDict[str, MessageNews] = OrderedDict()
        self._begun = asyncio.Event()
        self._admitted = asyncio.Event()
        self._change: Callable[[TalkChange], Awaitable[str]] | None = None
        self._take: Callable[[Message], Awaitable[None]] | None = None
        self._interrupt: Callable[[], Awaitable[object]] | None = None

    def begin(self, change: Callable[[TalkChange], Awaitable[str]]) -> None:
        """The conversation has begun. ``change`` as :func:`agent.controls.wishes.fulfil`."""
        self._change = change
        self._begun.set()

    def admit(
        self,
        take: Callable[[Message], Awaitable[None]],
        interrupt: Callable[[], Awaitable[object]],
    ) -> None:
        """Somebody is there. ``take`` accepts or refuses a text; the news come by :meth:`hear`."""
        self._take, self._interrupt = take, interrupt
        self._admitted.set()

    def hear(self, news: MessageNews) -> None:
        """What has become of a text of :data:`SENDER`."""
        self._states[news.id] = news
        if len(self._states) > REMEMBERED:
            self._states.popitem(last=False)

    async def answer(self, call: rtc.RpcInvocationData) -> str:
        """Raises :class:`rtc.RpcError`."""
        try:
            asked = read_object(call.payload, "a call at the door")
            key = asked.get("key")
            # As bytes: compare_digest takes no other text than ASCII.
            if not isinstance(key, str) or not hmac.compare_digest(
                key.encode(errors="replace"), self._key.encode()
            ):
                raise rtc.RpcError(DOOR_FORBIDDEN, "only the gateway may call this")
            return await self._do(asked)
        except (ProtocolError, ControlError, AppearanceError) as error:
            raise rtc.RpcError(DOOR_WRONG, shorten(str(error)), str(error)) from None

    async def _do(self, asked: dict[str, Any]) -> str:
        match asked.get("action"):
            case "end":
                self._end()
                return "ok"
            case "settings":
                return await self._settle(asked.get("change"))
            case "message":
                return await self._hand_on(_piece(asked))
            case "interrupt":
                await self._wait_for_listener()
                assert self._interrupt is not None
                await self._interrupt()
                return "ok"
            case other:
                known = ", ".join(_ACTIONS)
                raise ProtocolError(f"action={str(other)[:40]!r}: use one of {known}")

    async def _settle(self, change: Any) -> str:
        if not isinstance(change, dict):
            raise ProtocolError("'change' must be a JSON object")
        wish = TalkChange.from_json(json.dumps(change, ensure_ascii=False))
        await _wait(self._begun)
        assert self._change is not None
        return await self._change(wish)

    async def _hand_on(self, piece: Piece) -> str:
        await self._wait_for_listener()
        assert self._take is not None
        # Not before the wait: a call that LiveKit makes twice waits twice.
        known = self._states.get(piece.id)
        if known is not None:
            if known.state != "refused" or piece.index > 0:
                return known.to_json()
            # It comes again, whole: its next pieces must not meet the old refusal.
            del self._states[piece.id]
        text = self._pieces.add(piece)
        if text is None:
            return "ok"
        await self._take(Message(piece.id, SENDER, piece.kind, text))
        return self._states[piece.id].to_json()

    async def _wait_for_listener(self) -> None:
        if not self._admitted.is_set() and not self._is_anybody_there():
            text = "nobody is there to listen: the person has not joined yet"
            raise rtc.RpcError(DOOR_NOT_NOW, text)
        await _wait(self._admitted)


async def _wait(event: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(BEGINNING):
            await event.wait()
    except TimeoutError:
        text = "the conversation has not begun yet; ask again in a moment"
        raise rtc.RpcError(DOOR_NOT_NOW, text) from None


def _piece(asked: dict[str, Any]) -> Piece:
    """Raises :class:`ProtocolError`."""
    id, kind, text = asked.get("id"), asked.get("kind"), asked.get("text")
    index, last = asked.get("index"), asked.get("last")
    if not isinstance(id, str) or not 0 < len(id) <= 64:
        raise ProtocolError("'id' of a text must have 1 to 64 characters")
    if kind != "say" and kind != "ask":
        raise ProtocolError("'kind' of a text is say or ask")
    if type(index) is not int or index < 0:
        raise ProtocolError("'index' of a piece must be a whole number from 0")
    if not isinstance(last, bool) or not isinstance(text, str):
        raise ProtocolError("a piece needs 'text', and 'last', true or false")
    return Piece(id, kind, index, last, text)
