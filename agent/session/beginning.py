"""Before a session begins: its store, how it was held by an agent that was lost, its refusal."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from livekit.agents import JobContext, utils

from agent.job_store import JobStore
from store import Sessions
from visavis.protocol import ProtocolError
from visavis.session import SessionSpec, find_id
from visavis.talk import TalkChange

from .asked import AskedError, FailureCode
from .ending import delete_room
from .recorder import Recorder

logger = logging.getLogger("visavis.agent")

RECALLING: Final = 3.0
"""Seconds for the store to say how a session was held."""
REFUSING: Final = 20.0
"""Seconds for the store to take why a session cannot begin: nobody is kept waiting by it."""


def open_recorder(store: JobStore, session: str, *, words: bool = True) -> Recorder:
    """Not started yet."""
    return Recorder(lambda: _sessions(store), session, words=words)


@dataclass(frozen=True)
class Recalled:
    """A session as it is to be held by the agent that begins now."""

    spec: SessionSpec
    begun: bool
    """With an earlier agent. One that was lost may have waited for the person in vain."""


async def recall(store: JobStore, spec: SessionSpec, *, replaces: bool) -> Recalled:
    """As it was held last, by an agent that was lost; as it was asked for where there was none, or
    the store does not say. ``replaces``: the job takes a lost agent's place."""
    try:
        async with asyncio.timeout(RECALLING):
            sessions = await asyncio.to_thread(_sessions, store)
            talk = await asyncio.to_thread(sessions.find_talk, spec.id)
            begun = await asyncio.to_thread(sessions.happened, spec.id, "session.started")
        if talk is not None:
            kept = json.loads(talk)
            is_heard = kept.pop("is_heard", None)
            spec = replace(spec, talk=replace(TalkChange.from_dict(kept), is_heard=is_heard))
        return Recalled(spec, begun)
    except Exception as error:
        logger.warning("how the session was held is not known: %s", type(error).__name__)
        return Recalled(spec, replaces)


async def refuse(ctx: JobContext, store: JobStore, error: Exception) -> None:
    """A session that cannot be as it was asked to be says so and ends.

    ``error``: a :class:`ProtocolError`, an :class:`AskedError`, or of a brain that cannot be made.
    """
    logger.error("a conversation cannot begin: %s", error)
    if (session := find_id(ctx.job.metadata)) is not None:
        code: FailureCode = "wrong_spec" if isinstance(error, ProtocolError) else "wrong_brain"
        if isinstance(error, AskedError):
            code = error.code
        events = open_recorder(store, session)
        events.start()
        events.note("session.failed", code=code, detail=str(error))
        await events.catch_up(REFUSING)
        await events.close("failed")
    await delete_room(ctx)
    ctx.shutdown("the conversation cannot begin")


def begin_apart(
    ctx: JobContext,
    talk: Awaitable[None],
    *,
    fail: Callable[[], object],
    is_over: Callable[[], bool],
) -> None:
    """Apart from the entry point of the job, for which LiveKit waits 15 s before it ends: a worker
    that stops is to hand on at once a conversation whose person has not come yet. ``fail``: called
    where ``talk`` cannot begin, unless ``is_over``: then the job is ending already."""

    async def run() -> None:
        try:
            await talk
        except Exception:
            if is_over():
                logger.info("somebody came when the conversation was being handed over")
                return
            logger.exception("a conversation could not begin")
            fail()
            ctx.shutdown("the conversation could not begin")

    beginning = asyncio.create_task(run(), name="beginning of the conversation")

    async def stop() -> None:
        await utils.aio.cancel_and_wait(beginning)

    ctx.add_shutdown_callback(stop)


def _sessions(store: JobStore) -> Sessions:
    return Sessions(store.open(), time.time)
