"""Nobody misses the first word, and nobody is waited for in vain."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc

from avatar_worker.audience import Audience
from avatar_worker.player import Player

PERSON = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT


class Hall:
    """A room, a player's gate, and a track that may be subscribed to."""

    def __init__(self, *present: Any, patience: float = 60) -> None:
        self.remote_participants = {str(k): _of(kind) for k, kind in enumerate(present)}
        self.handlers: list[Any] = []
        self.is_open = False
        self.subscribed, self.listened = asyncio.Event(), asyncio.Event()
        track = SimpleNamespace(wait_for_subscription=self.subscribed.wait)
        self.audience = Audience(
            cast(rtc.Room, self),
            cast(Player, self),
            [cast(rtc.LocalTrackPublication, track)],
            self.listened,
            patience,
        )

    def on(self, _: str, handler: Any) -> None:
        self.handlers.append(handler)

    def off(self, _: str, handler: Any) -> None:
        self.handlers.clear()

    def open_gate(self) -> None:
        self.is_open = True

    def close_gate(self) -> None:
        self.is_open = False

    def join(self, kind: Any) -> None:
        for handler in self.handlers:
            handler(_of(kind))


def _of(kind: Any) -> Any:
    return SimpleNamespace(kind=kind)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("how", ["subscribed", "listened"])
async def test_the_first_word_is_not_said_before_the_person_hears(how: str) -> None:
    hall = Hall(AGENT, PERSON)
    gathering = asyncio.create_task(hall.audience.gather())
    await settle()
    assert not hall.is_open and not gathering.done()
    getattr(hall, how).set()
    await gathering
    assert hall.is_open


async def test_who_comes_to_a_face_that_waited_does_not_miss_the_first_word() -> None:
    hall = Hall(AGENT)
    await hall.audience.gather()
    assert hall.is_open, "what is said in an empty room would wait for ever"
    hall.join(AGENT)
    assert hall.is_open
    hall.join(PERSON)
    await settle()
    assert not hall.is_open
    hall.listened.set()
    await settle()
    assert hall.is_open
    hall.join(PERSON)
    assert hall.is_open, "a second person is no reason to fall silent"
    hall.audience.close()


async def test_a_person_who_never_listens_does_not_hold_the_voice_up() -> None:
    hall = Hall(AGENT, PERSON, patience=0.01)
    await hall.audience.gather()
    assert hall.is_open
