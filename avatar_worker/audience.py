"""Speech waits until the first person can hear it, but not for ever."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from livekit import rtc

from avatar_worker.player import Player

logger = logging.getLogger("visavis.avatar")

PATIENCE: Final = 3.0
"""Seconds."""


class Audience:
    """Opens the player's gate.

    A person can hear once somebody has subscribed to all tracks, or is sent the sound with the
    weights. Where nobody is there speech does not wait; it does again when the first one comes.
    """

    def __init__(
        self,
        room: rtc.Room,
        player: Player,
        published: list[rtc.LocalTrackPublication],
        listened: asyncio.Event,
        patience: float = PATIENCE,
    ) -> None:
        """``listened``: set when somebody is sent the sound with the weights."""
        self._room = room
        self._player = player
        self._published = published
        self._listened = listened
        self._patience = patience
        self._waiting: asyncio.Task[None] | None = None

    async def gather(self) -> None:
        """Returns when speech may begin."""
        if any(map(_is_person, self._room.remote_participants.values())):
            await self._wait()
        else:
            self._player.open_gate()
            self._room.on("participant_connected", self._on_connected)

    def close(self) -> None:
        self._room.off("participant_connected", self._on_connected)
        if self._waiting is not None:
            self._waiting.cancel()

    def _on_connected(self, participant: rtc.RemoteParticipant) -> None:
        if self._waiting is None and _is_person(participant):
            self._player.close_gate()
            self._waiting = asyncio.create_task(self._wait(), name="visavis audience")

    async def _wait(self) -> None:
        hearing = [
            asyncio.create_task(self._subscribed()),
            asyncio.create_task(self._listened.wait()),
        ]
        try:
            heard, _ = await asyncio.wait(
                hearing, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED
            )
            if not heard:
                logger.info("nobody listens and looks yet; speaking anyway")
        finally:
            for each in hearing:
                each.cancel()
            self._player.open_gate()

    async def _subscribed(self) -> None:
        for publication in self._published:
            await publication.wait_for_subscription()


def _is_person(participant: rtc.RemoteParticipant) -> bool:
    return participant.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
