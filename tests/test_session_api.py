"""``/v1/sessions``: what is asked for is what is told, said, kept and ended, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from livekit.api import TokenVerifier
from sqlalchemy.exc import IntegrityError

from store import Sessions
from tests.fake_livekit import SECRET
from tests.session_stage import Stage, open_stage
from visavis.protocol import ATTRIBUTE_CONTROL, ATTRIBUTE_PERSON
from visavis.session import SessionSpec


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with open_stage(tmp_path, monkeypatch) as made:
        yield made


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
    ({"emotion": "bored"}, 422, "neutral, happy, sad"),
    ({"emotion": {"happy": 2}}, 422, "from 0 to 1"),
    ({"emotion": {"happy": 10**400}}, 422, "from 0 to 1"),
    ({"emotion": {"mix": {"happy": []}}}, 422, "from 0 to 1"),
    ({"emotion": {"mix": "happy", "\ud800": 1}}, 422, "not a part of an emotion"),
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
    ("said", "wait", "state"),
    [("absent", 30, "absent"), ("waiting", 0.3, "coming"), (None, 0.3, "coming")],
)
def test_a_face_that_is_not_there_is_not_promised(
    stage: Stage, said: str | None, wait: float, state: str
) -> None:
    stage.livekit.face = said
    created = stage.open(face_timeout=wait).post("/v1/sessions", json={}).json()
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


def test_a_session_that_was_not_kept_is_not_told_of(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise IntegrityError("INSERT", None, Exception("of another table"))

    monkeypatch.setattr(Sessions, "create", fail)
    assert stage.gateway.post("/v1/sessions", json={}).status_code == 503
    assert stage.livekit.rooms == {}
