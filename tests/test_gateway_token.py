"""What a client may ask the token endpoint for, and where it is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from livekit.api import TokenVerifier
from starlette.testclient import TestClient

from gateway.app import create_app
from gateway.room import EMPTY_TIMEOUT, TOKEN_LIFETIME
from gateway.tokens import TokenRequest, make_token, server_url
from settings import Settings

SETTINGS = Settings(_env_file=None, livekit_url="ws://127.0.0.1:1")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(SETTINGS), base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"room_config": {"agents": [{"agent_name": "other"}]}}, "room_config: a client may not"),
        ({"roomConfig": {"maxParticipants": 1}}, "roomConfig: a client may not"),
        ({"participant_attributes": {"lk.publish_on_behalf": "a"}}, "lk. or visavis."),
        ({"participantAttributes": {"visavis.face": "present"}}, "lk. or visavis."),
        ({"participant_attributes": {str(n): "" for n in range(17)}}, "at most 16"),
        ({"participant_attributes": {"a": "ü" * 1024}}, "at most 2048 bytes"),
        ({"participant_attributes": {"a": 1}}, "participant_attributes.a: "),
        ({"participant_identity": "agent-AJ_1"}, "participant_identity: must not start with"),
        ({"participant_identity": "visavis-avatar-1"}, "participant_identity: must not start with"),
        ({"participant_metadata": "ü" * 1025}, "participant_metadata: must be at most 2048 bytes"),
        ({"participant_name": "a\nb"}, "participant_name: must not contain control"),
        ({"room_name": "r" * 129}, "room_name: "),
        ({"room_name": 5}, "room_name: "),
        ({"ttl": "100h"}, "ttl: this field is unknown"),
        ([], "must be a JSON object"),
    ],
)
def test_a_field_that_is_not_the_clients_is_refused_by_name(
    client: TestClient, body: Any, said: str
) -> None:
    answer = client.post("/api/token", json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_what_a_client_sent_is_not_sent_back(client: TestClient) -> None:
    answer = client.post("/api/token", json={"participant_metadata": "ünsaid" * 1000})
    assert answer.status_code == 400
    assert "ünsaid" not in answer.text


def test_a_body_without_end_is_not_read(client: TestClient) -> None:
    answer = client.post(
        "/api/token",
        content=(b" " * 4096 for _ in range(8)),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 413
    assert "16384 bytes" in answer.json()["detail"]


def test_broken_json_is_a_sentence(client: TestClient) -> None:
    answer = client.post("/api/token", content="{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (400, "The body is not JSON.")


def test_another_site_cannot_take_a_seat_in_a_visitors_name(client: TestClient) -> None:
    """Browsers send ``text/plain`` across sites without asking, and JSON only with leave."""
    foreign = {"Origin": "https://elsewhere.example"}
    plain = client.post(
        "/api/token", content="{}", headers=foreign | {"Content-Type": "text/plain"}
    )
    assert (plain.status_code, plain.json()["code"]) == (403, "origin_not_allowed")
    asked = client.options(
        "/api/token",
        headers=foreign
        | {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    for answer in (plain, asked):
        assert "access-control-allow-origin" not in answer.headers
    assert asked.status_code >= 400


def claims_of(request: dict[str, Any], room: str = "a room") -> Any:
    token = make_token(TokenRequest.model_validate(request), room, SETTINGS)
    secret = SETTINGS.livekit_api_secret.get_secret_value()
    return TokenVerifier(SETTINGS.livekit_api_key, secret).verify(token)


def test_a_token_grants_one_room_and_nothing_else() -> None:
    claims = claims_of({})
    granted = {name: value for name, value in vars(claims.video).items() if value}
    assert granted == {
        "room_join": True,
        "room": "a room",
        "can_publish": True,
        "can_subscribe": True,
        "can_publish_data": True,
    }
    assert claims.identity


@pytest.mark.parametrize("spell", ["snake", "camel"])
def test_a_token_says_who_the_person_is_in_either_spelling(spell: str) -> None:
    request: dict[str, Any] = {
        "participant_identity": "jo-1",
        "participant_name": "Jo",
        "participant_metadata": json.dumps({"plan": "free"}),
        "participant_attributes": {"colour": "green"},
    }
    if spell == "camel":
        model = TokenRequest.model_validate(request)
        request = model.model_dump(by_alias=True, exclude_none=True)
        assert "participantName" in request
    claims = claims_of(request)
    assert (claims.identity, claims.name) == ("jo-1", "Jo")
    assert claims.metadata == '{"plan": "free"}'
    assert claims.attributes == {"colour": "green", "visavis.control": "true"}
    assert claims.video is not None and claims.video.can_update_own_metadata is False


def test_two_strangers_get_two_identities() -> None:
    assert claims_of({}).identity != claims_of({}).identity
    assert claims_of({"participant_identity": ""}).identity


def test_a_room_that_is_made_again_on_joining_gets_its_agent_and_its_sync() -> None:
    config = claims_of({}).room_config
    assert config.sync_streams
    assert [agent.agent_name for agent in config.agents] == [SETTINGS.agent_name]


def test_a_room_does_not_end_before_its_token() -> None:
    assert TOKEN_LIFETIME.total_seconds() < EMPTY_TIMEOUT


@pytest.mark.parametrize(
    ("livekit", "public", "host", "expected"),
    [
        ("ws://127.0.0.1:7880", None, "localhost", "ws://127.0.0.1:7880"),
        ("ws://127.0.0.1:7880", None, "192.168.1.20", "ws://192.168.1.20:7880"),
        ("ws://localhost:7880", None, "mac.local", "ws://mac.local:7880"),
        ("ws://127.0.0.1:7880", None, "fd00::2", "ws://[fd00::2]:7880"),
        ("http://[::1]:7880", None, "::1", "ws://[::1]:7880"),
        ("https://lk.example", None, "192.168.1.20", "wss://lk.example"),
        ("ws://livekit:7880", "wss://talk.example/lk", "mac.local", "wss://talk.example/lk"),
        ("ws://livekit:7880", "ws://localhost:7880", "mac.local", "ws://mac.local:7880"),
    ],
)
def test_a_phone_is_not_sent_to_itself(
    livekit: str, public: str | None, host: str, expected: str
) -> None:
    settings = Settings(_env_file=None, livekit_url=livekit, livekit_public_url=public)
    assert server_url(settings, host) == expected
