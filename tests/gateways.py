"""Gateways that nobody is behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.app import create_app
from settings import Settings

Gateway = Callable[..., TestClient]


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    """Makes one with these settings, on the test's own store."""

    def make(base_url: str = "http://127.0.0.1", **settings: Any) -> TestClient:
        app = create_app(
            Settings(
                _env_file=None,
                livekit_url="ws://127.0.0.1:1",
                store_url=f"sqlite:///{tmp_path}/visavis.sqlite3",
                **settings,
            )
        )
        return TestClient(app, base_url=base_url)

    return make
