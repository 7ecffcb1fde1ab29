"""What a session remembers of itself has a bound, and everybody is still told everything."""

from __future__ import annotations

from livekit.agents import ErrorEvent

from agent.brief_session import KEPT, BriefSession


async def test_a_long_conversation_fills_the_memory_with_what_happened_in_it() -> None:
    session = BriefSession()
    told: list[object] = []
    session.on("error", told.append)
    events = [ErrorEvent(error=None, source=None) for _ in range(KEPT + 100)]
    for event in events:
        session.emit("error", event)
    assert told == events
    assert session._recorded_events == events[-KEPT:]
