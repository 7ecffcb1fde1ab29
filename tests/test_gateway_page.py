"""The page, its headers, and the process that serves them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from bench.livekit import ROOT, free_ports
from gateway.app import create_app
from gateway.serve import listen
from settings import Settings

SETTINGS = Settings(_env_file=None, livekit_url="ws://127.0.0.1:1")


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>Visavis</title>")
    (dist / "assets" / "index-Bx1.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("not yours")
    return dist


def test_a_new_page_is_not_hidden_by_an_old_one_in_the_cache(dist: Path) -> None:
    with TestClient(create_app(SETTINGS, dist)) as client:
        index = client.get("/")
        script = client.get("/assets/index-Bx1.js")
        again = client.get("/", headers={"If-None-Match": index.headers["etag"]})
    assert "Visavis" in index.text and index.headers["cache-control"] == "no-cache"
    assert again.status_code == 304
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["/", "/assets/index-Bx1.js", "/nothing", "/health", "/api/token"])
def test_every_answer_is_guarded(dist: Path, path: str) -> None:
    with TestClient(create_app(SETTINGS, dist)) as client:
        headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert "unsafe" not in policy and "http:;" not in policy and "*" not in policy
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "microphone=(self)" in headers["permissions-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("allowed", [(), ("https://shop.example",)])
@pytest.mark.parametrize(
    "path", ["/", "/assets/index-Bx1.js", "/heads/amy.glb", "/heads/index.json"]
)
def test_an_answer_kept_from_before_a_site_was_allowed_is_not_taken_for_its_own(
    dist: Path, path: str, allowed: tuple[str, ...]
) -> None:
    settings = SETTINGS.model_copy(update={"auth_allowed_origins": allowed})
    with TestClient(create_app(settings, dist)) as client:
        to_own = client.get(path)
        to_site = client.get(path, headers={"Origin": "https://shop.example"})
    assert to_own.headers.get_list("vary") == to_site.headers.get_list("vary") == ["Origin"]
    assert ("access-control-allow-origin" in to_site.headers) == bool(allowed)


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"])
def test_nothing_beside_the_page_is_served(dist: Path, path: str) -> None:
    with TestClient(create_app(SETTINGS, dist)) as client:
        answer = client.get(path)
    assert answer.status_code == 404 and "not yours" not in answer.text


def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    with TestClient(create_app(SETTINGS, dist)) as client:
        answer = client.get("/")
        assert answer.status_code == 503 and "make setup" in answer.text
        dist.mkdir()
        (dist / "index.html").write_text("built")
        assert client.get("/").text == "built"


def refusal_to_listen(**settings: Any) -> str:
    """What the process says on standard error; it ends with status 1."""
    with pytest.raises(SystemExit) as end:
        listen(Settings(_env_file=None, **settings))
    assert isinstance(end.value.code, str) and "\n" not in end.value.code
    return end.value.code


def test_a_busy_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        said = refusal_to_listen(host="127.0.0.1", port=port)
    assert f"port {port} is used by another program" in said and "set PORT" in said


def test_an_address_of_another_machine_is_one_sentence() -> None:
    assert "HOST=192.0.2.200" in refusal_to_listen(host="192.0.2.200", port=0)


def test_ctrl_c_ends_the_gateway_while_livekit_is_away() -> None:
    [port] = free_ports(1)
    gateway = subprocess.Popen(
        [sys.executable, "-m", "gateway"],
        cwd=ROOT,
        env=os.environ | {"PORT": str(port), "LIVEKIT_URL": "ws://127.0.0.1:1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except OSError:
                assert gateway.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
        gateway.send_signal(signal.SIGINT)
        _, errors = gateway.communicate(timeout=20)
    finally:
        gateway.kill()
        gateway.wait()
    assert "Traceback" not in errors
