"""The doctor names what is broken on purpose, and how to mend it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from livekit import rtc
from livekit.api import LiveKitAPI
from livekit.protocol.room import ListRoomsRequest

from bench.livekit import ROOT, LiveKitServer, free_ports, start_livekit
from gateway.doctor.command import tell
from gateway.doctor.finding import Finding
from gateway.doctor.here import (
    check_disk,
    check_files,
    check_port,
    check_redis,
    check_store,
    check_workers,
)
from gateway.doctor.livekit import check_livekit
from gateway.doctor.media import PATIENCE, check_media
from gateway.doctor.rules import check_brains, check_browser
from settings import Settings
from store import Worker, Workers, open_store


@pytest.fixture(scope="module")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    with start_livekit(tmp_path_factory.mktemp("livekit")) as server:
        yield server


def settings_for(livekit: LiveKitServer, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "livekit_url": livekit.url,
        "livekit_api_key": livekit.api_key,
        "livekit_api_secret": livekit.api_secret,
    }
    return Settings(_env_file=None, **(values | changes))


def plain(**changes: Any) -> Settings:
    return Settings(_env_file=None, **changes)


def levels(found: list[Finding]) -> list[str]:
    return [finding.level for finding in found]


def fault(found: list[Finding]) -> str:
    """The one that there is, as a person reads it; every fault says how to mend it."""
    [finding] = [each for each in found if each.level != "ok"]
    assert finding.mend
    return tell([finding])


# LiveKit


async def test_a_livekit_that_is_well_is_not_blamed(livekit: LiveKitServer) -> None:
    settings = settings_for(livekit)
    assert levels(await check_livekit(settings)) == ["ok", "ok"]
    [media] = await check_media(settings)
    assert (media.level, "UDP" in media.says) == ("ok", True), media.says
    async with LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as api:
        rooms = (await api.room.list_rooms(ListRoomsRequest())).rooms
    assert not [room.name for room in rooms if room.name.startswith("doctor")]


async def test_a_wrong_key_is_named(livekit: LiveKitServer) -> None:
    settings = settings_for(livekit, livekit_api_secret="another-secret-0123456789-0123456789")
    said = fault(await check_livekit(settings))
    assert "refused the key" in said and "LIVEKIT_API_SECRET" in said and "another" not in said


async def test_a_livekit_that_is_away_is_named() -> None:
    [port] = free_ports(1)
    said = fault(await check_livekit(plain(livekit_url=f"ws://127.0.0.1:{port}")))
    assert f"127.0.0.1:{port} does not answer" in said and "LIVEKIT_URL" in said


async def test_a_clock_that_is_wrong_is_named(livekit: LiveKitServer) -> None:
    settings = settings_for(livekit)
    late = await check_livekit(settings, clock=lambda: time.time() - 20)
    early = await check_livekit(settings, clock=lambda: time.time() + 300)
    assert levels(late) == ["ok", "warning"] and "s behind LiveKit" in fault(late)
    assert levels(early) == ["ok", "wrong"] and "NTP" in fault(early)


@asynccontextmanager
async def old_livekit() -> AsyncIterator[str]:
    """A server that lists rooms, and does not know the call to agents."""

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/ListRooms"):
            return web.Response(body=b"", content_type="application/protobuf")
        if request.path == "/":
            return web.Response()
        return web.json_response({"code": "bad_route", "msg": "no handler"}, status=404)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    [port] = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"ws://127.0.0.1:{port}"
    await runner.cleanup()


async def test_a_livekit_that_is_too_old_is_named() -> None:
    async with old_livekit() as url:
        said = fault(await check_livekit(plain(livekit_url=url)))
    assert "cannot call agents" in said and "1.13.5" in said


async def test_media_that_does_not_get_through_is_named(
    livekit: LiveKitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing comes of what is sent; the room is gone all the same."""
    loop = asyncio.get_running_loop()
    clock = loop.time

    async def lose(*_: object, **__: object) -> None:
        monkeypatch.setattr(loop, "time", lambda: clock() + PATIENCE)

    monkeypatch.setattr(rtc.LocalParticipant, "publish_data", lose)
    said = fault(await check_media(settings_for(livekit)))
    assert "could not send a data packet in time" in said and "7882/udp" in said
    async with LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as api:
        assert not (await api.room.list_rooms(ListRoomsRequest())).rooms


# this machine


def test_a_store_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    assert levels(check_store(plain(store_url=url))) == ["ok"]
    (tmp_path / "file").touch()
    said = fault(check_store(plain(store_url=f"sqlite:///{tmp_path}/file/store.sqlite3")))
    assert "STORE_URL" in said
    read_only = f"sqlite:///file:{tmp_path}/store.sqlite3?mode=ro&uri=true"
    assert "readonly" in fault(check_store(plain(store_url=read_only)))
    assert not (tmp_path / "file:").exists()  # an address is no path


def test_a_password_of_the_store_is_not_told() -> None:
    [port] = free_ports(1)
    url = f"postgresql+psycopg://user:hunter2@127.0.0.1:{port}/x"
    assert "hunter2" not in fault(check_store(plain(store_url=url)))


def test_workers_that_are_missing_are_named(tmp_path: Path) -> None:
    settings = plain(store_url=f"sqlite:///{tmp_path}/store.sqlite3")
    assert levels(check_workers(settings)) == ["wrong", "wrong"]
    workers = Workers(open_store(settings.store_url), time.time)
    workers.beat(Worker("1", "agent", "host", "0.1.0", 0.0))
    said = fault(check_workers(settings))
    assert "No avatar worker" in said and "python -m avatar_worker start" in said
    workers.beat(Worker("2", "avatar", "host", "0.1.0", 0.0, load=1.0, rooms=3))
    assert "full (3 rooms)" in fault(check_workers(settings))
    workers.beat(Worker("3", "avatar", "host", "0.2.0", 0.0))
    assert "0.1.0, 0.2.0" in fault(check_workers(settings))


async def test_a_redis_that_is_away_is_named() -> None:
    [port] = free_ports(1)
    said = fault(await check_redis(plain(redis_url=f"redis://:hunter2@127.0.0.1:{port}")))
    assert "REDIS_URL" in said and "hunter2" not in said
    assert await check_redis(plain()) == []


def test_a_port_of_another_program_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        said = fault(check_port(plain(port=busy.getsockname()[1])))
    assert "cannot be listened on" in said and "set PORT" in said
    assert "HOST=192.0.2.200" in fault(check_port(plain(host="192.0.2.200", port=0)))


def test_files_that_are_missing_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = tmp_path / "lost.onnx"
    said = [f.says for f in check_files(plain(wav2arkit_model=lost)) if f.level == "wrong"]
    assert f"WAV2ARKIT_MODEL={lost} is not there." in said
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    found = check_files(plain(avatar_head="nobody"))
    assert any("AVATAR_HEAD" in each.says for each in found)
    assert any("prewarm" in each.mend for each in found)
    table = tmp_path / "prices.toml"
    table.write_text("[[price]]\n")
    assert any("price.0" in each.says for each in check_files(plain(prices=table)))


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.doctor import here

    assert levels(check_disk(plain())) == ["ok"]
    monkeypatch.setattr(here, "LITTLE_DISK", 2**62)
    assert "Make room" in fault(check_disk(plain()))


# settings


def test_brains_that_cannot_be_are_named() -> None:
    assert levels(check_brains(plain())) == ["ok"]
    assert "'nobody'" in fault(check_brains(plain(brain="nobody")))
    assert "pip install" in fault(check_brains(plain(stt_provider="nobody")))
    assert "know English, not de" in fault(check_brains(plain(agent_language="de")))


OWN_KEY = {"livekit_api_key": "key", "livekit_api_secret": "s" * 32}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"auth_allowed_origins": "https://shop.example"}, "wss://"),
        ({"auth_allowed_origins": "http://shop.example"}, "no microphone"),
        ({"livekit_url": "ws://livekit:7880", **OWN_KEY}, "LIVEKIT_PUBLIC_URL"),
        ({"host": "0.0.0.0"}, "https and localhost alone"),
        ({"livekit_url": "wss://live.example"}, "everybody knows"),
        ({"auth_enabled": True}, "AUTH_SECRET_KEY"),
    ],
)
def test_what_browsers_would_refuse_is_named(changes: dict[str, Any], said: str) -> None:
    assert said in fault(check_browser(plain(**changes)))


def test_a_public_installation_is_not_blamed() -> None:
    settings = plain(
        livekit_url="ws://livekit:7880",
        livekit_public_url="wss://live.example",
        host="0.0.0.0",
        auth_allowed_origins="https://shop.example",
        **OWN_KEY,
    )
    assert levels(check_browser(settings)) == ["ok"]


def test_containers_that_are_for_this_machine_are_not_blamed() -> None:
    """As compose.yaml has them, but for the address that they listen on."""
    settings = plain(livekit_url="ws://livekit:7880", livekit_public_url="ws://localhost:7880")
    assert levels(check_browser(settings)) == ["ok"]


def test_a_fault_ends_with_status_1_and_json_tells_of_all(tmp_path: Path) -> None:
    [livekit, port] = free_ports(2)
    run = subprocess.run(
        [sys.executable, "-m", "gateway", "doctor", "--json"],
        cwd=ROOT,
        env=os.environ
        | {
            "LIVEKIT_URL": f"ws://127.0.0.1:{livekit}",
            "STORE_URL": f"sqlite:///{tmp_path}/store.sqlite3",
            "PORT": str(port),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = json.loads(run.stdout)
    assert run.returncode == 1 and told["ok"] is False
    parts = {finding["part"]: finding["level"] for finding in told["findings"]}
    assert parts["livekit"] == parts["workers"] == "wrong"
    assert parts["store"] == parts["port"] == "ok"
    assert not any("could not be examined" in finding["says"] for finding in told["findings"])
