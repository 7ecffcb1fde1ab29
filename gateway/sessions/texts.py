"""Texts to say and to ask on their way to the agent: in pieces that a call can carry, in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Final, Literal
from weakref import WeakValueDictionary

from visavis.protocol import DOOR_PIECE
from visavis.talk import MessageNews

from .door import Door

PIECE_BYTES: Final = 12_000
"""Of JSON, the text alone."""


class Courier:
    """Hands texts on. Of one session no two are on their way at once, so that none overtakes
    another that came first; at another gateway they come together by their ids."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def hand_on(
        self, room: str, agent: str, kind: Literal["say", "ask"], id: str, text: str
    ) -> tuple[MessageNews, int]:
        """Whether it was accepted, and in how many pieces it went. As :meth:`Door.call`."""
        turn = self._turns.setdefault(room, asyncio.Lock())
        async with turn:
            pieces = list(split(text))
            answer = ""
            for index, piece in enumerate(pieces):
                last = index == len(pieces) - 1
                answer = await self._door.call(
                    room, agent, "message", id=id, kind=kind, index=index, last=last, text=piece
                )
                if answer != "ok":  # it knows this text already
                    break
        news: dict[str, Any] = json.loads(answer)
        return MessageNews(**news), len(pieces)


def split(text: str) -> Iterator[str]:
    """Pieces of at most :data:`DOOR_PIECE` characters and :data:`PIECE_BYTES`."""
    for start in range(0, len(text), DOOR_PIECE):
        yield from _halve(text[start : start + DOOR_PIECE])


def _halve(piece: str) -> Iterator[str]:
    if len(json.dumps(piece, ensure_ascii=False).encode()) <= PIECE_BYTES:
        yield piece
        return
    middle = len(piece) // 2
    yield from _halve(piece[:middle])
    yield from _halve(piece[middle:])
