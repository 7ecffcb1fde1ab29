"""What the avatar's worker tells the agent of itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from avatar_worker import agent_link
from avatar_worker.agent_link import AgentLink
from avatar_worker.player import Player, Playhead, Voice
from visavis.playback import SignOfLife

HOUR = 3600.0


@dataclass
class Far:
    """The room and the player of a link."""

    signs: asyncio.Queue[SignOfLife] = field(default_factory=asyncio.Queue)
    stalled_for: float = 0.0
    playhead: Playhead = field(default_factory=lambda: Playhead(None, 0.0, False))

    @property
    def local_participant(self) -> Far:
        return self

    def isconnected(self) -> bool:
        return True

    async def publish_data(self, data: str, **_: object) -> None:
        self.signs.put_nowait(SignOfLife.from_json(data))

    def open(self) -> int:
        return 1


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
