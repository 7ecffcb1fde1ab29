"""How long a provider may take before it is named in the log, and before it is given up."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from livekit.agents import APIError, APIStatusError

logger = logging.getLogger("visavis.brains")


@dataclass(frozen=True)
class Patience:
    """Seconds."""

    slow: float
    """From the request to its first answer; above that the log says so."""
    first: float
    """The same, above which it has failed."""
    next: float
    """Between two pieces of an answer, above which it has failed."""


HEARING: Final = Patience(slow=1.5, first=6.0, next=6.0)
"""A transcript, which comes in one piece."""
THINKING: Final = Patience(slow=1.5, first=8.0, next=8.0)
"""An answer, token by token."""
SPEAKING: Final = Patience(slow=1.0, first=4.0, next=3.0)
"""A sentence's sound. A listener takes a pause of some seconds for the end."""


def note_time(who: str, seconds: float, patience: Patience) -> None:
    """Name a slow provider in the log."""
    if seconds > patience.slow:
        logger.warning("%s is slow: %.1f s to its first answer", who, seconds)


def explain(error: Exception) -> str:
    """What went wrong, without a word of what was said: providers quote it in their errors."""
    if isinstance(error, APIStatusError) and error.status_code > 0:
        advice = {401: ": check its key", 403: ": check its key", 404: ": check its model's name"}
        return f"HTTP status {error.status_code}{advice.get(error.status_code, '')}"
    if isinstance(error, APIError):
        return type(error).__name__.removeprefix("API")
    return type(error).__name__
