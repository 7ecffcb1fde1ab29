"""The gateway's HTTP application."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import aiohttp
from fastapi import FastAPI
from livekit.api import LiveKitAPI

from settings import Settings
from store import Memories, Workers, open_store
from store.usage import Usages

from .access.bodies import LimitedBody
from .access.cors import add_cors
from .access.door import Door
from .access.guard import Guard
from .access.headers import SecurityHeaders
from .access.routes import access_routes
from .bridge import Host, bridge_routes
from .dispatch import Dispatcher
from .events.service import Events
from .heads import Heads
from .known_heads import KnownHeads
from .page import DIST, Page
from .people import people_routes
from .problems import add_problem_handlers
from .service.docs import DESCRIPTION, TAGS, add_docs
from .service.metrics import Counted, Metrics
from .service.prices import read_prices
from .service.readiness import Readiness
from .service.routes import service_routes
from .service.scrape import Scrape
from .service.usage import usage_routes
from .sessions import SessionParts, session_routes, talk_routes
from .token_routes import token_routes

LIVEKIT_TIMEOUT = aiohttp.ClientTimeout(total=5)


def create_app(settings: Settings, page: Path = DIST) -> FastAPI:
    """The application for ``settings``, serving the built page in ``page``.

    Other sites than those allowed cannot use it from a browser: it sends them no CORS headers, and
    refuses what they ask for. Raises :class:`store.StoreError`.
    """

    store = open_store(settings.store_url)
    memories = Memories(store, time.time)
    workers = Workers(store, time.time)
    metrics = Metrics()
    metrics.watch(store)
    scrape = Scrape(metrics, store)
    door = Door(settings, store, time.time)
    events = Events(store, allow_private=settings.fetch_private, told=metrics.delivered)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            door.open(),
            LiveKitAPI(
                settings.livekit_url,
                settings.livekit_api_key,
                settings.livekit_api_secret.get_secret_value(),
                timeout=LIVEKIT_TIMEOUT,
            ) as livekit,
        ):
            await scrape.run()  # answers count from here on
            app.state.readiness = Readiness(livekit, settings.livekit_url, workers)
            app.state.dispatcher = Dispatcher(livekit, settings)
            app.state.sessions = SessionParts.of(settings, store, livekit, app.state.dispatcher)
            app.state.host = Host.of(settings, app.state.sessions, livekit)
            async with events.running(), app.state.sessions.janitor.working():
                yield
        store.dispose()

    app = FastAPI(
        title="Visavis",
        version=version("visavis"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    add_problem_handlers(app)
    app.add_middleware(LimitedBody)
    app.add_middleware(Guard, door=door)
    add_cors(app, door.origins)
    app.add_middleware(SecurityHeaders, settings=settings)
    app.add_middleware(Counted, metrics=metrics)
    app.state.metrics = metrics
    app.state.door = door

    app.include_router(token_routes(settings, door))
    app.include_router(access_routes(door.tokens, door.keys, settings.auth_token_ttl))
    app.include_router(people_routes(memories))
    app.include_router(events.routes)
    app.include_router(session_routes())
    app.include_router(talk_routes())
    app.include_router(bridge_routes(settings, door))
    app.include_router(service_routes(settings, scrape))
    app.include_router(usage_routes(Usages(store), read_prices(settings.prices)))
    add_docs(app)
    app.mount("/heads", Heads(KnownHeads(settings, workers)))
    app.mount("/", Page(page))
    return app
