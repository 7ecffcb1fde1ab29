"""What `make demo` starts, and where it looks for it and says that it is."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bench.livekit import ROOT, find_livekit, free_ports
from demo.__main__ import _answers, _programs, _welcome
from demo.preflight import _check_livekit, check_port, page_hosts
from demo.problem import Problem
from settings import Settings

SECRET = "0123456789: {this is 'long' \"enough\", #and odd}"
OTHER = "127.0.0.9"
"""An address of this machine at which 127.0.0.1 does not answer."""


def plain(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


class Gateway(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway_elsewhere() -> Iterator[int]:
    """Its port."""
    try:
        server = ThreadingHTTPServer((OTHER, 0), Gateway)
    except OSError:
        pytest.skip(f"{OTHER} is no address of this machine")
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_gateway_that_listens_on_an_address_of_ones_own_is_never_ready(
    gateway_elsewhere: int,
) -> None:
    assert _answers(plain(host=OTHER, port=gateway_elsewhere).url_here)
    assert not _answers(plain(port=gateway_elsewhere).url_here)


def test_a_busy_port_on_an_address_of_ones_own_is_met_with_a_traceback(
    gateway_elsewhere: int,
) -> None:
    with pytest.raises(Problem, match=f"port {gateway_elsewhere} is in use.*PORT=1"):
        check_port(gateway_elsewhere, "PORT=1", plain(host=OTHER).host_here)
    check_port(gateway_elsewhere, "PORT=1", plain().host_here)


def test_the_person_is_not_sent_to_another_program_on_the_other_localhost() -> None:
    try:
        other = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with other:
        port = other.getsockname()[1]
        with pytest.raises(Problem, match=f"port {port} is in use.*PORT=1"):
            check_port(port, "PORT=1", *page_hosts(plain()))
        check_port(port, "PORT=1")
    check_port(port, "PORT=1", *page_hosts(plain()))
    assert page_hosts(plain(host="192.0.2.7")) == ("192.0.2.7",)


@pytest.mark.parametrize(
    ("host", "here", "told"),
    [
        ("127.0.0.1", "http://127.0.0.1:8081", "http://localhost:8081"),
        ("0.0.0.0", "http://127.0.0.1:8081", "http://localhost:8081"),
        ("::", "http://[::1]:8081", "http://localhost:8081"),
        ("localhost", "http://localhost:8081", "http://localhost:8081"),
        ("192.0.2.7", "http://192.0.2.7:8081", "http://192.0.2.7:8081"),
        ("2001:db8::7", "http://[2001:db8::7]:8081", "http://[2001:db8::7]:8081"),
    ],
)
def test_the_person_is_sent_where_nothing_listens(
    capsys: pytest.CaptureFixture[str], host: str, here: str, told: str
) -> None:
    settings = plain(host=host, port=8081)
    assert settings.url_here == here
    _welcome(settings, 3.0)
    assert f"ready in 3 s:  {told}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"host": "0.0.0.0"}, True),
        ({"host": "192.0.2.7"}, True),
        ({"host": "127.0.0.1"}, False),
        ({"host": "localhost"}, False),
        ({"host": "0.0.0.0", "livekit_url": "ws://192.0.2.8:7880"}, False),
    ],
)
def test_other_devices_are_not_invited_to_a_livekit_that_they_cannot_reach(
    capsys: pytest.CaptureFixture[str], given: dict[str, str], said: bool
) -> None:
    _welcome(plain(**given), 3.0)
    assert ("do not reach this demo's LiveKit" in capsys.readouterr().out) is said


@pytest.mark.parametrize("key", ["devkey", "mine"])
def test_the_demos_own_livekit_refuses_a_key_of_ones_own(tmp_path: Path, key: str) -> None:
    """Nor does it take one apart that looks like something else in YAML."""
    given = {} if key == "devkey" else {"livekit_api_key": key, "livekit_api_secret": SECRET}
    settings = plain(**given)
    program = _programs(settings, find_livekit(), tmp_path)[0]
    port, tcp = free_ports(2)
    server = subprocess.Popen(
        [*program.command, "--port", str(port), "--rtc.tcp_port", str(tcp)],
        cwd=ROOT,
        env=os.environ | program.env | {"UDP_PORT": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"ws://127.0.0.1:{port}"
        asyncio.run(until_it_takes(settings.model_copy(update={"livekit_url": url})))
    finally:
        server.kill()
        server.wait()


async def until_it_takes(settings: Settings) -> None:
    """LiveKit, the key."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await _check_livekit(settings)
            except Problem as problem:
                assert "refused the key" not in str(problem)
                await asyncio.sleep(0.05)
