"""Whether the agent that an avatar speaks for is in the room."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from livekit import rtc

logger = logging.getLogger("visavis.avatar")

AGENT_STATE: Final = "lk.agent.state"
"""LiveKit's attribute of an agent: initializing, listening, thinking, speaking."""
PATIENCE: Final = 10.0
"""Seconds to wait for the agent: at the start, and after it left without a word. A lost connection
is a leave and a join for everybody else."""
GOODBYES: Final = frozenset(
    {
        rtc.DisconnectReason.CLIENT_INITIATED,
        rtc.DisconnectReason.PARTICIPANT_REMOVED,
        rtc.DisconnectReason.ROOM_DELETED,
        rtc.DisconnectReason.ROOM_CLOSED,
    }
)
"""Reasons after which it does not come back."""


class AgentPresence:
    """Follows one participant of a room; ``aclose`` lets go of the room."""

    def __init__(
        self,
        room: rtc.Room,
        identity: str,
        *,
        on_state: Callable[[str | None], None],
        on_gone: Callable[[str], None],
    ) -> None:
        """
        Args:
            on_state: Called with the agent's state whenever it may have changed.
            on_gone: Called with the reason, once the agent is gone for good.
        """
        self._room = room
        self._identity = identity
        self._on_state = on_state
        self._on_gone = on_gone
        self._waiting: asyncio.TimerHandle | None = None
        self._handlers: dict[rtc.room.EventTypes, Callable[..., None]] = {
            "participant_connected": self._on_connected,
            "participant_disconnected": self._on_disconnected,
            "participant_attributes_changed": self._on_attributes,
        }
        for event, handler in self._handlers.items():
            room.on(event, handler)
        agent = room.remote_participants.get(identity)
        if agent is not None:
            self._on_connected(agent)
        else:
            self._wait("the agent that asked for this avatar is not in the room")

    def aclose(self) -> None:
        for event, handler in self._handlers.items():
            self._room.off(event, handler)
        self._stop_waiting()

    def _on_connected(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._identity:
            self._stop_waiting()
            self._on_state(participant.attributes.get(AGENT_STATE))

    def _on_attributes(self, _changed: dict[str, str], participant: rtc.Participant) -> None:
        if participant.identity == self._identity:
            self._on_state(participant.attributes.get(AGENT_STATE))

    def _on_disconnected(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity != self._identity:
            return
        if participant.disconnect_reason in GOODBYES:
            self._stop_waiting()
            self._on_gone("the agent left")
        else:
            logger.info("the agent is gone without a word; waiting for it to come back")
            self._wait("the agent was gone and did not come back")

    def _wait(self, reason: str) -> None:
        self._stop_waiting()
        loop = asyncio.get_running_loop()
        self._waiting = loop.call_later(PATIENCE, self._give_up, reason)

    def _give_up(self, reason: str) -> None:
        if self._room.connection_state != rtc.ConnectionState.CONN_CONNECTED:
            self._wait(reason)  # it is we who are cut off
        elif self._identity not in self._room.remote_participants:
            self._on_gone(reason)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
