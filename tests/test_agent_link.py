"""What the avatar's worker tells the agent of itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from avatar_worker import agent_link, speech_stream
from avatar_worker.agent_link import AgentLink
from avatar_worker.player import Player, Playhead, Voice
from avatar_worker.speech_stream import chunks
from visavis.playback import SignOfLife

HOUR = 3600.0


@dataclass
class Far:
    """The room and the player of a link."""

    signs: asyncio.Queue[SignOfLife] = field(default_factory=asyncio.Queue)
    stalled_for: float = 0.0
    lead: float = 0.14
    playhead: Playhead = field(default_factory=lambda: Playhead(None, 0.0, False))

    @property
    def local_participant(self) -> Far:
        return self

    def isconnected(self) -> bool:
        return True

    async def publish_data(self, data: str, **_: object) -> None:
        self.signs.put_nowait(SignOfLife.from_json(data))

    aheads: list[float] = field(default_factory=lambda: [0.0])
    """Of each look at the open segment, the last for ever."""

    def open(self) -> int:
        return 1

    def ahead(self, segment: int) -> float:
        return self.aheads.pop(0) if len(self.aheads) > 1 else self.aheads[0]


@pytest.fixture
async def far(monkeypatch: pytest.MonkeyPatch) -> Far:
    monkeypatch.setattr(agent_link, "LINGERING", 0.0)
    monkeypatch.setattr(agent_link, "ALIVE_AT_REST", HOUR)
    return Far()


@pytest.fixture
async def link(far: Far) -> AsyncIterator[AgentLink]:
    made = AgentLink(cast(Any, far), "agent", cast(Player, far), cast(Voice, far))
    living = asyncio.create_task(made._live())
    made.announce()
    yield made
    living.cancel()


async def test_the_first_word_does_not_wait_for_a_sign_at_rest(far: Far, link: AgentLink) -> None:
    await asyncio.sleep(0)
    assert far.signs.empty(), "it hurries although nothing is to be said"
    reader = SimpleNamespace(info=SimpleNamespace(attributes={}, stream_id="s"))
    link._on_stream(cast(Any, reader), "agent")
    async with asyncio.timeout(20):
        sign = await far.signs.get()
    assert not sign.paused and sign.position == 0
    assert sign.lead == far.lead, "the agent cannot know how much it waits for"


async def read(far: Far, monkeypatch: pytest.MonkeyPatch, within: float) -> bool:
    """A stream without a trailer: was it given up ``within`` so many seconds?"""
    monkeypatch.setattr(speech_stream, "STREAM_IDLE", 0.01)

    async def stream() -> AsyncIterator[bytes]:
        yield b"sound"
        await asyncio.sleep(HOUR)

    async def take() -> list[bytes]:
        arriving = chunks(cast(Any, stream()), asyncio.Event(), cast(Player, far), 1)
        return [chunk async for chunk in arriving]

    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            assert await take() == [b"sound"]
            return True
    return False


async def test_a_rest_that_lip_sync_holds_back_keeps_a_stream_open_for_ever(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    far.aheads = [1.0, 0.5, 0.05]
    assert await read(far, monkeypatch, 20)
    assert far.aheads == [0.05]


async def test_a_stream_is_given_up_while_its_voice_is_held(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    far.aheads, far.playhead = [0.5], Playhead(None, 0.0, True)
    assert not await read(far, monkeypatch, 0.5)


async def test_a_stream_is_given_up_while_it_sounds(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    far.aheads = [float(seconds) for seconds in range(1000, 0, -1)]
    assert not await read(far, monkeypatch, 0.5)
