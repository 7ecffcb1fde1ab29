"""Texts that come in pieces, because a call carries no more."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from visavis.protocol import DOOR_PIECE, MESSAGE_LIMIT, ProtocolError

OPEN: Final = 32
"""Texts that may be on their way at once."""
SLOWEST: Final = 60.0
"""Seconds after its last piece at which a text that is not whole is forgotten."""

Kind = Literal["say", "ask"]


@dataclass(frozen=True)
class Piece:
    """Of the text ``id``, the one at ``index`` from 0."""

    id: str
    kind: Kind
    index: int
    last: bool
    text: str


@dataclass
class _Text:
    kind: Kind
    at: float
    pieces: list[str] = field(default_factory=list)


class Pieces:
    """Puts them together, in order and within bounds.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._texts: OrderedDict[str, _Text] = OrderedDict()

    def add(self, piece: Piece) -> str | None:
        """The whole text with its last piece; None before. A piece that comes again at once is
        taken for the same; the first one of a text begins it anew.

        Raises :class:`ProtocolError`: it does not go on where the text ended, and the text is as it
        was; or there is too much of it, and the text is forgotten.
        """
        self._forget_old()
        if len(piece.text) > DOOR_PIECE:
            raise ProtocolError(
                f"a piece has at most {DOOR_PIECE} characters, not {len(piece.text)}"
            )
        text = self._texts.get(piece.id)
        have = len(text.pieces) if text else 0
        if text and piece.index == have - 1 and piece.text == text.pieces[-1]:
            return self._whole(piece.id) if piece.last else None
        if text and piece.index == 0:  # who sent it died on the way; it comes again, whole
            del self._texts[piece.id]
            text, have = None, 0
        if piece.index != have or (text and text.kind != piece.kind):
            raise ProtocolError(
                f"piece {piece.index} of a text to {piece.kind} does not go on where it ended: "
                f"piece {have} of it is expected"
            )
        if text is None:
            if len(self._texts) >= OPEN:
                raise ProtocolError(f"{OPEN} texts are on their way; finish one of them first")
            text = self._texts[piece.id] = _Text(piece.kind, 0.0)
        text.at = self._clock()
        text.pieces.append(piece.text)
        self._texts.move_to_end(piece.id)
        if (length := sum(map(len, text.pieces))) > MESSAGE_LIMIT:
            del self._texts[piece.id]
            raise ProtocolError(
                f"it has {length} characters or more; at most {MESSAGE_LIMIT} are taken"
            )
        return self._whole(piece.id) if piece.last else None

    def _whole(self, id: str) -> str:
        return "".join(self._texts.pop(id).pieces)

    def _forget_old(self) -> None:
        horizon = self._clock() - SLOWEST
        while self._texts and next(iter(self._texts.values())).at < horizon:
            self._texts.popitem(last=False)
