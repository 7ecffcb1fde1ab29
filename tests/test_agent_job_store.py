"""A job's database: opened once whoever needs it, and not closed before the last word is in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

import agent.job_store as job_store
from agent.job_store import JobStore
from store import Memories, StoreError, Turn, open_store


async def test_each_part_of_an_agent_opens_a_database_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Engine] = []

    def fail_first(url: str) -> Engine:
        if not opened:
            opened.append(open_store("sqlite://"))
            raise StoreError("not yet")
        opened.append(open_store(url))
        return opened[-1]

    monkeypatch.setattr(job_store, "open_store", fail_first)
    store = JobStore(f"sqlite:///{tmp_path}/visavis.sqlite3")
    with pytest.raises(StoreError):
        await asyncio.to_thread(store.open)
    found = await asyncio.gather(*(asyncio.to_thread(store.open) for _ in range(8)))
    assert set(found) == {opened[1]} and len(opened) == 2
    await store.aclose()


async def test_the_last_words_come_after_the_database_is_closed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{tmp_path}/visavis.sqlite3"
    store, order = JobStore(url), list[str]()
    engine = store.open()
    event.listen(engine, "engine_disposed", lambda _: order.append("closed"))

    async def save() -> None:
        await asyncio.sleep(0.05)
        turns = [Turn(1.0, "user", "Hello")]
        await asyncio.to_thread(
            Memories(engine, lambda: 2.0).keep, "anna", since=1.0, turns=turns, facts=None
        )
        order.append("saved")

    async def fail() -> None:
        raise ValueError("what was said")

    store.at_the_end(fail)
    store.at_the_end(save)
    await store.aclose()
    assert order == ["saved", "closed"]
    assert "ValueError" in caplog.text and "what was said" not in caplog.text
    assert Memories(open_store(url), lambda: 3.0).recall("anna").turns


def test_a_job_that_needs_no_database_opens_one(tmp_path: Path) -> None:
    asyncio.run(JobStore(f"sqlite:///{tmp_path}/visavis.sqlite3").aclose())
    assert not list(tmp_path.iterdir())
