"""A person's memory: theirs to read and to delete, and nobody else's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit.api import TokenVerifier
from starlette.testclient import TestClient

from gateway.app import create_app
from gateway.people import person_key
from gateway.tokens import TokenRequest, make_token
from settings import Settings
from store import Memories, open_store
from visavis.protocol import ATTRIBUTE_PERSON

SECRET = "0f3c9a7e-5b1d-4c2f"
HEADERS = {"X-Visavis-Person": SECRET}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        livekit_url="ws://127.0.0.1:1",
        store_url=f"sqlite:///{tmp_path}/visavis.sqlite3",
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client


def test_a_person_is_not_kept_from_their_memory(client: TestClient, settings: Settings) -> None:
    memories = Memories(open_store(settings.store_url), time.time)
    memories.keep(person_key(SECRET), since=0, turns=[], facts=["Likes tea."])
    assert client.get("/api/memory", headers=HEADERS).json() == {
        "facts": ["Likes tea."],
        "turns": [],
    }
    other = {"X-Visavis-Person": SECRET[::-1]}
    assert client.get("/api/memory", headers=other).json()["facts"] == []
    assert client.delete("/api/memory", headers=other).status_code == 204
    assert memories.recall(person_key(SECRET)).facts
    assert client.delete("/api/memory", headers=HEADERS).status_code == 204
    assert not memories.recall(person_key(SECRET)).facts


@pytest.mark.parametrize(
    "headers", [{}, {"X-Visavis-Person": "short"}, {"X-Visavis-Person": "x y" * 9}]
)
def test_a_memory_of_nobody_is_not_shown(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get("/api/memory", headers=headers)
    assert answer.status_code == 400
    assert "visavis" in answer.json()["detail"].lower()


def test_the_room_does_not_learn_a_persons_secret(settings: Settings) -> None:
    request = TokenRequest(participant_attributes={ATTRIBUTE_PERSON: SECRET})
    token = make_token(request, "room", settings)
    secret = settings.livekit_api_secret.get_secret_value()
    claims = TokenVerifier(settings.livekit_api_key, secret).verify(token)
    assert claims.attributes is not None
    assert claims.attributes[ATTRIBUTE_PERSON] == person_key(SECRET) != SECRET


def test_a_guessable_person_is_refused(client: TestClient) -> None:
    answer = client.post("/api/token", json={"participant_attributes": {ATTRIBUTE_PERSON: "anna"}})
    assert answer.status_code == 400
    assert "16 to 64 letters" in answer.json()["detail"]
