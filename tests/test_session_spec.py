"""What a session's agent is told: whole, or refused."""

from __future__ import annotations

import json

import pytest

from visavis import ProtocolError
from visavis.appearance import AppearanceChange
from visavis.session import SessionSpec, door_key
from visavis.talk import LONGEST_INSTRUCTIONS, TalkChange

SPEC = SessionSpec(
    id="s1",
    created_at=1000.5,
    talk=TalkChange(language="de", mode="retelling", appearance=AppearanceChange(head="ben")),
    brain="embedded",
    video=False,
    greeting="",
    knowledge=("https://example.com/a.md",),
    max_seconds=600,
)


def test_a_spec_arrives_as_it_was_sent() -> None:
    assert SessionSpec.from_metadata(SPEC.to_metadata()) == SPEC


@pytest.mark.parametrize("metadata", ["", "{}", "no json", "[]", '{"knowledge": []}'])
def test_a_dispatch_without_a_session_is_none(metadata: str) -> None:
    assert SessionSpec.from_metadata(metadata) is None


@pytest.mark.parametrize(
    "session",
    [
        [],
        {},
        {"id": "a"},
        {"id": 1, "created_at": 1},
        {"id": "a", "created_at": True},
        {"id": "a", "created_at": 1, "video": "no"},
        {"id": "a", "created_at": 1, "colour": "red"},
        {"id": "a", "created_at": 1, "talk": {"mode": "shouting"}},
    ],
)
def test_a_wrong_session_is_not_taken_for_another(session: object) -> None:
    with pytest.raises(ProtocolError):
        SessionSpec.from_metadata(json.dumps({"session": session}))


def test_a_door_key_does_not_open_another_room() -> None:
    assert door_key("secret", "a") != door_key("secret", "b")
    assert door_key("secret", "a") == door_key("secret", "a")


def test_a_later_change_does_not_undo_an_earlier_one() -> None:
    first = TalkChange("nova", mode="retelling", appearance=AppearanceChange("ben", "#204060"))
    later = TalkChange(speed=1.5, appearance=AppearanceChange("amy", gesture="nod"))
    assert first.then(later) == TalkChange(
        "nova", 1.5, mode="retelling", appearance=AppearanceChange("amy", "#204060")
    )
    assert first.then(TalkChange()) == first


def test_a_persona_in_chinese_is_not_too_long_by_its_bytes() -> None:
    persona = ("你是一位老师。" * LONGEST_INSTRUCTIONS)[:LONGEST_INSTRUCTIONS]
    spec = SessionSpec("s1", 0.0, talk=TalkChange(instructions=persona))
    assert SessionSpec.from_metadata(spec.to_metadata()) == spec
