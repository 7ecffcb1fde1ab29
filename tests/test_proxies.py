"""A proxy in the environment: LiveKit here is met without it, and what is outside through it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any, Final, cast

import aiohttp
import httpx2
import pytest
from livekit import rtc
from livekit.agents import AgentServer, JobContext
from livekit.agents.utils import http_context

from agent.outward import ask_environment
from agent.server import build_server
from avatar_worker.background import open_backgrounds
from avatar_worker.engine import find_engine
from avatar_worker.server import make_server
from demo.__main__ import _answers
from gateway.doctor.here import _is_ours
from settings import Settings
from visavis.proxies import keep_proxies_outside

NOBODY: Final = "http://127.0.0.1:9"
"""A proxy that is not there."""
CLOUD: Final = "wss://project.livekit.invalid"


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Without a proxy of this machine's own, and as it was afterwards."""
    kept = dict(os.environ)
    for name in kept:
        if name.lower().endswith("_proxy"):
            del os.environ[name]
    yield
    for name in set(os.environ) - set(kept):
        del os.environ[name]
    os.environ.update(kept)


@asynccontextmanager
async def listener() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port, and the first bytes of each who came; they are hung up on."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(40))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heard


async def join(url: str) -> None:
    with suppress(rtc.ConnectError):
        await rtc.Room().connect(url, "token")


@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("spell", [str.upper, str.lower])
async def test_a_room_of_this_machine_does_not_go_through_the_proxy(
    scheme: str, spell: Callable[[str], str]
) -> None:
    async with listener() as (proxy, asked), listener() as (livekit, heard):
        for name in ("http_proxy", "https_proxy"):
            os.environ[spell(name)] = f"http://127.0.0.1:{proxy}"
        url = f"{scheme}://127.0.0.1:{livekit}"
        keep_proxies_outside(url)
        await join(url)
        assert heard and not any(b"127.0.0.1" in each for each in asked)


@pytest.mark.parametrize("url", [CLOUD, "ws://livekit.invalid:7880"])
@pytest.mark.parametrize("named", [False, True])
async def test_a_room_outside_is_kept_from_the_proxy_by_its_name_in_no_proxy_alone(
    url: str, named: bool
) -> None:
    async with listener() as (proxy, asked):
        os.environ["HTTP_PROXY"] = os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{proxy}"
        os.environ["NO_PROXY"] = "example.com,.livekit.invalid,livekit.invalid" if named else ""
        keep_proxies_outside(url)
        await join(url)
        assert any(b"livekit.invalid" in each for each in asked) is not named


def agent(settings: Settings) -> AgentServer:
    return build_server(settings)


def avatar(settings: Settings) -> AgentServer:
    engine = find_engine(settings.avatar_renderer, settings.avatar_heads, settings.avatar_gpu)
    return make_server(settings, "embedded", engine, open_backgrounds(settings))


@pytest.mark.parametrize("make", [agent, avatar])
@pytest.mark.parametrize(
    ("url", "no_proxy", "given"),
    [
        ("ws://127.0.0.1:7880", "", None),
        ("ws://localhost:7880", "", None),
        ("ws://[::1]:7880", "", None),
        ("ws://livekit:7880", "livekit", None),
        (CLOUD, "*", None),
        (CLOUD, "example.com", NOBODY),
    ],
)
def test_a_worker_does_not_look_for_its_own_livekit_outside(
    make: Callable[[Settings], AgentServer], url: str, no_proxy: str, given: str | None
) -> None:
    os.environ.update(HTTPS_PROXY=NOBODY, HTTP_PROXY=NOBODY, NO_PROXY=no_proxy)
    keep_proxies_outside(url)
    server = make(Settings(_env_file=None, livekit_url=url))
    assert server._http_proxy == given


async def test_providers_are_not_cut_off_by_a_livekit_on_this_machine() -> None:
    """Those that use LiveKit's HTTP session, whose proxy is LiveKit's, and the others."""
    async with listener() as (proxy, asked), listener() as (here, heard):
        os.environ["HTTP_PROXY"] = os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{proxy}"
        keep_proxies_outside("ws://127.0.0.1:7880")
        ctx = cast(JobContext, SimpleNamespace(proc=SimpleNamespace(http_proxy=None)))
        async with http_context.open() as session, httpx2.AsyncClient() as client:
            ask_environment(ctx)
            asks: list[tuple[Callable[[str], Any], str]] = [
                (session.get, "https"),
                (session.ws_connect, "https"),
                (session.ws_connect, "wss"),
                (client.get, "https"),
            ]
            for ask, scheme in asks:
                asked.clear()
                heard.clear()
                for url in (f"{scheme}://provider.invalid", f"http://127.0.0.1:{here}"):
                    with suppress(aiohttp.ClientError, httpx2.TransportError):
                        await ask(url)
                assert any(b"CONNECT provider.invalid" in each for each in asked)
                assert heard and not any(b"127.0.0.1" in each for each in asked)


class Gateway(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"name": "Visavis"}')

    def log_message(self, *_: object) -> None:
        pass


def test_a_gateway_of_this_machine_is_not_asked_for_at_the_proxy() -> None:
    os.environ["http_proxy"] = NOBODY
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        assert _answers(url) and _is_ours(url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_log_does_not_tell_the_proxys_password(caplog: pytest.LogCaptureFixture) -> None:
    os.environ["HTTP_PROXY"] = "http://me:secret@127.0.0.1:9"
    keep_proxies_outside("ws://127.0.0.1:7880")
    keep_proxies_outside("ws://127.0.0.1:7880")
    assert caplog.messages == ["LiveKit at 127.0.0.1 is met directly, not through HTTP_PROXY"]


def test_the_machines_own_list_is_not_replaced() -> None:
    os.environ.update(http_proxy=NOBODY, no_proxy="example.com, localhost")
    keep_proxies_outside("ws://127.0.0.8:7880")
    assert os.environ["NO_PROXY"] == "example.com,localhost,127.0.0.1,::1,127.0.0.8"
    os.environ.update(NO_PROXY="*", no_proxy="*")
    keep_proxies_outside("ws://127.0.0.8:7880")
    assert os.environ["NO_PROXY"] == "*"


def test_a_proxy_of_the_system_is_not_hidden_where_the_environment_names_none() -> None:
    keep_proxies_outside("ws://127.0.0.1:7880")
    assert "no_proxy" not in os.environ and "NO_PROXY" not in os.environ
