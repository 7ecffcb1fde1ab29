"""The gateway's REST interface to sessions, with a LiveKit behind it that does as a test says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import gateway.sessions.service as service
from gateway.app import create_app
from settings import Settings
from store import Sessions, open_store
from tests.fake_livekit import SECRET, FakeLiveKit


class Stage:
    """Gateways on one store and one LiveKit."""

    def __init__(self, livekit: FakeLiveKit, folder: Path, stack: ExitStack) -> None:
        self.livekit = livekit
        self.store_url = f"sqlite:///{folder}/visavis.sqlite3"
        self._stack = stack
        self.gateway = self.open()

    def open(self, **changes: Any) -> TestClient:
        values: dict[str, Any] = {
            "livekit_api_secret": SECRET,
            "store_url": self.store_url,
            "dispatch_timeout": 0.3,
            "face_timeout": 30,
        }
        app = create_app(Settings(_env_file=None, **(values | changes)))
        client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=True)
        return self._stack.enter_context(client)

    def create(self, **asked: Any) -> dict[str, Any]:
        answer = self.gateway.post("/v1/sessions", json=asked)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def sessions(self) -> Sessions:
        return Sessions(open_store(self.store_url), time.time)


@contextmanager
def open_stage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(service, "PARTING", 0.2)
    livekit = FakeLiveKit()
    monkeypatch.setattr("gateway.app.LiveKitAPI", lambda *_, **__: livekit.client())
    with ExitStack() as stack:
        yield Stage(livekit, folder, stack)
