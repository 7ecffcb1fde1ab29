"""The part of a gateway that tells others what happens."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import APIRouter
from sqlalchemy import Engine

from store import Queues, Sessions, Webhooks
from store.idempotency import Requests

from .deliverer import Deliverer
from .feed import Feed
from .post import TIMEOUT_SECONDS, make_post
from .stream import stream_routes
from .webhooks import webhook_routes

LEASE_SECONDS = 2 * TIMEOUT_SECONDS
"""A gateway that is gone is missed after this long. It must outlast one try, with a margin for
clocks that disagree."""


class Events:
    """Webhooks and streams, over one store."""

    def __init__(
        self,
        store: Engine,
        *,
        allow_private: bool,
        told: Callable[[str], None] = lambda outcome: None,
    ) -> None:
        """``allow_private``: the setting ``FETCH_PRIVATE``. ``told``: as of :class:`Deliverer`."""
        sessions = Sessions(store, time.time)
        webhooks = Webhooks(store, time.time)
        queues = Queues(store, time.time, lease=LEASE_SECONDS)
        post = make_post(allow_private=allow_private)
        self._feed = Feed(sessions)
        self._deliverer = Deliverer(
            (sessions, webhooks, queues),
            post,
            gateway=socket.gethostname(),
            clock=time.time,
            random=random.random,
            told=told,
        )
        self.routes = APIRouter()
        self.routes.include_router(stream_routes(sessions, self._feed))
        self.routes.include_router(
            webhook_routes(
                webhooks,
                queues,
                Requests(store, time.time),
                post,
                allow_private=allow_private,
            )
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While this lasts, webhooks are told and streams are fed."""
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(self._deliverer.run(), name="webhooks"),
                tasks.create_task(self._feed.run(), name="streams"),
            ]
            try:
                yield
            finally:
                for task in running:
                    task.cancel()
