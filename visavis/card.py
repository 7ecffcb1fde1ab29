"""What the agent shows on a person's page: RPC ``visavis.show_card``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from .protocol import ProtocolError

CARD_LIMITS: Final = {"title": 120, "text": 2000, "url": 2000}
"""Characters."""


@dataclass(frozen=True)
class Card:
    """Something to read, or a page to open, beside the conversation.

    Raises :class:`ProtocolError` for a part that is longer than :data:`CARD_LIMITS`, for a card
    without a title, and for an address that is not ``http`` or ``https``.
    """

    title: str
    text: str = ""
    """Plain lines."""
    url: str | None = None

    def __post_init__(self) -> None:
        if not self.title.strip():
            raise ProtocolError("a card needs a title")
        for name, most in CARD_LIMITS.items():
            if len(getattr(self, name) or "") > most:
                raise ProtocolError(f"the {name} of a card must have at most {most} characters")
        if self.url is not None and not self.url.startswith(("https://", "http://")):
            raise ProtocolError("the address of a card must begin with https:// or http://")

    def to_json(self) -> str:
        parts = {name: value for name, value in asdict(self).items() if value is not None}
        text = json.dumps(parts, ensure_ascii=False)  # LiveKit counts bytes
        # Half a surrogate pair is legal in JSON, and cannot be sent.
        return text.encode(errors="replace").decode()
