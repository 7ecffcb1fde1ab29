"""What becomes of a file that somebody sent to the agent (:data:`visavis.protocol.TOPIC_FILE`)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True)
class FileNews:
    """The agent's answer to the sender of a file."""

    id: str
    """Of the byte stream."""
    name: str
    kind: Literal["picture", "document"] | None = None
    """None where it was refused before that was known."""
    error: str | None = None
    """One sentence for people; None: it was taken."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)
