"""The log of who did what and when."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.access.audit import MOST_A_SECOND, Audit, AuditError, Entry
from gateway.access.keyring import make_key
from gateway.access.shared_file import SharedFile
from store import Keys, open_store
from tests.gateways import Gateway


def test_a_log_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"AUDIT_LOG=.* cannot be written: Is a directory"):
        Audit(time.time, tmp_path)


def test_a_line_is_not_lost_where_nothing_can_be_locked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "audit.jsonl.lock").mkdir()
    file = SharedFile(tmp_path / "audit.jsonl", most_bytes=100, old_files=1)
    for text in ("first", "second"):
        file.handle(line(text))
    assert (tmp_path / "audit.jsonl").read_text() == "first\nsecond\n"
    assert len(caplog.records) == 1 and "cannot be locked (Is a directory)" in caplog.text


def line(text: str) -> logging.LogRecord:
    return logging.LogRecord("visavis.audit", logging.INFO, "", 0, text, None, None)


def test_a_quiet_gateway_does_not_write_into_a_file_that_another_has_put_away(
    tmp_path: Path,
) -> None:
    path = tmp_path / "audit.jsonl"
    quiet, busy = (SharedFile(path, most_bytes=100, old_files=2) for _ in range(2))
    lines = ["first", *(f"line {number}" for number in range(100)), "last", "the end"]
    for text in lines:
        (quiet if text in ("first", "last") else busy).handle(line(text))
    files = [path.with_name(f"audit.jsonl{end}") for end in (".2", ".1", "")]
    assert sorted(tmp_path.iterdir()) == sorted([*files, path.with_name("audit.jsonl.lock")])
    written = "".join(each.read_text() for each in files).splitlines()
    assert written == lines[-len(written) :]
    assert all(90 <= each.stat().st_size < 100 for each in files[:2])


def test_two_gateways_do_not_put_a_file_away_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    path, outcomes = tmp_path / "audit.jsonl", list[str]()
    turn_over = SharedFile.doRollover

    def another_tries(file: SharedFile) -> None:
        with (tmp_path / "audit.jsonl.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                outcomes.append("has it too")
            except BlockingIOError:
                outcomes.append("waits")
        turn_over(file)

    monkeypatch.setattr(SharedFile, "doRollover", another_tries)
    file = SharedFile(path, most_bytes=10, old_files=1)
    for text in ("first", "second"):
        file.handle(line(text))
    assert outcomes == ["waits"]
    assert path.read_text() == "second\n"


@contextmanager
def audited() -> Iterator[list[dict[str, Any]]]:
    lines: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(record.getMessage()))

    logger = logging.getLogger("visavis.audit")
    logger.setLevel(logging.INFO)
    handler = Keep()
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


def test_nothing_is_done_or_refused_without_a_line(gateway: Gateway, tmp_path: Path) -> None:
    person = "a-secret-of-sixteen"
    store = open_store(f"sqlite:///{tmp_path}/visavis.sqlite3")
    _, first = make_key(Keys(store, time.time), "test", ("admin",))
    store.dispose()
    with audited() as lines, gateway() as client:
        asked = {"name": "private", "scopes": ["admin"]}
        headers = {"Authorization": f"Bearer {first}"}
        made = client.post("/v1/keys", json=asked, headers=headers).json()
        admin = {"Authorization": f"Bearer {made['key']}"}
        client.get("/v1/keys", headers=admin)  # only looked
        client.delete(f"/v1/keys/{made['id']}", headers=admin)
        client.get("/v1/keys", headers=admin)
        client.post("/api/token", headers={"Origin": "https://evil.example"})
        token = client.post("/api/auth/token", headers={"Origin": "http://127.0.0.1"}).json()
        client.get("/api/memory", headers={"X-Visavis-Person": person})
    assert [(each["action"], each["status"], each["outcome"]) for each in lines] == [
        ("POST /v1/keys", 201, "done"),
        ("DELETE /v1/keys/{key}", 204, "done"),
        ("GET /v1/keys", 401, "refused"),
        ("POST /api/token", 403, "refused"),
        ("POST /api/auth/token", 200, "done"),
        ("GET /api/memory", 200, "done"),
    ]
    assert lines[1]["key"] == made["id"] and lines[2]["problem"] == "api_key_revoked"
    assert lines[3]["origin"] == "https://evil.example" and lines[3]["address"] == "testclient"
    assert lines[0]["at"].endswith("+00:00")
    written = json.dumps(lines)
    for secret in (first, made["key"], token["token"], person, "private"):
        assert secret not in written


def test_a_flood_does_not_fill_the_log() -> None:
    now = 0.5
    audit = Audit(lambda: now, None)
    with audited() as lines:
        for _ in range(10_000):
            audit.record(Entry("POST /api/token", 429))
        now = 1.0
        audit.record(Entry("POST /api/token", 201))
    assert len(lines) == MOST_A_SECOND + 2
    assert lines[-2]["left_out"] == 10_000 - MOST_A_SECOND


def test_what_was_written_down_does_not_get_lost_when_the_gateway_ends(
    gateway: Gateway, tmp_path: Path
) -> None:
    path = tmp_path / "logs" / "audit.jsonl"
    logging.getLogger("visavis.audit").setLevel(logging.INFO)
    with gateway(audit_log=path) as client:
        for _ in range(3):
            client.post("/api/auth/token", headers={"Origin": "http://127.0.0.1"})
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [each["action"] for each in lines] == ["POST /api/auth/token"] * 3
