"""``/v1/sessions/ID/…``: what a running session is told is done once, whole and in order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.sessions.texts import split
from store import Worker, Workers, open_store
from tests.session_stage import Stage, open_stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with open_stage(tmp_path, monkeypatch) as made:
        yield made


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


def test_a_plug_ins_heads_are_not_refused_nor_ours_taken_for_them(stage: Stage) -> None:
    before = stage.open(avatar_renderer="flat")  # no worker has said yet what it draws
    assert before.post("/v1/sessions", json={"head": "mint"}).status_code == 201
    assert before.post("/v1/sessions", json={"head": ""}).status_code == 422
    workers = Workers(open_store(stage.store_url), time.time)
    about = {"heads": ["peach", "mint"]}
    workers.beat(Worker("1", "avatar", "host", "0.1.0", time.time(), about))
    gateway = stage.open(avatar_renderer="flat")
    created = gateway.post("/v1/sessions", json={"head": "mint"})
    refused = gateway.post("/v1/sessions", json={"head": "maya"})
    assert created.status_code == 201, created.text
    assert refused.status_code == 422 and "use one of mint, peach" in refused.json()["detail"]
    path = f"/v1/sessions/{created.json()['id']}"
    assert gateway.patch(path, json={"head": "peach"}).status_code == 200
    assert gateway.patch(path, json={"head": "maya"}).status_code == 422
    assert stage.gateway.post("/v1/sessions", json={"head": "mint"}).status_code == 422


def test_a_change_that_no_call_carries_is_not_called_the_agents_failure(stage: Stage) -> None:
    created = stage.create()
    path = f"/v1/sessions/{created['id']}"
    for persona in ("я" * 7600, "师" * 5000):
        answer = stage.gateway.patch(path, json={"instructions": persona})
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_value")
        assert "14000 bytes" in answer.json()["detail"] and persona[:9] not in answer.text
    for persona in ("a" * 10_000, "я" * 6900, "师" * 4600):
        assert stage.gateway.patch(path, json={"instructions": persona}).status_code == 200


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


@pytest.mark.parametrize("kind", ["say", "ask"])
def test_a_text_whose_answer_was_lost_is_not_said_twice_when_it_is_sent_again(
    stage: Stage, kind: str
) -> None:
    created = stage.create()
    [room] = stage.livekit.rooms.values()
    stage.livekit.admit(room)

    def send(text: str, key: str) -> Any:
        return stage.gateway.post(
            f"/v1/sessions/{created['id']}/{kind}",
            json={"text": text},
            headers={"Idempotency-Key": key},
        )

    stage.livekit.losing = 99
    assert send("One", "a").json()["code"] == "agent_unreachable"
    stage.livekit.losing = 0
    assert send("One", "a").status_code == 202
    assert [message.text for message in room.heard] == ["One"]

    stage.livekit.losing = 99
    assert send("Two", "b").status_code == 503
    stage.livekit.losing = 0
    for text, key in (("Three", "b"), ("Three", "c")):  # another text, another request
        assert send(text, key).status_code == 202
    assert [message.text for message in room.heard] == ["One", "Two", "Three", "Three"]


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


def test_half_a_surrogate_pair_does_not_make_a_transcript_unreadable(stage: Stage) -> None:
    created = stage.create()
    stage.sessions().append(created["id"], "agent.turn", {"text": "Party \ud83c"})
    answer = stage.gateway.get(f"/v1/sessions/{created['id']}/transcript")
    assert [turn["text"] for turn in answer.json()["turns"]] == ["Party ?"]


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
