"""What the tests and benchmarks do about a port that another program takes first."""

from __future__ import annotations

import sys
import urllib.request
from pathlib import Path

import pytest

from bench.livekit import TRIES, EndedError, start_livekit
from tests.services import READY, start_redis

LIVEKIT = """
import pathlib, re, socket, sys
tries = pathlib.Path(sys.argv[0] + ".tries")
if not tries.exists():
    tries.touch()
    sys.exit("address already in use")
port = re.search(r"^port: ([0-9]+)$", pathlib.Path(sys.argv[2]).read_text(), re.MULTILINE)[1]
server = socket.create_server(("127.0.0.1", int(port)))
while True:
    with server.accept()[0] as client:
        client.recv(4096)
        client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
"""


def script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="no scripts")
def test_a_livekit_whose_port_was_taken_is_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = script(tmp_path / "livekit-server", f"#!{sys.executable} -IS\n{LIVEKIT}")
    monkeypatch.setenv("LIVEKIT_SERVER_BIN", str(binary))
    with start_livekit(tmp_path) as server:
        address = server.url.replace("ws:", "http:")
        assert urllib.request.urlopen(address, timeout=20).status == 200


@pytest.mark.skipif(sys.platform == "win32", reason="no scripts")
def test_a_redis_whose_port_was_taken_is_not_the_end(tmp_path: Path) -> None:
    text = f'[ -e "$0.tries" ] && echo {READY.decode()} && exec sleep 600\n: >"$0.tries"; exit 1'
    binary = script(tmp_path / "redis-server", f"#!/bin/sh\n{text}\n")
    with start_redis(str(binary)) as url:
        assert url.startswith("redis://127.0.0.1:")


@pytest.mark.skipif(sys.platform == "win32", reason="no scripts")
def test_a_redis_that_never_starts_is_not_tried_for_ever(tmp_path: Path) -> None:
    binary = script(tmp_path / "redis-server", '#!/bin/sh\necho again >>"$0.tries"; exit 1\n')
    with pytest.raises(EndedError, match="redis-server ended"), start_redis(str(binary)):
        pass
    assert len((tmp_path / "redis-server.tries").read_text().split()) == TRIES
