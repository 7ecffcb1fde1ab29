"""The API against its own description, and against what nobody described."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.schemas import BaseSchema

from gateway.access.keyring import make_key
from gateway.app import create_app
from gateway.patience import PatientHttp
from settings import Settings
from store import Keys, open_store
from tests.fake_livekit import SECRET, FakeLiveKit

load_all_checks()

EXAMPLES = 6
"""Of requests as described, and as many of others, for each operation."""
MALFORMED = 1500


@dataclass(frozen=True)
class Gateway:
    url: str
    port: int
    key: str
    schema: BaseSchema
    livekit: FakeLiveKit

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def post(self, path: str, **asked: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.url}{path}", json=asked, headers=self.headers, timeout=30)
        assert answer.ok, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def make_id(self, path: str) -> str:
        """Of something that ``path`` is about, and that is there."""
        if "webhooks" in path:
            return str(self.post("/v1/webhooks", url="https://127.0.0.1:1/")["id"])
        session = self.post("/v1/sessions")
        if path.endswith("/events"):  # which would go on as long as it does
            self.post(f"/v1/sessions/{session['id']}/end")
        else:
            self.livekit.admit(self.livekit.rooms[session["room"]])
        return str(session["id"])


@pytest.fixture(scope="module")
def livekit() -> Iterator[FakeLiveKit]:
    livekit = FakeLiveKit()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.app.LiveKitAPI", lambda *_, **__: livekit.client())
        patch.setattr("gateway.sessions.service.PARTING", 0.05)
        yield livekit


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, livekit: FakeLiveKit) -> Iterator[Gateway]:
    store_url = f"sqlite:///{tmp_path_factory.mktemp('contract')}/visavis.sqlite3"
    store = open_store(store_url)
    _, key = make_key(Keys(store, time.time), "contract", ("admin",))
    store.dispose()
    app = create_app(
        Settings(
            _env_file=None,
            livekit_api_secret=SECRET,
            store_url=store_url,
            auth_enable_rate_limiting=False,
            dispatch_timeout=0.2,
            fetch_private=True,
            face_timeout=0.2,
        )
    )
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        port = listener.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(app, http=PatientHttp, log_level="critical", access_log=False)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        schema = schemathesis.openapi.from_dict(app.openapi())
        schema.config.update(base_url=f"http://127.0.0.1:{port}")
        yield Gateway(f"http://127.0.0.1:{port}", port, key, schema, livekit)
        server.should_exit = True
        thread.join()


HELD = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")


def hold(
    gateway: Gateway,
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    session: requests.Session,
) -> int:
    """Ask and check; how often. Half of what has an id is about something that is there."""
    checks: Any = CHECKS.get_by_names(HELD)
    there = gateway.make_id(operation.path) if "{id}" in operation.path else None
    asked = 0

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        nonlocal asked
        asked += 1
        if there is not None and asked % 2:
            case.path_parameters["id"] = there
        response = case.call(session=session, headers=gateway.headers, timeout=30)
        assert response.status_code != 500
        case.validate_response(response, checks=checks)

    with suppress(Unsatisfiable):  # of what takes no input, none can be wrong
        ask()
    return asked


def test_an_answer_is_not_other_than_described(gateway: Gateway) -> None:
    asked = 0
    with requests.Session() as session:
        for found in gateway.schema.get_all_operations():
            operation: APIOperation[Any, Any, Any, Any] = found.ok()  # type: ignore[union-attr]
            asked += sum(hold(gateway, operation, mode, session) for mode in GenerationMode)
    assert asked > 200


# What nobody described


def _malformed(choose: random.Random) -> bytes:
    """A request that is wrong in a way of its own."""
    method = choose.choice(["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "BREW", "\x00"])
    path = choose.choice([
        "/v1/sessions", "/v1/sessions/a/say", "/v1/keys", "/v1/webhooks", "/api/token",
        "/api/memory",
        "/api/auth/token", "/v1/sessions/%00/end", "/v1/sessions/%ff%fe", "/v1/keys/" + "a" * 3000,
        "/v1/sessions?limit=-1&cursor=%00", "/v1/sessions?limit=1e9", "/%2e%2e/%2e%2e/etc/passwd",
        "//v1//keys", "/v1/sessions/\u00e9", "/heads/%00.glb", "/heads/../../x", "/assets/%00",
        "/v1/sessions/a/events?after=99999999999999999999999", "*", "",
    ])  # fmt: skip
    text = choose.choice([
        "{}", "[]", "null", "0", '"a"', "{", "{\"text\":",
        '{"text": "\\ud800"}', '{"name": "\\u0000"}',
        "[" * 10_000, '{"a":' * 5000, '{"text": 1e999}', '{"text": NaN}', '{"max_seconds": -1e308}',
        '{"metadata": {"__proto__": 1}}', "\ufeff{}", '{"name":"' + "x" * 20_000 + '"}',
        json.dumps({"name": "a", "scopes": ["admin"] * 1000}),
        '{"ttl": 99999999999999999999999999}',
        '{"url": "http://[::1"}', '{"knowledge": ["http://\\ud800"]}', '{"session": "\\u0000"}',
        '{"room": "\\ud83d"}', '{"identity": 1.5}', '{"participant": {"name": {"a": []}}}',
    ])  # fmt: skip
    body = choose.choice([text.encode(), text.encode("utf-16"), b"\xff\xfe" + text.encode()[:50],
                          choose.randbytes(choose.randrange(2000))])  # fmt: skip
    kind = choose.choice(["application/json", "text/plain", "application/json; charset=utf-16", "",
                          "multipart/form-data; boundary=",
                          "application/x-www-form-urlencoded"])  # fmt: skip
    extra = choose.choice([
        "", "Idempotency-Key: \x00", "Idempotency-Key: " + "k" * 5000, "Last-Event-ID: -1",
        "If-Match: nothing", "X-Visavis-Person: \u00e9\u00e9", "Host: a b", "Host: [", "Origin: ://",
        "Authorization: Bearer", "Authorization: Bearer vv_", "Authorization: Basic Og==",
        "Authorization: Bearer a.b.c", "Authorization: Bearer " + "a" * 9000, "Range: bytes=-1",
        "Transfer-Encoding: chunked", "Content-Length: -1", "Expect: 100-continue",
        "Accept: text/event-stream", "Last-Event-ID: 9999999999999999999999",
    ])  # fmt: skip
    lines = [f"{method} {path} HTTP/1.1"]
    if not extra.startswith("Host"):
        lines.append("Host: 127.0.0.1")
    lines += [f"Content-Type: {kind}", "Connection: close", extra]
    if not extra.startswith(("Content-Length", "Transfer")):
        lines.append(f"Content-Length: {len(body)}")
    lines = [line for line in lines if line]
    if choose.random() < 0.1:
        return choose.randbytes(choose.randrange(1, 400)) + b"\r\n\r\n"
    return "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body


def _status(port: int, request: bytes) -> int:
    """0: the connection was closed without an answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.settimeout(30)
        with suppress(OSError):
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(ConnectionError):
            while piece := client.recv(65536):
                answer += piece
    return int(answer[9:12]) if answer else 0


@pytest.mark.parametrize("known", [True, False])
def test_nothing_malformed_breaks_the_gateway(gateway: Gateway, known: bool) -> None:
    choose = random.Random(f"malformed {known}")
    counted: dict[int, int] = {}
    for _ in range(MALFORMED // 2):
        request = _malformed(choose)
        if known and b"Authorization" not in request:
            head, _, rest = request.partition(b"\r\n")
            request = head + f"\r\nAuthorization: Bearer {gateway.key}\r\n".encode() + rest
        status = _status(gateway.port, request)
        assert status != 500 and (status < 500 or status in (502, 503)), request[:500]
        counted[status] = counted.get(status, 0) + 1
    assert counted.keys() & {400, 401, 404, 405, 413, 422}
    answer = requests.get(f"{gateway.url}/v1/keys", headers=gateway.headers, timeout=30)
    assert answer.status_code == 200
