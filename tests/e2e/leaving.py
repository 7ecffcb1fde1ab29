"""A person hangs up, and the room is empty before anything else begins."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from livekit import api
from playwright.sync_api import Page, expect

from bench.livekit import LiveKitServer
from bench.system import System
from settings import Settings


def inhabitants(livekit: LiveKitServer) -> list[str]:
    """Everybody in any room."""

    async def ask_livekit() -> list[str]:
        async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as lk:
            found: list[str] = []
            for room in (await lk.room.list_rooms(api.ListRoomsRequest())).rooms:
                request = api.ListParticipantsRequest(room=room.name)
                people = (await lk.room.list_participants(request)).participants
                found += [each.identity for each in people]
            return sorted(found)

    with ThreadPoolExecutor(1) as thread:  # Playwright has a loop of its own in this one
        return thread.submit(asyncio.run, ask_livekit()).result()


def hang_up(page: Page, system: System) -> None:
    """For good, and at once: the agent waits for nobody."""
    page.get_by_test_id("hangup").click()
    expect(page.get_by_test_id("start")).to_be_visible()
    patience = time.monotonic() + Settings(_env_file=None).reconnect_grace - 5
    while (left := inhabitants(system.livekit)) and time.monotonic() < patience:
        page.wait_for_timeout(250)
    assert not left, f"{left} stayed behind"
