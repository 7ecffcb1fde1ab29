"""Cards that a brain has the agent show."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

from livekit import rtc
from livekit.rtc._proto.rpc_pb2 import PerformRpcRequest

from agent.brains.remote_link import RemoteLink
from agent.brains.remote_llm import RemoteLLM
from agent.brains.remote_protocol import Action, parse


async def test_half_a_surrogate_pair_does_not_cost_the_brain_its_card() -> None:
    shown: list[str] = []
    told: list[dict[str, Any]] = []

    async def perform_rpc(*, payload: str, **_: object) -> str:
        shown.append(PerformRpcRequest(payload=payload).payload)
        return "ok"

    async def tell(message: dict[str, Any]) -> None:
        told.append(message)

    person = SimpleNamespace(identity="person", kind=rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD)
    room = SimpleNamespace(
        remote_participants={"person": person},
        local_participant=SimpleNamespace(perform_rpc=perform_rpc),
    )
    remote = RemoteLLM(cast(RemoteLink, SimpleNamespace(tell=tell)), "remote")
    data = {"title": "Party \ud83c", "text": "\udf89 at noon", "url": "https://example.org/\ud83c"}
    action = parse(json.dumps({"type": "action", "id": "1", "name": "card", "data": data}))
    assert isinstance(action, Action)
    await remote._act(cast(rtc.Room, room), action)
    [done] = told
    assert (done["id"], done["ok"]) == ("1", True)
    assert json.loads(shown[0])["title"] == "Party ?"
