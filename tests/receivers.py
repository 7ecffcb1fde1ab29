"""A product's side of webhooks, which takes messages or misbehaves as a test needs it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook


class Receiver:
    """Answers each path with what :attr:`answers` has for it, in turn, and with 204 after that."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: dict[str, list[Callable[[], web.Response] | int | str]] = {}
        """A status; ``hang``; ``break`` (the connection, in place of an answer); a response."""
        self.secrets: dict[str, str] = {}
        """By path, what its messages must be signed with."""
        self.taken: dict[str, list[dict[str, Any]]] = {}
        """By path, the messages that were taken, in their order."""
        self.tries: Counter[str] = Counter()
        """By path and the message's id."""
        self.asked: Counter[str] = Counter()
        """By path."""
        self.under_way: Counter[str] = Counter()
        self._changed = asyncio.Condition()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def seqs(self, path: str, session: str) -> list[int]:
        return [each["seq"] for each in self.taken.get(path, []) if each["session"] == session]

    async def until(self, true: Callable[[], bool], seconds: float = 30.0) -> None:
        """Fails where it does not become so."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(true)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        body = await request.read()
        self.asked[path] += 1
        self.tries[f"{path} {request.headers['webhook-id']}"] += 1
        if path in self.secrets:
            Webhook(self.secrets[path]).verify(body, dict(request.headers))
        planned = self.answers.get(path, [])
        answer = planned.pop(0) if planned else 204
        self.under_way[path] += 1
        try:
            async with self._changed:
                self._changed.notify_all()
            if answer == "hang":
                await asyncio.sleep(3600)
            if answer == "break":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            if callable(answer):
                return answer()
            status = int(answer)
            if 200 <= status < 300:
                self.taken.setdefault(path, []).append(json.loads(body))
            return web.Response(status=status)
        finally:
            self.under_way[path] -= 1
            async with self._changed:
                self._changed.notify_all()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.port = runner.addresses[0][1]
    yield receiver
    await runner.cleanup()
