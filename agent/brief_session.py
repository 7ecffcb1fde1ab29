"""A session that does not remember all that ever happened in it."""

from __future__ import annotations

from typing import Any, Final

from livekit.agents import AgentSession

KEPT: Final = 500
"""Events: the last four minutes of a conversation, 2 MB."""


class BriefSession(AgentSession[None]):
    """LiveKit keeps every event of a session, figures and state changes too, for the report that
    it sends to its cloud in the end: 5 MB in ten minutes of talk. This one keeps the last ones.
    """

    def emit(self, event: Any, arg: Any) -> None:
        super().emit(event, arg)
        del self._recorded_events[:-KEPT]
