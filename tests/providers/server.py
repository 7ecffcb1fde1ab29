"""A local server, and the ways in which a provider's server fails."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from aiohttp import web

from settings import Settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fault = Literal["401", "429", "500", "hang", "cut", "malformed", "slow", "empty"]

SLOW = 0.3
"""Seconds until a slow server's first byte; the tests' patience calls half of that slow."""
SECRET = "zanzibar"
"""A word of what is said. It must be in no log, though servers here put it into their errors."""
SOUND = b"\x10\x27" * 24_000
"""One second of int16 at 24 kHz."""


class Fake:
    """What a provider's server was asked, and how it answers next.

    ``faults``: one for each request to come, then none.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Any] = []
        self.faults: list[Fault] = []

    def next_fault(self) -> Fault | None:
        return self.faults.pop(0) if self.faults else None

    def refuse(self, fault: Fault | None) -> web.Response | None:
        """The answer to a request that fails before it begins."""
        if fault not in ("401", "429", "500"):
            return None
        return web.json_response(
            {"error": {"message": f"cannot do {SECRET}", "type": "error", "code": fault}},
            status=int(fault),
            headers={"Retry-After": "1"} if fault == "429" else {},
        )

    async def wait(self, fault: Fault | None) -> None:
        """Hang until the client goes, or be slow."""
        if fault == "hang":
            await asyncio.Event().wait()
        if fault == "slow":
            await asyncio.sleep(SLOW)


def cut(request: web.Request) -> None:
    """The connection is gone, without a good-bye."""
    if request.transport is not None:
        request.transport.abort()


@asynccontextmanager
async def serve(
    routes: Mapping[str, Handler], tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """A local server; answers its address, without a path."""
    app = web.Application()
    for path, handler in routes.items():
        app.router.add_route("*", path, handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        with contextlib.suppress(TimeoutError):
            await runner.cleanup()


def configure(**given: Any) -> Settings:
    """Settings of these values alone, whatever the environment says."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("OPENAI_", "ELEVEN_", "GEMINI_", "GOOGLE_", "BRAIN", "REMOTE_")):
                patch.delenv(name)
        return Settings(_env_file=None, **({"voice_cache": None} | given))


def real_key(name: str) -> str:
    """A key from the environment, or the test is skipped, and counted so."""
    key = os.environ.get(name)
    if not key:
        pytest.skip(f"no {name}: the provider itself was not asked")
    return key
