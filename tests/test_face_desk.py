"""Asking LiveKit for a face, where something else answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api

from visavis.dispatch import FaceDesk
from visavis.protocol import AvatarDispatch


@pytest.fixture
async def proxy() -> AsyncIterator[str]:
    """Answers every call with a page of its own."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>Sign in to go on</html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    async with TestServer(app) as server:
        yield str(server.make_url(""))


async def test_a_proxys_page_in_place_of_an_answer_silences_the_agent(proxy: str) -> None:
    async with api.LiveKitAPI(proxy, "key", "secret" * 8) as livekit:
        desk = FaceDesk(livekit, "room", "avatar")
        assert await desk.ask(AvatarDispatch("", "face")) is None
        assert await desk.progress("dispatch") == "unanswered"
        await desk.withdraw("dispatch", "face-1")
