"""The heads as files: those that there are, and nothing beside them."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from avatar_worker.heads import HEADS, find_head
from gateway.app import create_app
from gateway.known_heads import CACHE_SECONDS, KnownHeads
from settings import Settings
from store import Worker, Workers, open_store
from tests.clocks import Clock

SETTINGS = Settings(_env_file=None, livekit_url="ws://127.0.0.1:1")


@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_not_fetched_twice(tmp_path: Path, name: str) -> None:
    with TestClient(create_app(SETTINGS, tmp_path)) as client:
        first = client.get(f"/heads/{name}.glb")
        again = client.get(f"/heads/{name}.glb", headers={"If-None-Match": first.headers["etag"]})
    assert first.content == find_head(name).read_bytes()
    assert first.headers["content-type"] == "model/gltf-binary"
    assert "max-age" in first.headers["cache-control"]
    assert again.status_code == 304 and not again.content
    assert first.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/heads/",
        "/heads/nobody.glb",
        "/heads/amy",
        "/heads/LICENSES.md",
        "/heads/__init__.py",
        "/heads/../lipsync/lips.onnx",
        "/heads/%2e%2e/lipsync/lips.onnx",
        "/heads/..%2f..%2fsettings.py",
        "/heads/./amy.glb/..",
    ],
)
def test_nothing_but_a_head_is_served(tmp_path: Path, path: str) -> None:
    with TestClient(create_app(SETTINGS, tmp_path)) as client:
        answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith(("application/problem+json", "text/"))


def test_who_asks_for_a_head_that_is_not_there_is_told_which_are(tmp_path: Path) -> None:
    with TestClient(create_app(SETTINGS, tmp_path)) as client:
        assert "amy, ben, maya" in client.get("/heads/zoe.glb").json()["detail"]


def test_heads_of_ones_own_are_named_and_not_given_away(tmp_path: Path) -> None:
    (tmp_path / "zoe.glb").write_bytes(b"glTF")
    settings = Settings(_env_file=None, livekit_url="ws://127.0.0.1:1", avatar_heads=tmp_path)
    with TestClient(create_app(settings, tmp_path / "dist")) as client:
        assert client.get("/heads/index.json").json() == {"heads": [*HEADS, "zoe"]}
        assert client.get("/heads/zoe.glb").status_code == 404


def test_a_plug_ins_heads_are_not_taken_for_ours(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/visavis.sqlite3"
    settings = SETTINGS.model_copy(update={"avatar_renderer": "flat", "store_url": url})
    with TestClient(create_app(settings, tmp_path)) as client:
        alone = client.get("/heads/index.json").json()
    workers = Workers(open_store(url), time.time)
    for id, heads in (("1", ["peach", "mint"]), ("2", ["mint", "plum"])):
        workers.beat(Worker(id, "avatar", "host", "0.1.0", time.time(), {"heads": heads}))
    workers.beat(Worker("3", "agent", "host", "0.1.0", time.time(), {"heads": ["nobody"]}))
    with TestClient(create_app(settings, tmp_path)) as client:
        there = client.get("/heads/index.json").json()
    assert alone == {"heads": [], "drawable": False}
    assert there == {"heads": ["mint", "peach", "plum"], "drawable": False}


class WatchedWorkers(Workers):
    """Of no database."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.fails = False

    def here(self) -> list[Worker]:
        self.threads.append(threading.get_ident())
        if self.fails:
            raise OSError("no store")
        return [Worker("1", "avatar", "host", "0.1.0", 0.0, {"heads": ["mint"]}), _OLD]


_OLD = Worker("2", "avatar", "host", "0.0.1", 0.0)
"""That says nothing of its heads."""


async def test_who_asks_for_heads_does_not_hold_up_the_gateway_nor_the_store(clock: Clock) -> None:
    workers = WatchedWorkers()
    flat = SETTINGS.model_copy(update={"avatar_renderer": "flat"})
    known = KnownHeads(flat, workers, clock)
    assert await asyncio.gather(*(known.names() for _ in range(20))) == [("mint",)] * 20
    assert len(workers.threads) == 1 and threading.get_ident() not in workers.threads
    workers.fails = True
    clock.now += CACHE_SECONDS
    assert await known.names() == () == await known.names()
    assert len(workers.threads) == 2


async def test_our_own_heads_do_not_depend_on_what_workers_say(clock: Clock) -> None:
    workers = WatchedWorkers()
    assert await KnownHeads(SETTINGS, workers, clock).names() == HEADS
    assert workers.threads == []
