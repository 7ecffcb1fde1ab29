"""What the gateway counts, and who may read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gateway.app import create_app
from settings import Settings

SETTINGS = Settings(_env_file=None, livekit_url="ws://127.0.0.1:1", store_url="sqlite://")


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(create_app(SETTINGS, tmp_path / "dist"))


def counted(client: TestClient, name: str, **labels: str) -> float | None:
    value: float | None = client.app.state.metrics.registry.get_sample_value(  # type: ignore[attr-defined]
        name, labels
    )
    return value


def test_what_clients_send_makes_no_new_label(client: TestClient) -> None:
    for path in ("/a", "/b", "/heads/nobody.glb", "/assets/x-1.js"):
        client.get(path)
    client.request("BREW", "/api/memory")
    count = "visavis_http_request_seconds_count"
    assert counted(client, count, method="GET", route="files", status="404") == 4
    assert counted(client, count, method="other", route="files", status="405") == 1


def test_a_refusal_is_counted_by_its_code(client: TestClient) -> None:
    client.get("/api/memory")
    client.post("/api/token", json={"nonsense": 1})
    assert counted(client, "visavis_refusals_total", reason="invalid_person") == 1
    assert counted(client, "visavis_refusals_total", reason="invalid_request") == 1
