"""What a URL of a stranger's cannot do."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import pytest
from aiohttp import web

import safe_fetch
from safe_fetch import FetchError, Limits, check, fetch, is_public, resolve_here

SMALL = Limits(content=1000, seconds=30.0)


class Site:
    """A server on this machine that misbehaves in every way a test needs."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        match request.path:
            case "/good":
                return web.Response(body=b"good", content_type="text/plain")
            case "/old":
                return web.Response(body=b"good", content_type="text/plain", charset="koi8-r")
            case "/hop":
                left = int(request.query["left"])
                where = f"/hop?left={left - 1}" if left else "/good"
                return web.Response(status=302, headers={"Location": where})
            case "/to":
                return web.Response(status=307, headers={"Location": request.query["url"]})
            case "/large":
                return web.Response(body=bytes(1001))
            case "/endless":
                response = web.StreamResponse()
                await response.prepare(request)
                for _ in range(100):
                    await response.write(bytes(100))
                return response
            case "/slow":
                await asyncio.sleep(30)
            case "/packed":
                packed = gzip.compress(bytes(100_000))
                return web.Response(body=packed, headers={"Content-Encoding": "gzip"})
        return web.Response(status=404)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.port = runner.addresses[0][1]
    yield site
    await runner.cleanup()


class Names:
    """A resolver: each question takes the next answer, the last for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.questions = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.questions += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


async def test_what_is_there_is_not_fetched(site: Site) -> None:
    fetched = await fetch(site.url("/hop?left=2"), limits=SMALL, allow_private=True)
    assert (fetched.content, fetched.content_type) == (b"good", "text/plain")


async def test_what_a_server_says_of_the_encoding_is_not_lost(site: Site) -> None:
    fetched = await fetch(site.url("/old"), limits=SMALL, allow_private=True)
    assert fetched.content_type == "text/plain; charset=koi8-r"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "0.0.0.0",
     "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:7f00:1]", "[::127.0.0.1]", "localhost.",
     "１２７.0.0.1", "127。0。0。1", "①②⑦.⓪.⓪.①", "%31%32%37.0.0.1", "ⓛocalhost"],
)  # fmt: skip
async def test_this_machine_is_not_asked_under_any_of_its_names(site: Site, host: str) -> None:
    with pytest.raises(FetchError):
        await fetch(site.url("/good", host), limits=SMALL)
    assert not site.asked


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "224.0.0.1", "255.255.255.255", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1",
     "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
     "2001:0:53aa:64c:0:fbfe:3f57:fffe", "::7f00:1", "::ffff:0:7f00:1", "64:ff9b:1::a00:1",
     "64:ff9b::a9fe:a9fe", "192.0.0.8", "192.88.99.1", "198.18.0.1", "3fff::1", "5f00::1",
     "4000::1"],
)  # fmt: skip
def test_an_address_of_no_public_host_does_not_pass(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_a_public_address_is_not_refused(address: str) -> None:
    assert is_public(ip_address(address))


async def test_one_private_address_among_public_ones_is_not_overlooked(site: Site) -> None:
    names = Names(["8.8.8.8", "127.0.0.1"])
    with pytest.raises(FetchError, match=r"trap\.example is not on the public internet"):
        await fetch(site.url("/good", "trap.example"), limits=SMALL, resolve=names)
    assert not site.asked


async def test_a_name_is_not_resolved_again_after_its_check(site: Site) -> None:
    """DNS rebinding: public at the check, this machine at the connection."""
    names = Names(["192.0.2.1"], ["127.0.0.1"])
    with pytest.raises(FetchError):
        await fetch(site.url("/good", "rebind.example"), limits=SMALL, resolve=names)
    assert names.questions == 1 and not site.asked


async def test_the_connection_does_not_go_elsewhere_than_to_the_address_checked(site: Site) -> None:
    names = Names(["127.0.0.1"])
    fetched = await fetch(
        site.url("/good", "named.example"), limits=SMALL, allow_private=True, resolve=names
    )
    assert fetched.content == b"good" and names.questions == 1


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/", "/good", "http://", "http://a:b@127.0.0.1/",
            "http://127.0.0.1:99999/", "gopher://127.0.0.1:70/"],
)  # fmt: skip
async def test_anything_but_a_plain_web_address_is_not_followed(url: str) -> None:
    with pytest.raises(FetchError):
        await fetch(url, limits=SMALL, allow_private=True)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("file:///etc/passwd", "must begin with https"),
        ("http://127.0.0.2/", r"127\.0\.0\.2 is not on the public internet"),
        ("http://inner.example/", r"inner\.example is not on the public internet"),
    ],
)
async def test_a_redirect_is_not_a_way_round_the_check(
    site: Site, monkeypatch: pytest.MonkeyPatch, target: str, said: str
) -> None:
    monkeypatch.setattr(safe_fetch, "is_public", lambda address: str(address) == "127.0.0.1")

    async def names(host: str, port: int) -> list[str]:
        return ["127.0.0.1" if host == "outer.example" else "127.0.0.2"]

    with pytest.raises(FetchError, match=said):
        await fetch(site.url(f"/to?url={target}", "outer.example"), limits=SMALL, resolve=names)
    assert site.asked == ["/to"]


async def test_redirects_do_not_go_on_for_ever(site: Site) -> None:
    assert (await fetch(site.url("/hop?left=2"), limits=SMALL, allow_private=True)).content
    with pytest.raises(FetchError, match="redirects more than 3 times"):
        await fetch(site.url("/hop?left=3"), limits=SMALL, allow_private=True)
    assert len(site.asked) == 4 + 4


@pytest.mark.parametrize("target", ["http://[", "//[", "http://x:y/"])
async def test_a_redirect_to_nonsense_is_not_a_surprise(site: Site, target: str) -> None:
    with pytest.raises(FetchError, match="not a URL"):
        await fetch(site.url(f"/to?url={target}"), limits=SMALL, allow_private=True)


@pytest.mark.parametrize(
    ("path", "said"),
    [("/large", "more than 0.001 MB"), ("/endless", "more than 0.001 MB"),
     ("/packed", "packed"), ("/none", "answers 404")],
)  # fmt: skip
async def test_an_answer_beyond_the_limits_is_not_kept(site: Site, path: str, said: str) -> None:
    with pytest.raises(FetchError, match=said):
        await fetch(site.url(path), limits=SMALL, allow_private=True)


async def test_a_slow_answer_is_not_waited_for(site: Site) -> None:
    with pytest.raises(FetchError, match=r"longer than 0\.2 s"):
        await fetch(site.url("/slow"), limits=Limits(seconds=0.2), allow_private=True)


async def test_an_error_does_not_tell_what_was_asked_for(site: Site) -> None:
    with pytest.raises(FetchError) as raised:
        await fetch(site.url("/none?key=secret"), limits=SMALL, allow_private=True)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a",
        "http://[::1]/a",
        "http://2130706433/",
        "http://inside.example/a",
        "ftp://example.com/a",
        "https://user:secret@example.com/",
        "https://" + "a" * 70 + ".com/",
        "no url",
    ],
)
async def test_what_would_not_be_fetched_does_not_pass_the_check(url: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["10.0.0.1"] if host == "inside.example" else await resolve_here(host, port)

    with pytest.raises(FetchError) as refused:
        await check(url, resolve=resolve)
    assert "secret" not in str(refused.value)


FORKED = """
import asyncio, os, sys, time
from safe_fetch import resolve_here

def ask():
    asyncio.run(asyncio.wait_for(resolve_here("127.0.0.1", 80), 5))

ask()
time.sleep(0.2)  # the thread that did it is idle by now, and counted on
child = os.fork()
if not child:
    ask()
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here")
def test_a_forked_process_does_not_wait_for_its_parents_threads() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


async def test_names_that_nobody_answers_for_do_not_keep_threads_from_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_for, answers = threading.Event(), threading.Event()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))

    def wait(*_: object, **__: object) -> list[object]:
        asked_for.set()
        answers.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    asked = [asyncio.create_task(resolve_here("dead.example", 443)) for _ in range(20)]
    try:
        async with asyncio.timeout(20):
            while not asked_for.is_set():
                await asyncio.sleep(0.01)
            assert await asyncio.to_thread(lambda: "the store") == "the store"
        assert not any(each.done() for each in asked)
    finally:
        answers.set()
    assert await asyncio.gather(*asked) == [[]] * 20
