"""A session's events: in order, once, and never in the way of the conversation."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents.llm import ChatContext, ChatMessage, LLMError, RealtimeModelError

from agent.brains.realtime_care import NEW_OUTAGE, RealtimeCare
from agent.brains.steady_llm import BrokenAnswer
from agent.session import lost_texts
from agent.session import recorder as recorders
from agent.session.log import Log, note_failure
from agent.session.lost_texts import LostTexts
from agent.session.recorder import Recorder
from store import Sessions, StoredSession, open_store
from visavis.protocol import FaceState
from visavis.talk import MessageNews, MessageState


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    opened = Sessions(open_store(f"sqlite:///{tmp_path}/store.sqlite3"), time.time)
    opened.create(StoredSession("s1", "", "room", {}, {}, 0.0))
    return opened


def record(sessions: Any, **options: Any) -> Recorder:
    recorder = Recorder(lambda: cast(Sessions, sessions), "s1", retry=0.001, **options)
    recorder.start()
    return recorder


async def present() -> FaceState:
    await asyncio.sleep(0.01)
    return "present"


def kept(sessions: Sessions) -> list[str]:
    return [event.type for event in sessions.events("s1")]


async def until_kept(sessions: Sessions, type: str) -> None:
    async with asyncio.timeout(20):
        while type not in kept(sessions):
            await asyncio.sleep(0.005)


async def test_a_face_that_is_late_does_not_hold_up_what_happens(sessions: Sessions) -> None:
    now = 10.0
    come = asyncio.Event()

    async def late() -> FaceState:
        await come.wait()
        return "present"

    recorder = record(sessions, clock=lambda: now)
    recorder.note_start(late, {"llm": "small"})
    now = 20.0
    recorder.note("user.turn", text="Hello.")
    await until_kept(sessions, "user.turn")
    now = 30.0
    come.set()
    await until_kept(sessions, "session.started")
    await recorder.close("left")
    [_, turn, started, ended] = sessions.events("s1")
    assert (turn.type, turn.at, turn.data) == ("user.turn", 20.0, {"text": "Hello."})
    assert (started.type, started.at) == ("session.started", 10.0)
    assert started.data == {"face": "present", "brains": {"llm": "small"}}
    assert (ended.type, ended.data) == ("session.ended", {"reason": "left"})


async def test_an_agent_that_takes_a_lost_ones_place_does_not_start_the_session_again(
    sessions: Sessions,
) -> None:
    for _ in range(2):
        recorder = record(sessions)
        recorder.note_start(present, {})
        await recorder.close()
    assert kept(sessions).count("session.started") == 1


async def test_a_text_whose_agent_was_lost_does_not_stay_without_an_end(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_texts, "RETURNING", 0.01)

    def states(id: str) -> list[str]:
        events = sessions.events("s1", types=["message"])
        return [event.data["state"] for event in events if event.data["id"] == id]

    sessions.append("s1", "message", {"id": "old", "state": "accepted"})
    recorder = record(sessions)
    lost = LostTexts(recorder)
    taking_over = asyncio.create_task(lost.run())

    def tell(id: str, state: MessageState) -> None:
        lost.note(MessageNews(id, state))
        recorder.note("message", id=id, state=state)

    tell("mine", "accepted")
    await taking_over
    tell("later", "accepted")
    tell("mine", "done")
    lost.leave()
    await recorder.close()
    assert states("old") == states("later") == ["accepted", "failed"]
    assert states("mine") == ["accepted", "done"]


async def test_a_face_that_never_comes_does_not_cost_the_end(sessions: Sessions) -> None:
    async def never() -> FaceState:
        await asyncio.Event().wait()
        return "present"

    recorder = record(sessions)
    recorder.note_start(never, {})
    await asyncio.sleep(0.01)
    await recorder.close("ended")
    [_, started, ended] = sessions.events("s1")
    assert started.data["face"] == "absent" and ended.type == "session.ended"


async def test_words_that_nobody_wants_kept_are_not_kept(sessions: Sessions) -> None:
    recorder = record(sessions, words=False)
    recorder.note("user.turn", text="My secret.")
    recorder.note("agent.turn", text="Your secret.", interrupted=False, timing={})
    await recorder.close()
    assert "secret" not in str(sessions.events("s1"))
    assert kept(sessions)[1:] == ["user.turn", "agent.turn"]


class Broken:
    """A store that fails ``times`` times, then works."""

    def __init__(self, sessions: Sessions, times: int) -> None:
        self._sessions = sessions
        self.times = times

    def append(self, *event: Any) -> None:
        if self.times > 0:
            self.times -= 1
            raise OSError("in the middle of 'My secret.'")
        self._sessions.append(*event)

    def end(self, *end: Any) -> None:
        self._sessions.end(*end)


async def test_a_store_that_is_gone_for_a_moment_does_not_cost_an_event(
    sessions: Sessions,
) -> None:
    broken = Broken(sessions, recorders.ATTEMPTS - 1)
    recorder = record(broken)
    recorder.note("user.turn", text="Hello.")
    await until_kept(sessions, "user.turn")
    await recorder.close("left")
    assert kept(sessions)[1:] == ["user.turn", "session.ended"]


async def test_a_store_that_is_gone_while_the_session_ends_does_not_cost_its_last_events(
    sessions: Sessions,
) -> None:
    recorder = record(Broken(sessions, recorders.ATTEMPTS - 1))
    recorder.note("user.turn", text="Goodbye.")
    await recorder.close("left")
    assert kept(sessions)[1:] == ["user.turn", "session.ended"]


async def test_a_store_that_fails_does_not_end_the_record_nor_tell_the_log(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Broken(sessions, recorders.ATTEMPTS)
    recorder = record(broken)
    recorder.note("user.turn", text="My secret.")
    recorder.note("agent.turn", text="Still here.")
    while broken.times:
        await asyncio.sleep(0.001)
    await recorder.close("left")
    assert kept(sessions)[1:] == ["agent.turn", "session.ended"]
    assert "could not be kept: OSError" in caplog.text and "secret" not in caplog.text


async def test_a_store_that_hangs_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recorders, "FLUSHING", 0.05)
    let_go = threading.Event()
    hanging = SimpleNamespace(append=lambda *_: let_go.wait(30))
    recorder = record(hanging)
    for number in range(recorders.WAITING + 10):
        recorder.note("user.turn", text=str(number))
    assert "too slow" in caplog.text
    async with asyncio.timeout(20):
        await recorder.close("left")
    let_go.set()


class Talk:
    """A session's listeners."""

    def __init__(self) -> None:
        self.listeners: dict[str, Any] = {}

    def on(self, name: str, listener: Any) -> None:
        self.listeners[name] = listener

    def say(self, role: Any, text: str, **more: Any) -> None:
        message = ChatMessage(role=role, content=[text], **more)
        self.listeners["conversation_item_added"](SimpleNamespace(item=message))


async def test_no_turn_is_missing_from_the_transcript(sessions: Sessions) -> None:
    recorder, talk = record(sessions), Talk()
    Log(cast(Any, talk), recorder)
    talk.say("system", "You are Amy.")
    talk.say("assistant", "Hi!", metrics={"tts_node_ttfb": 0.1})
    talk.say("user", "Tell me all.", metrics={"end_of_turn_delay": 0.5})
    talk.say("assistant", "Once upon", interrupted=True, metrics={"e2e_latency": 1.25})
    failed = LLMError(timestamp=0, label="", error=OSError("My secret."), recoverable=True)
    talk.listeners["error"](SimpleNamespace(error=failed))
    broken = failed.model_copy(update={"error": BrokenAnswer("My secret.", retryable=False)})
    talk.listeners["error"](SimpleNamespace(error=broken))
    await recorder.close()
    events = sessions.events("s1")[1:]
    assert [event.type for event in events] == [
        "agent.turn",
        "user.turn",
        "agent.interrupted",
        "agent.turn",
        "session.failed",
        "session.failed",
    ]
    assert events[0].data == {
        "text": "Hi!",
        "interrupted": False,
        "timing": {"tts_first_byte": 0.1},
    }
    assert events[3].data == {
        "text": "Once upon",
        "interrupted": True,
        "timing": {"end_of_turn": 0.5, "answer": 1.25},
    }
    assert [event.data for event in events[4:]] == [
        {"code": "brain_failed", "detail": "no language model answers"},
        {"code": "brain_failed", "detail": "an answer broke off"},
    ]


async def test_a_hiccup_of_a_realtime_model_is_not_told_of_as_its_loss(sessions: Sessions) -> None:
    class Talk(rtc.EventEmitter[str]):
        async def say(self, *_: Any, **__: Any) -> None: ...

    recorder, talk = record(sessions), Talk()
    care = RealtimeCare(cast(Any, talk), cast(Any, None), "Moment!", lambda: note_failure(recorder))
    Log(cast(Any, talk), recorder)
    for recoverable in (True, False):
        error = OSError("conversation_already_has_active_response")
        failed = RealtimeModelError(timestamp=0, label="", error=error, recoverable=recoverable)
        talk.emit("error", SimpleNamespace(error=failed))
        assert (care._mending is None) == recoverable
    talk.emit("close", None)
    await recorder.close()
    assert kept(sessions) == ["session.created", "session.failed"]


async def test_one_outage_of_a_realtime_model_is_not_told_at_each_attempt_to_ask_it_back() -> None:
    class Agent:
        instructions = "Be kind."

        async def update_instructions(self, _: str) -> None: ...
        async def update_chat_ctx(self, _: ChatContext) -> None: ...

    class Talk(rtc.EventEmitter[str]):
        current_agent, history = Agent(), ChatContext.empty()

        async def say(self, *_: Any, **__: Any) -> None:
            said.append(losses[-1])

        def update_agent(self, _: Agent) -> None: ...

    losses, said, talk = list[int](), list[int](), Talk()
    care = RealtimeCare(
        cast(Any, talk),
        cast(Any, Agent),
        "Moment!",
        lambda: losses.append(len(losses)),
        first_delay=0.0,
    )
    for attempt in range(6):
        if attempt == 4:
            assert care._failed_at is not None
            care._failed_at -= NEW_OUTAGE
        error = RealtimeModelError(timestamp=0, label="", error=OSError(), recoverable=False)
        talk.emit("error", SimpleNamespace(error=error))
        assert care._mending is not None
        await care._mending
    assert losses == said == [0, 1]
