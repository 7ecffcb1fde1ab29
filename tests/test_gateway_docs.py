"""The API's description, and the pages that show it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gateway.app import create_app
from gateway.service.docs import LIBRARIES, OWN, TAGS
from settings import Settings


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(
        _env_file=None,
        livekit_url="ws://127.0.0.1:1",
        store_url=f"sqlite:///{tmp_path}/store.sqlite3",
    )
    with TestClient(create_app(settings, tmp_path / "dist")) as client:
        yield client


def test_every_operation_is_described_and_has_a_known_tag(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    known = {tag["name"] for tag in TAGS}
    assert "HTTPValidationError" not in str(schema)
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation.get("summary") and operation.get("description"), where
            assert set(operation.get("tags", ())) & known, where
            assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_the_pages_load_only_what_is_served_here(client: TestClient) -> None:
    for page in ("/docs", "/redoc"):
        answer = client.get(page)
        assert answer.status_code == 200 and "://" not in answer.text
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy and "script-src 'self'" in policy
    for file in (*LIBRARIES, *OWN):
        assert client.get(f"/api-pages/{file}").status_code == 200


@pytest.mark.parametrize("path", ["redoc/LICENSE", "docs.html", "../__init__.py", "apps.py", ""])
def test_nothing_else_of_the_package_is_served(client: TestClient, path: str) -> None:
    assert client.get(f"/api-pages/{path}").status_code == 404


def test_a_nonce_is_used_once(client: TestClient) -> None:
    first, second = (client.get("/redoc").headers["content-security-policy"] for _ in range(2))
    assert first != second
