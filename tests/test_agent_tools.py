"""What the model can do besides talking."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from livekit import rtc
from livekit.agents import llm

from agent.knowledge.answer import Answers
from agent.knowledge.choose import Library
from agent.knowledge.session import SessionKnowledge
from agent.tools import collect_tools
from agent.tools.clock import find_zone, read_clock
from agent.tools.page import open_link, show
from visavis.card import CARD_LIMITS
from visavis.protocol import RPC_SHOW_CARD

NOW = datetime(2026, 3, 1, 23, 30, tzinfo=ZoneInfo("Europe/Berlin"))

OWN = '''
from livekit.agents import function_tool
from _helper import ANSWER

@function_tool
async def tell_weather(city: str) -> str:
    """The weather.

    Args:
        city: where
    """
    return ANSWER + city
'''


def names(tools: list[llm.Tool]) -> list[str]:
    return sorted(tool.info.name for tool in tools if isinstance(tool, llm.FunctionTool))


def test_a_users_one_file_is_not_overlooked(tmp_path: Path) -> None:
    (tmp_path / "_helper.py").write_text('ANSWER = "rain in "')
    (tmp_path / "weather.py").write_text(OWN)
    ours = names(collect_tools(None))
    assert ours == ["open_link", "show_card", "tell_time"]
    tools = collect_tools(tmp_path)
    assert names(tools) == sorted([*ours, "tell_weather"])
    [weather] = [t for t in tools if isinstance(t, llm.FunctionTool) and "weather" in t.info.name]
    schema = llm.utils.build_legacy_openai_schema(weather)["function"]
    assert schema["parameters"]["properties"]["city"]["description"] == "where"


def test_a_broken_file_does_not_take_the_other_tools(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a_broken.py").write_text("import nothing_of_that_name")
    (tmp_path / "_helper.py").write_text('ANSWER = "rain in "')
    (tmp_path / "b_weather.py").write_text(OWN)
    (tmp_path / "c_empty.py").write_text("x = 1")
    with caplog.at_level(logging.WARNING):
        assert "tell_weather" in names(collect_tools(tmp_path))
    assert "a_broken.py cannot be used" in caplog.text
    assert "c_empty.py holds no tool" in caplog.text


def test_a_users_tool_does_not_stand_beside_ours_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "clock.py").write_text(
        OWN.replace("tell_weather", "tell_time").replace(
            "from _helper import ANSWER", 'ANSWER = "noon in "'
        )
    )
    tools = collect_tools(tmp_path)
    assert names(tools).count("tell_time") == 1
    [clock] = [t for t in tools if isinstance(t, llm.FunctionTool) and t.info.name == "tell_time"]
    assert "city" in str(llm.utils.build_legacy_openai_schema(clock))


def test_a_users_tool_named_like_one_of_the_conversation_does_not_end_it(tmp_path: Path) -> None:
    (tmp_path / "_helper.py").write_text('ANSWER = "nothing about "')
    (tmp_path / "search.py").write_text(OWN.replace("tell_weather", "search_knowledge"))
    ours = Answers(SessionKnowledge(Library(None, None))).tools()
    alone, both = collect_tools(None, ours), collect_tools(tmp_path, ours)
    assert names(alone) == names(both) == [
        "open_link", "search_knowledge", "show_card", "tell_time"
    ]  # fmt: skip
    theirs = llm.ToolContext(both).function_tools["search_knowledge"]
    assert "city" in str(llm.utils.build_legacy_openai_schema(cast(Any, theirs)))


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        ("tokyo", "Asia/Tokyo"),
        ("Tokyo, Japan", "Asia/Tokyo"),
        ("São Paulo", "America/Sao_Paulo"),
        ("new york", "America/New_York"),
        ("UTC", "UTC"),
    ],
)
def test_a_city_is_not_refused_for_its_spelling(place: str, zone: str) -> None:
    assert find_zone(place) == zone


@pytest.mark.parametrize("place", ["Atlantis", "../etc/passwd", "x" * 5000])
def test_an_unknown_place_is_not_given_a_made_up_time(place: str) -> None:
    with pytest.raises(llm.ToolError, match="No time zone"):
        find_zone(place)


def test_the_date_is_not_taken_from_the_servers_own_day() -> None:
    assert read_clock("Tokyo", NOW) == "Monday, 2 March 2026, 07:30 (Asia/Tokyo)"
    assert read_clock("", NOW) == "Sunday, 1 March 2026, 23:30"


class Person:
    """Answers the RPC like a page that can show cards, or like one that cannot."""

    def __init__(self, *, can: bool) -> None:
        self.can, self.calls = can, list[dict[str, Any]]()
        self.local_participant = self
        kinds = rtc.ParticipantKind
        self.remote_participants = {
            "anna": SimpleNamespace(identity="anna", kind=kinds.PARTICIPANT_KIND_STANDARD),
            "face": SimpleNamespace(identity="face", kind=kinds.PARTICIPANT_KIND_AGENT),
        }

    async def perform_rpc(self, **call: Any) -> str:
        if not self.can:
            raise rtc.RpcError(rtc.RpcError.ErrorCode.UNSUPPORTED_METHOD, "no such method")
        self.calls.append(call)
        return "ok"


async def test_a_card_does_not_go_to_the_face() -> None:
    room = Person(can=True)
    await show(room, "Room", "Number 12")  # type: ignore[arg-type]
    [call] = room.calls
    assert call["destination_identity"] == "anna"
    assert call["method"] == RPC_SHOW_CARD
    assert json.loads(call["payload"]) == {"title": "Room", "text": "Number 12"}


async def test_a_page_that_shows_no_cards_is_not_taken_for_one_that_did() -> None:
    with pytest.raises(llm.ToolError, match="say it instead"):
        await show(Person(can=False), "Room", "Number 12")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "example.org", "https://", "https://[x]/"]
)
async def test_a_link_that_is_none_is_not_shown(url: str) -> None:
    with pytest.raises(llm.ToolError, match="https://"):
        await open_link("A page", url)


@pytest.mark.parametrize("letter", ["é", "語", "🍋"])
async def test_a_card_that_is_not_too_long_is_not_refused_for_its_script(letter: str) -> None:
    room = Person(can=True)
    most = {name: letter * limit for name, limit in CARD_LIMITS.items() if name != "url"}
    url = "https://example.com/".ljust(CARD_LIMITS["url"], "x")
    await show(room, **most, url=url)  # type: ignore[arg-type]
    [call] = room.calls
    assert len(call["payload"].encode()) <= 15 * 1024, "what LiveKit takes in an RPC"


async def test_an_endless_card_is_not_sent() -> None:
    room = Person(can=True)
    with pytest.raises(llm.ToolError, match="at most"):
        await show(room, "Room", "x" * (CARD_LIMITS["text"] + 1))  # type: ignore[arg-type]
    assert not room.calls
