"""A conversation begins beside its job's entry point."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agent.session import begin_apart


class Job:
    def __init__(self) -> None:
        self.callbacks: list[Callable[[], Awaitable[None]]] = []
        self.reasons: list[str] = []
        self.add_shutdown_callback = self.callbacks.append
        self.shutdown = self.reasons.append


async def test_a_conversation_that_waits_for_its_person_does_not_keep_its_worker_from_ending() -> (
    None
):
    job: Any = Job()
    begun, over = asyncio.Event(), asyncio.Event()

    async def wait_for_person() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            over.set()

    begin_apart(job, wait_for_person(), fail=job.reasons.clear, is_over=lambda: False)
    await begun.wait()
    for callback in job.callbacks:
        await callback()
    assert over.is_set() and job.reasons == []


async def test_who_comes_while_it_is_handed_over_does_not_end_the_session() -> None:
    job: Any = Job()
    came = asyncio.Event()

    async def talk() -> None:
        came.set()
        raise RuntimeError("AgentSession is closing, cannot use say()")

    begin_apart(job, talk(), fail=lambda: job.reasons.append("failed"), is_over=lambda: True)
    await came.wait()
    for callback in job.callbacks:
        await callback()
    assert job.reasons == []


async def test_a_conversation_that_cannot_begin_is_not_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    job: Any = Job()
    failed = asyncio.Event()

    async def talk() -> None:
        raise OSError("no room")

    begin_apart(job, talk(), fail=failed.set, is_over=lambda: False)
    await failed.wait()
    assert job.reasons == ["the conversation could not begin"]
    assert "could not begin" in caplog.text
