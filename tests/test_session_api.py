"""``/v1/sessions``: what is asked for is what is told, said, kept and ended, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from livekit.api import TokenVerifier
from starlette.testclient import TestClient

import gateway.sessions.service as service
from gateway.app import create_app
from gateway.sessions.texts import split
from settings import Settings
from store import Sessions, open_store
from tests.fake_livekit import SECRET, FakeLiveKit
from visavis.protocol import ATTRIBUTE_CONTROL, ATTRIBUTE_PERSON
from visavis.session import SessionSpec


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
            "face_timeout": 0.3,
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


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(service, "PARTING", 0.2)
    livekit = FakeLiveKit()
    monkeypatch.setattr("gateway.app.LiveKitAPI", lambda *_, **__: livekit.client())
    with ExitStack() as stack:
        yield Stage(livekit, tmp_path, stack)


ASKED: dict[str, Any] = {
    "head": "maya",
    "background": "#203040..#102030",
    "width": 640,
    "height": 480,
    "language": "English",
    "speed": 1.25,
    "instructions": "Du bist Ömer. 🚲",
    "mode": "retelling",
    "greeting": "",
    "brain": "embedded",
    "knowledge": ["https://93.184.216.34/a.md"],
    "video": False,
    "max_seconds": 600,
    "idle_seconds": 60,
    "transcript": False,
    "metadata": {"customer": 17, "tags": ["a", None]},
    "participant": {"name": "Jo", "person": "0123456789abcdef"},
}


def test_what_was_asked_for_is_not_lost_on_the_way_to_the_agent(stage: Stage) -> None:
    created = stage.create(**ASKED)
    [room] = stage.livekit.rooms.values()
    spec = SessionSpec.from_metadata(room.metadata)
    assert spec is not None and spec.talk.appearance is not None
    assert (spec.id, spec.greeting, spec.brain, spec.video) == (
        created["id"], "", "embedded", False,
    )  # fmt: skip
    assert (spec.max_seconds, spec.idle_seconds, spec.transcript) == (600, 60, False)
    assert (spec.talk.instructions, spec.talk.mode) == (ASKED["instructions"], "retelling")
    looks = spec.talk.appearance
    assert (looks.head, looks.background, looks.width) == ("maya", ASKED["background"], 640)
    assert spec.knowledge == ("https://93.184.216.34/a.md",)
    assert created["metadata"] == ASKED["metadata"]
    assert created["ends_at"] == pytest.approx(created["created_at"] + 600)
    assert created["agent"] == {"state": "present", "detail": None}
    assert created["face"]["state"] == "present" and created["brains"] == {"llm": "tiny"}


def test_a_token_admits_to_nothing_but_its_session(stage: Stage) -> None:
    created = stage.create(**ASKED)
    claims = TokenVerifier("devkey", SECRET).verify(created["participant_token"])
    assert claims.video is not None and claims.room_config is None
    granted = {k: v for k, v in vars(claims.video).items() if v}
    assert granted == {
        "room_join": True,
        "room": created["room"],
        "can_publish": True,
        "can_publish_sources": ["microphone", "camera", "screen_share"],
        "can_subscribe": True,
        "can_publish_data": True,
    }
    assert claims.name == "Jo" and claims.identity == created["participant_identity"]
    assert ATTRIBUTE_CONTROL not in (claims.attributes or {})
    assert (claims.attributes or {})[ATTRIBUTE_PERSON] != "0123456789abcdef"
    assert created["token_expires_at"] == pytest.approx(time.time() + 120, abs=30)
    assert "0123456789abcdef" not in stage.gateway.get("/v1/sessions").text


def test_a_room_of_a_session_is_not_entered_by_another_door(stage: Stage) -> None:
    created = stage.create()
    answer = stage.gateway.post("/api/token", json={"room_name": created["room"]})
    assert answer.status_code == 400 and "session" in answer.json()["detail"]


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"head": "zoe"}, 422, "amy, ben, maya"),
    ({"language": "Klingon"}, 422, "en, de, fr"),
    ({"language": "de"}, 422, "only English"),
    ({"voice": "coral"}, 422, "hibari heart"),
    ({"speed": 5}, 422, "from 0.5 to 2"),
    ({"brain": "clever"}, 422, "pipeline, openai-realtime, gemini-live, remote, embedded"),
    ({"brain": "gemini-live"}, 422, "GEMINI_API_KEY"),
    ({"background": "blue"}, 422, "#rrggbb"),
    ({"background": "http://127.0.0.1/a.png"}, 422, "public internet"),
    ({"knowledge": ["http://169.254.169.254/"]}, 422, "public internet"),
    ({"webhook_url": "https://[::1]/"}, 422, "public internet"),
    ({"webhook_url": "http://8.8.8.8/"}, 422, "https://"),
    ({"max_seconds": 4000}, 422, "at most 3600"),
    ({"width": 63}, 400, "64 to 1920"),
    ({"mode": "shouting"}, 400, "dialogue"),
    ({"speed": "1"}, 400, "speed"),
    ({"colour": "red"}, 400, "colour: this field is unknown"),
    ({"metadata": {"a": "ü" * 2048}}, 400, "4096 bytes"),
    ({"participant": {"identity": "agent-AJ_1"}}, 400, "must not start with"),
    ({"knowledge": ["https://a.example/"] * 17}, 400, "16"),
    ({"greeting": "\ud800"}, 400, "unicode"),
]


def test_a_wrong_value_does_not_leave_one_guessing(stage: Stage) -> None:
    for asked, status, said in WRONG:
        answer = stage.gateway.post(
            "/v1/sessions", content=json.dumps(asked), headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.headers["content-type"]) == (
            status, "application/problem+json",
        ), asked  # fmt: skip
        assert said in answer.json()["detail"], asked
        assert answer.json()["code"] in ("wrong_value", "invalid_request", "invalid_webhook_url")
    assert stage.livekit.made == [] and stage.gateway.get("/v1/sessions").json()["sessions"] == []


def test_nobody_free_leaves_nothing_open(stage: Stage) -> None:
    stage.livekit.nobody_free = True
    answer = stage.gateway.post("/v1/sessions", json={})
    assert (answer.status_code, answer.json()["code"]) == (503, "nobody_free")
    assert int(answer.headers["retry-after"]) > 0
    assert stage.livekit.rooms == {}
    [kept] = stage.gateway.get("/v1/sessions").json()["sessions"]
    assert (kept["state"], kept["end_reason"]) == ("ended", "failed")
    assert [event.type for event in stage.sessions().events(kept["id"])] == [
        "session.created", "session.failed", "session.ended",
    ]  # fmt: skip


def test_livekit_that_is_down_is_a_sentence_and_leaves_nothing_open(stage: Stage) -> None:
    stage.livekit.down = True
    answer = stage.gateway.post("/v1/sessions", json={})
    assert (answer.status_code, answer.json()["code"]) == (502, "livekit_unavailable")
    assert stage.sessions().count_by_state() == {"open": 0, "failed": 1}


def test_an_agent_that_cannot_do_what_was_asked_is_not_called_present(stage: Stage) -> None:
    def refuse(room: Any) -> None:
        spec = SessionSpec.from_metadata(room.metadata)
        assert spec is not None
        data = {"code": "wrong_setting", "detail": "there is no such thing"}
        stage.sessions().append(spec.id, "session.failed", data)

    stage.livekit.on_room = refuse
    answer = stage.gateway.post("/v1/sessions", json={})
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_setting")
    assert stage.livekit.rooms == {}
    assert stage.sessions().count_by_state() == {"open": 0, "failed": 1}


@pytest.mark.parametrize(
    ("said", "state"), [("absent", "absent"), ("waiting", "coming"), (None, "coming")]
)
def test_a_face_that_is_not_there_is_not_promised(
    stage: Stage, said: str | None, state: str
) -> None:
    stage.livekit.face = said
    created = stage.create()
    assert created["face"]["state"] == state and created["face"]["detail"]


def test_too_many_open_sessions_are_refused_until_one_ends(stage: Stage) -> None:
    gateway = stage.open(max_sessions=2)
    ids = [gateway.post("/v1/sessions", json={}).json()["id"] for _ in range(2)]
    refused = gateway.post("/v1/sessions", json={})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_sessions")
    assert int(refused.headers["retry-after"]) > 0
    assert gateway.delete(f"/v1/sessions/{ids[0]}").status_code == 200
    assert gateway.post("/v1/sessions", json={}).status_code == 201


def test_a_list_leaves_out_nobody(stage: Stage) -> None:
    ids = [stage.create(metadata={"n": n})["id"] for n in range(5)]
    stage.gateway.delete(f"/v1/sessions/{ids[2]}")
    seen, cursor = list[str](), None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = stage.gateway.get("/v1/sessions", params=query).json()
        seen += [each["id"] for each in page["sessions"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == ids[::-1]
    ended = stage.gateway.get("/v1/sessions", params={"state": "ended"}).json()["sessions"]
    assert [each["id"] for each in ended] == [ids[2]]


def test_a_session_that_is_over_takes_nothing_more(stage: Stage) -> None:
    created = stage.create()
    path = f"/v1/sessions/{created['id']}"
    for _ in range(2):  # harmless when repeated
        ended = stage.gateway.post(f"{path}/end")
        assert (ended.status_code, ended.json()["state"]) == (200, "ended")
        assert ended.json()["agent"]["state"] == "absent"
    assert stage.livekit.rooms == {}
    for call in (
        stage.gateway.post(f"{path}/say", json={"text": "Hello"}),
        stage.gateway.post(f"{path}/interrupt"),
        stage.gateway.post(f"{path}/token"),
        stage.gateway.patch(path, json={"speed": 1.1}),
    ):
        assert (call.status_code, call.json()["code"]) == (410, "session_over")
    assert stage.gateway.get(f"{path}/transcript").status_code == 200


def test_a_session_with_a_dead_agent_ends_too(stage: Stage) -> None:
    created = stage.create()
    [room] = stage.livekit.rooms.values()
    room.participants.clear()
    stage.livekit.admit(room)
    assert stage.gateway.get(f"/v1/sessions/{created['id']}").json()["agent"]["state"] == "coming"
    assert stage.gateway.delete(f"/v1/sessions/{created['id']}").json()["end_reason"] == "ended"
    assert stage.livekit.rooms == {}


def test_what_is_not_there_is_not_found(stage: Stage) -> None:
    created = stage.create()
    for path in ("ses_none", "ses_none/transcript", f"{created['id']}/messages/none"):
        answer = stage.gateway.get(f"/v1/sessions/{path}")
        assert (answer.status_code, answer.json()["code"][:8]) == (404, "no_such_")


def test_a_change_is_told_and_kept(stage: Stage) -> None:
    created = stage.create(head="ben")
    path = f"/v1/sessions/{created['id']}"
    answer = stage.gateway.patch(path, json={"speed": 1.5, "head": "amy", "gesture": "nod"})
    assert answer.json() == {"voice": "hibari heart", "speed": 1.5}
    [room] = stage.livekit.rooms.values()
    [change] = room.changes
    assert change.appearance is not None
    assert (change.speed, change.appearance.head, change.appearance.gesture) == (1.5, "amy", "nod")
    asked = stage.gateway.get(path).json()["asked"]
    assert (asked["speed"], asked["head"]) == (1.5, "amy") and "gesture" not in asked
    refused = stage.gateway.patch(path, json={"head": "zoe"})
    assert (refused.status_code, len(room.changes)) == (422, 1)
    assert stage.gateway.post(f"{path}/token").status_code == 201


def test_a_long_text_arrives_whole_though_calls_are_short(stage: Stage) -> None:
    created = stage.create()
    [room] = stage.livekit.rooms.values()
    path = f"/v1/sessions/{created['id']}"
    early = stage.gateway.post(f"{path}/say", json={"text": "Hello"})
    assert (early.status_code, early.json()["code"]) == (409, "not_now")
    stage.livekit.admit(room)
    text = "日本語🚲\n\x01\"'" * 6250
    answer = stage.gateway.post(f"{path}/say", json={"text": text, "id": "mine"})
    assert answer.status_code == 202
    assert answer.json() == {"id": "mine", "state": "accepted", "detail": None,
                             "pieces": len(list(split(text)))}  # fmt: skip
    [message] = room.heard
    assert (message.text, message.kind, message.id) == (text, "say", "mine")
    again = stage.gateway.post(f"{path}/say", json={"text": text, "id": "mine"})
    assert again.status_code == 202 and len(room.heard) == 1
    longer = stage.gateway.post(f"{path}/ask", json={"text": "x" * 50_001})
    assert longer.status_code == 400 and "50000" in longer.json()["detail"]
    assert stage.gateway.post(f"{path}/interrupt").json() == {"ok": True}
    assert room.interrupts == 1


def test_an_acknowledgement_that_livekit_missed_says_nothing_twice(stage: Stage) -> None:
    created = stage.create()
    [room] = stage.livekit.rooms.values()
    stage.livekit.admit(room)
    stage.livekit.losing = 2
    answer = stage.gateway.post(f"/v1/sessions/{created['id']}/ask", json={"text": "Who?"})
    assert answer.status_code == 202 and len(room.heard) == 1
    stage.livekit.losing = 99
    lost = stage.gateway.post(f"/v1/sessions/{created['id']}/interrupt")
    assert (lost.status_code, lost.json()["code"]) == (503, "agent_unreachable")


def test_texts_sent_at_once_do_not_mix(stage: Stage) -> None:
    created = stage.create()
    [room] = stage.livekit.rooms.values()
    stage.livekit.admit(room)
    texts = [str(n) * 9000 for n in range(6)]
    gateways = [stage.gateway, stage.open()]
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(
                lambda n: gateways[n % 2].post(
                    f"/v1/sessions/{created['id']}/say", json={"text": texts[n]}
                ),
                range(6),
            )
        )
    assert {answer.status_code for answer in answers} == {202}
    assert sorted(message.text for message in room.heard) == texts


def test_the_transcript_has_what_was_said_and_no_more(stage: Stage) -> None:
    created = stage.create()
    sessions, path = stage.sessions(), f"/v1/sessions/{created['id']}"
    sessions.append(created["id"], "user.turn", {"text": "Who are you?"})
    sessions.append(created["id"], "message", {"id": "m1", "state": "begun"})
    sessions.append(created["id"], "agent.turn", {"text": "I am", "interrupted": True})
    sessions.append(created["id"], "message", {"id": "m1", "state": "interrupted"})
    page = stage.gateway.get(f"{path}/transcript", params={"limit": 1}).json()
    assert [(turn["role"], turn["text"]) for turn in page["turns"]] == [("user", "Who are you?")]
    rest = stage.gateway.get(f"{path}/transcript", params={"after": page["next_after"]}).json()
    [turn] = rest["turns"]
    assert (turn["role"], turn["text"], turn["interrupted"]) == ("agent", "I am", True)
    assert rest["next_after"] is None
    assert stage.gateway.get(f"{path}/messages/m1").json()["state"] == "interrupted"


def test_a_request_that_comes_twice_is_done_once(stage: Stage) -> None:
    gateways = [stage.gateway, stage.open()]
    key = {"Idempotency-Key": "order 17"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda n: gateways[n % 2].post("/v1/sessions", json={"head": "ben"}, headers=key),
                range(4),
            )
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 3
    assert len(stage.livekit.made) == 1
    other = stage.gateway.post("/v1/sessions", json={"head": "amy"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_request_that_failed_may_be_tried_again_with_its_key(stage: Stage) -> None:
    key = {"Idempotency-Key": "again"}
    stage.livekit.nobody_free = True
    assert stage.gateway.post("/v1/sessions", json={}, headers=key).status_code == 503
    stage.livekit.nobody_free = False
    assert stage.gateway.post("/v1/sessions", json={}, headers=key).status_code == 201


def test_what_was_answered_before_the_end_is_answered_so_after_it(stage: Stage) -> None:
    created = stage.create()
    [room] = stage.livekit.rooms.values()
    stage.livekit.admit(room)
    path = f"/v1/sessions/{created['id']}"
    calls: list[tuple[str, dict[str, str] | None]] = [
        ("say", {"text": "Hello"}),
        ("ask", {"text": "Who are you?"}),
        ("interrupt", None),
        ("token", None),
    ]

    def post(key: str) -> list[Any]:
        return [
            stage.gateway.post(
                f"{path}/{name}", json=body, headers={"Idempotency-Key": f"{key} {name}"}
            )
            for name, body in calls
        ]

    first = post("a key")
    assert [answer.status_code for answer in first] == [202, 202, 200, 201]
    stage.gateway.delete(path)
    again = post("a key")
    assert [(each.status_code, each.text) for each in again] == [
        (each.status_code, each.text) for each in first
    ]
    assert all(each.headers["idempotency-replayed"] == "true" for each in again)
    assert len(room.heard) == 2 and room.interrupts == 1
    assert {answer.status_code for answer in post("another key")} == {410}
