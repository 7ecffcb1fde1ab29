"""The heads as files: those that there are, and nothing beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from avatar_worker.heads import HEADS, find_head
from gateway.app import create_app
from settings import Settings

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
