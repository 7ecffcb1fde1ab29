"""Whether a conversation can begin is looked up once, however many ask."""

from __future__ import annotations

import asyncio
from pathlib import Path

from livekit.api import LiveKitAPI

from gateway.service.readiness import CACHE_SECONDS, Readiness
from store import Worker, Workers, open_store
from tests.clocks import Clock

NOWHERE = "ws://127.0.0.1:1"


class CountedWorkers(Workers):
    asked = 0

    def here(self) -> list[Worker]:
        self.asked += 1
        return super().here()


async def test_many_checks_ask_livekit_and_the_store_once_a_second(
    tmp_path: Path, clock: Clock
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/visavis.sqlite3")
    workers = CountedWorkers(store, clock)
    async with LiveKitAPI(NOWHERE, "key", "secret" * 6) as livekit:
        readiness = Readiness(livekit, NOWHERE, workers, clock)
        states = await asyncio.gather(*(readiness.check() for _ in range(20)))
        assert workers.asked == 1
        assert all(state.missing.keys() == {"livekit", "agents", "faces"} for state in states)
        clock.now += CACHE_SECONDS
        await readiness.check()
        assert workers.asked == 2
    store.dispose()
