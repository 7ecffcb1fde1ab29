"""The agent worker: who is let in."""

from __future__ import annotations

from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from livekit.agents import AgentServer, JobRequest

from agent.server import FULL, answer_up_to, build_server, capacity
from settings import Settings


def configure(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.mark.parametrize(("conversations", "is_full"), [(0, False), (1, False), (2, True)])
def test_a_busy_machine_turns_people_away(
    conversations: int, is_full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = build_server(configure(llama_slots=2))
    monkeypatch.setattr(AgentServer, "active_jobs", [object()] * conversations)
    assert server.load_fnc is not None
    assert (server.load_fnc(server) >= FULL) is is_full  # type: ignore[call-arg]


def test_a_full_worker_is_seen_to_be_full(monkeypatch: pytest.MonkeyPatch) -> None:
    announce = Mock()
    monkeypatch.setattr("agent.server.announce", announce)
    server = build_server(configure(llama_slots=2))
    monkeypatch.setattr(AgentServer, "active_jobs", [object()] * 2)
    fullness = announce.call_args.args[-1]
    assert fullness(server) == 1


@pytest.mark.parametrize(("conversations", "accepted"), [(1, True), (2, False)])
async def test_livekit_cloud_sends_more_people_than_fit(
    conversations: int, accepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AgentServer, "active_jobs", [object()] * conversations)
    request = AsyncMock(spec=JobRequest)
    await answer_up_to(2, build_server(configure()))(request)
    assert (request.accept.await_count, request.reject.await_count) == (accepted, not accepted)


def test_the_number_of_people_ignores_the_language_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert capacity(configure(llama_slots=3)) == 3
    assert capacity(configure(openai_base_url="http://127.0.0.1/v1")) == 32
