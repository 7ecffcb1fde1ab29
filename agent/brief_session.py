"""LiveKit's session of one conversation, on the brains that were chosen."""

from __future__ import annotations

from typing import Any, Final

from livekit.agents import AgentSession
from livekit.agents.types import NOT_GIVEN

from .brains.choose import Brains
from .seeing import sampler

ECHO_LEARNING: Final = 1.0
"""Seconds at the beginning of the agent's first words during which the person cannot cut in, while
the echo canceller of their device learns the loudspeaker. LiveKit's default is 3."""
KEPT: Final = 500
"""Events: the last four minutes of a conversation, 2 MB."""


class BriefSession(AgentSession[None]):
    """LiveKit keeps every event of a session, figures and state changes too, for the report that
    it sends to its cloud in the end: 5 MB in ten minutes of talk. This one keeps the last ones.
    """

    def emit(self, event: Any, arg: Any) -> None:
        super().emit(event, arg)
        del self._recorded_events[:-KEPT]


def open_session(brains: Brains) -> AgentSession[None]:
    return BriefSession(
        vad=brains.vad,
        stt=NOT_GIVEN if brains.stt is None else brains.stt,
        llm=brains.llm,
        tts=brains.tts,
        tools=list(brains.tools),
        turn_handling=brains.turn_handling,
        video_sampler=sampler(brains.llm),
        aec_warmup_duration=ECHO_LEARNING,
        use_tts_aligned_transcript=True,
    )
