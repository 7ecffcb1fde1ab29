"""Keys of providers, as `make demo` and the doctor try them before anybody needs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

import pytest
from pydantic import SecretStr

from demo.preflight import _check_provider
from demo.problem import Problem
from gateway.doctor.online import check_online
from settings import Settings

ELEVENLABS: Final = {
    "detail": {
        "status": "missing_permissions",
        "message": "The API key you used is missing the permission models_read to execute this "
        "operation.",
    }
}
OPENAI: Final = {
    "error": {
        "message": "You have insufficient permissions for this operation. Missing scopes: "
        "api.model.read. Check that you have the correct role in your organization.",
        "type": "invalid_request_error",
    }
}
WRONG: Final = {"detail": {"status": "invalid_api_key", "message": "Invalid API key"}}


class Provider(BaseHTTPRequestHandler):
    answer: tuple[int, dict[str, Any]]

    def do_GET(self) -> None:
        status, body = self.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[str]:
    """Its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "level"),
    [
        (200, {"data": []}, "ok"),
        (401, ELEVENLABS, "ok"),
        (401, OPENAI, "ok"),
        (403, OPENAI, "ok"),
        (401, WRONG, "wrong"),
    ],
)
async def test_a_key_that_may_not_list_models_is_not_taken_for_a_wrong_one(
    provider: str, monkeypatch: pytest.MonkeyPatch, status: int, body: dict[str, Any], level: str
) -> None:
    monkeypatch.setattr(Provider, "answer", (status, body), raising=False)
    settings = Settings(_env_file=None, eleven_api_key="key", eleven_base_url=provider)
    found = await check_online(settings)
    assert [each.level for each in found if "ELEVEN_API_KEY" in each.says] == [level]
    try:
        _check_provider("ELEVEN_API_KEY", SecretStr("key"), provider, "xi-api-key: {key}")
    except Problem as problem:
        assert level == "wrong" and "refused ELEVEN_API_KEY" in str(problem)
    else:
        assert level == "ok"


async def test_the_doctor_does_not_miss_a_provider_that_is_behind_the_proxy(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Provider, "answer", (200, {}), raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, provider.removesuffix("/v1"))
    url = "http://provider.invalid/v1"
    found = await check_online(Settings(_env_file=None, eleven_api_key="key", eleven_base_url=url))
    assert "ok" in [each.level for each in found if "ELEVEN_API_KEY" in each.says]
