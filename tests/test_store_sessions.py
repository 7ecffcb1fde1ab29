"""Sessions and their events: in order, each once, and over once."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine

from store import Sessions, StoredSession


@pytest.fixture
def sessions(store: Engine) -> Sessions:
    return Sessions(store, lambda: 100.0)


def make(id: str, at: float = 1.0, owner: str = "acme") -> StoredSession:
    return StoredSession(id, owner, f"room-{id}", {"language": "de"}, {"order": 7}, at)


def test_a_session_is_not_kept_other_than_it_was_made(sessions: Sessions) -> None:
    sessions.create(make("a"))
    assert sessions.find("a") == make("a")
    assert sessions.find("b") is None


def test_two_writers_do_not_give_two_events_one_number(sessions: Sessions) -> None:
    sessions.create(make("a"))

    def write() -> None:
        for _ in range(20):
            assert sessions.append("a", "user.turn", {"text": "hello"})

    writers = [threading.Thread(target=write) for _ in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert [event.seq for event in sessions.events("a")] == list(range(1, 82))
    assert [event.seq for event in sessions.events("a", after=80)] == [81]


def test_of_two_changes_at_once_neither_is_lost(sessions: Sessions) -> None:
    sessions.create(make("a"))

    def change(name: str) -> None:
        for number in range(20):
            sessions.change_spec("a", {name: number})

    writers = [threading.Thread(target=change, args=[name]) for name in ("speed", "voice")]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    found = sessions.find("a")
    assert found is not None and found.spec == {"language": "de", "speed": 19, "voice": 19}
    sessions.change_spec("unknown", {"speed": 1})


def test_a_session_is_not_over_twice_and_nothing_happens_after(sessions: Sessions) -> None:
    sessions.create(make("a"))
    assert sessions.end("a", "idle")
    assert sessions.end("a", "left") is None
    assert sessions.append("a", "user.turn", {}) is None
    found = sessions.find("a")
    assert found is not None and (found.end_reason, found.ended_at) == ("idle", 100.0)
    assert [event.type for event in sessions.events("a")] == ["session.created", "session.ended"]


def news(sessions: Sessions, id: str, *states: str) -> None:
    for state in states:
        assert sessions.append("a", "message", {"id": id, "state": state})


def told(sessions: Sessions) -> list[tuple[str, str]]:
    return [
        (event.data["id"], event.data["state"]) for event in sessions.events("a", types=["message"])
    ]


def test_a_text_is_not_without_an_end_when_its_session_is_over(sessions: Sessions) -> None:
    sessions.create(make("a"))
    news(sessions, "waits", "accepted")
    news(sessions, "speaks", "accepted", "begun")
    for end in ("done", "interrupted", "failed", "refused"):
        news(sessions, end, "accepted", end)
    before = told(sessions)
    assert sessions.end("a", "lost")
    assert told(sessions)[len(before) :] == [("waits", "failed"), ("speaks", "failed")]
    assert sessions.events("a")[-1].type == "session.ended"
    assert sessions.message("a", "waits") == {
        "id": "waits", "state": "failed", "detail": "the conversation is over"
    }  # fmt: skip
    count = len(sessions.events("a"))
    sessions.fail_texts("a")
    assert sessions.end("a", "left") is None and len(sessions.events("a")) == count


def test_texts_of_a_lost_agent_do_not_wait_for_ever_nor_those_of_the_next_one_fail(
    sessions: Sessions,
) -> None:
    sessions.create(make("a"))
    news(sessions, "old", "accepted", "begun")
    news(sessions, "new", "accepted")
    for _ in range(2):
        sessions.fail_texts("a", {"new"})
    assert told(sessions)[3:] == [("old", "failed")]
    sessions.fail_texts("unknown")


def test_pages_leave_out_nobody_and_show_nobody_elses(sessions: Sessions) -> None:
    for n in range(7):
        sessions.create(make(f"s{n}", at=float(n // 2)))
    sessions.create(make("other", owner="rival"))
    sessions.end("s3", "ended")
    seen: list[str] = []
    while page := sessions.page("acme", after=seen[-1] if seen else None, limit=3, is_open=None):
        seen += [each.id for each in page]
    assert seen == ["s6", "s5", "s4", "s3", "s2", "s1", "s0"]
    assert len(sessions.page("acme", after=None, limit=9, is_open=True)) == 6
    assert [each.id for each in sessions.page("acme", after=None, limit=9, is_open=False)] == ["s3"]


def test_many_old_sessions_are_not_forgotten_in_one_long_statement(sessions: Sessions) -> None:
    for n in range(5):
        sessions.create(make(f"s{n}"))
        sessions.end(f"s{n}", "left")
    sessions.create(make("open"))
    assert [sessions.forget(ended_before=101.0, most=2) for _ in range(4)] == [2, 2, 1, 0]
    assert sessions.count_by_state() == {"open": 1}


def test_an_event_does_not_happen_when_it_is_written(sessions: Sessions) -> None:
    sessions.create(make("a"))
    for at in (90.5, None):
        assert sessions.append("a", "user.turn", {}, at)
    assert [event.at for event in sessions.events("a", after=1)] == [90.5, 100.0]


def test_what_is_forgotten_leaves_no_events(sessions: Sessions) -> None:
    sessions.create(make("a"))
    sessions.create(make("b"))
    sessions.end("a", "left")
    assert sessions.forget(ended_before=101.0) == 1
    assert sessions.find("a") is None and sessions.events("a") == []
    assert sessions.find("b") is not None
