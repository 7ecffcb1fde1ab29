"""What conversations use is counted, once, and told to whom it concerns."""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentSession, APIConnectionError, llm
from livekit.agents.metrics import (
    AgentSessionUsage,
    LLMMetrics,
    LLMModelUsage,
    ModelUsageCollector,
    STTModelUsage,
    TTSModelUsage,
)
from sqlalchemy import Engine
from starlette.testclient import TestClient

from agent.brains.steady_llm import SteadyLLM
from agent.usage import Meter, meter
from gateway.access import Caller
from gateway.access.keyring import make_key
from gateway.app import create_app
from settings import Settings
from store import Keys, Sessions, StoredSession
from store.usage import Quantities, Run, Usages, Used
from visavis.session import SessionSpec

NOON = 1_790_000_000.0
"""2026-09-21, 14:13 UTC."""
SPEC = SessionSpec("s1", NOON)
TALK = Used("conversation", "", "", Quantities(seconds=60, heard_seconds=20, spoken_seconds=30))
MIND = Used(
    "llm",
    "api.openai.com",
    "gpt-4.1-mini",
    Quantities(input_tokens=1000, cached_tokens=400, output_tokens=100),
)
VOICE = Used(
    "tts", "ElevenLabs", "eleven_turbo_v2_5", Quantities(characters=2000, audio_seconds=30)
)


@pytest.fixture
def settings(store_url: str) -> Settings:
    return Settings(_env_file=None, livekit_url="ws://127.0.0.1:1", store_url=store_url)


@pytest.fixture
def usages(store: Engine) -> Usages:
    sessions = Sessions(store, lambda: NOON)
    for id, owner in (("s1", "key-a"), ("s2", "key-b")):
        sessions.create(StoredSession(id, owner, f"room-{id}", {}, {}, NOON))
    return Usages(store)


@pytest.fixture
def client(settings: Settings, store: Engine) -> Iterator[TestClient]:
    """Of an administrator."""
    _, key = make_key(Keys(store, time.time), "ops", ("admin",))
    headers = {"Authorization": f"Bearer {key}"}
    app = create_app(settings)
    with TestClient(app, base_url="http://127.0.0.1", headers=headers) as client:
        yield client


def seconds(usages: Usages, group: Any, owner: str | None = None) -> dict[str, float]:
    found = usages.total(group, owner=owner, since=0, until=2 * NOON)
    return {
        each.group: each.used.quantities.seconds
        for each in found
        if each.used.kind == "conversation"
    }


def test_what_is_written_again_is_not_counted_twice(usages: Usages) -> None:
    run = Run("job-1", "s1", NOON)
    usages.keep(run, [TALK])
    usages.keep(run, [TALK, MIND])
    usages.keep(run, [TALK, MIND])
    assert seconds(usages, "session") == {"s1": 60}


def test_a_replaced_agent_adds_to_its_session(usages: Usages) -> None:
    usages.keep(Run("job-1", "s1", NOON), [TALK])
    usages.keep(Run("job-2", "s1", NOON + 100), [TALK])
    assert seconds(usages, "session") == {"s1": 120}
    assert usages.count("session", owner=None, since=0, until=2 * NOON) == {"s1": 1}


def test_conversations_of_the_page_count_under_no_key(usages: Usages) -> None:
    usages.keep(Run("job-1", "", NOON), [TALK])
    usages.keep(Run("job-2", "", NOON), [TALK])
    usages.keep(Run("job-3", "s2", NOON), [TALK])
    assert seconds(usages, "key") == {"": 120, "key-b": 60}
    assert usages.count("key", owner=None, since=0, until=2 * NOON) == {"": 2, "key-b": 1}
    assert seconds(usages, "key", owner="key-b") == {"key-b": 60}


def test_a_session_that_is_forgotten_is_still_billed(usages: Usages, store: Engine) -> None:
    usages.keep(Run("job-1", "s1", NOON), [TALK])
    sessions = Sessions(store, lambda: NOON)
    sessions.end("s1", "ended")
    sessions.forget(NOON + 1)
    assert sessions.find("s1") is None
    usages.keep(Run("job-1", "s1", NOON), [TALK])
    assert seconds(usages, "key") == {"key-a": 60}


# what is told


def test_the_report_names_what_it_could_not_price(client: TestClient, usages: Usages) -> None:
    unknown = Used("llm", "llm.example", "big", Quantities(input_tokens=7))
    usages.keep(Run("job-1", "s1", time.time() - 60), [TALK, MIND, VOICE, unknown])
    report = client.get("/v1/usage", params={"group": "session"}).json()
    [row] = report["rows"]
    assert (row["group"], row["conversations"], row["session_seconds"]) == ("s1", 1, 60)
    assert (row["input_tokens"], row["cached_tokens"], row["tts_characters"]) == (1007, 400, 2000)
    assert row["cost"] == pytest.approx(0.10044) and row["unpriced"] == ["llm.example big"]
    assert report["currency"] == "USD" and report["total"]["cost"] == row["cost"]
    by_brain = client.get("/v1/usage", params={"group": "brain"}).json()["rows"]
    assert {row["group"] for row in by_brain} == {
        "", "api.openai.com gpt-4.1-mini", "ElevenLabs eleven_turbo_v2_5", "llm.example big"
    }  # fmt: skip


def test_a_conversation_counts_where_it_began(client: TestClient, usages: Usages) -> None:
    usages.keep(Run("job-1", "s1", NOON), [TALK])
    usages.keep(Run("job-2", "s2", NOON + 86_400), [TALK])
    params = {"from": "2026-09-21", "to": "2026-09-22", "group": "day"}
    report = client.get("/v1/usage", params=params).json()
    assert [row["group"] for row in report["rows"]] == ["2026-09-21"]
    assert client.get("/v1/usage", params={"from": "yesterday"}).json()["code"] == "invalid_request"


@pytest.mark.parametrize(
    "span",
    [
        {"to": "0001-01-01"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"to": "9999-12-31T23:59:59-14:00"},
    ],
)
def test_a_day_before_all_calendars_is_not_an_error_of_ours(
    client: TestClient, span: dict[str, str]
) -> None:
    for path in ("/v1/usage", "/v1/usage.csv"):
        answer = client.get(path, params=span)
        assert (answer.status_code, answer.json()["code"]) == (422, "wrong_value")


def test_the_csv_has_the_same_rows(client: TestClient, usages: Usages) -> None:
    usages.keep(Run("job-1", "s1", time.time() - 60), [TALK, MIND])
    by_header = client.get("/v1/usage", headers={"Accept": "text/csv"}).text
    by_name = client.get("/v1/usage.csv").text
    assert by_header == by_name
    [row] = csv.DictReader(io.StringIO(by_name))
    assert (row["session_seconds"], row["input_tokens"], row["currency"]) == ("60.0", "1000", "USD")


def test_a_key_sees_its_own_usage_alone(
    client: TestClient, usages: Usages, monkeypatch: pytest.MonkeyPatch
) -> None:
    usages.keep(Run("job-1", "s1", time.time() - 60), [TALK])
    usages.keep(Run("job-2", "s2", time.time() - 60), [TALK])

    async def caller(*_: Any) -> Caller:
        return Caller("key-b", frozenset({"usage"}))

    monkeypatch.setattr(client.app.state.door, "caller", caller)  # type: ignore[attr-defined]
    report = client.get("/v1/usage", params={"group": "session"}).json()
    assert [row["group"] for row in report["rows"]] == ["s2"]


# how it is measured


class Session(rtc.EventEmitter[Any]):
    """What a meter sees of an ``AgentSession``."""

    def __init__(self) -> None:
        super().__init__()
        self.usage = AgentSessionUsage(
            [
                LLMModelUsage(provider="127.0.0.1:4000", model="smollm2-135m", input_tokens=9),
                STTModelUsage(provider="api.openai.com", model="whisper", audio_duration=2.5),
                TTSModelUsage(provider="ElevenLabs", model="flash", characters_count=40),
            ]
        )


async def test_what_is_used_is_written_while_it_runs_and_at_its_end(usages: Usages) -> None:
    now = 0.0
    session = Session()
    meter = Meter(
        cast(AgentSession[Any], session),
        Run("job-1", "s1", NOON),
        lambda: usages,
        embedded="127.0.0.1:4000",
        clock=lambda: now,
        interval=0.01,
    )
    session.emit("user_state_changed", SimpleNamespace(new_state="speaking"))
    now += 3
    session.emit("user_state_changed", SimpleNamespace(new_state="listening"))
    session.emit("agent_state_changed", SimpleNamespace(new_state="speaking"))
    now += 4
    async with asyncio.timeout(30):
        while seconds(usages, "session") != {"s1": 7}:
            await asyncio.sleep(0.01)
    now += 1
    await meter.aclose()
    found = {
        (each.used.kind, each.used.provider): each.used.quantities
        for each in usages.total("key", owner="key-a", since=0, until=2 * NOON)
    }
    talk = found["conversation", ""]
    assert (talk.seconds, talk.heard_seconds, talk.spoken_seconds) == (8, 3, 5)
    assert found["llm", "embedded"].input_tokens == 9
    assert found["stt", "api.openai.com"].audio_seconds == 2.5
    assert found["tts", "ElevenLabs"].characters == 40


async def test_a_conversation_that_is_handed_over_at_midnight_is_not_counted_on_two_days(
    usages: Usages, store: Engine
) -> None:
    ends: list[Any] = []
    of_a_job = SimpleNamespace(open=lambda: store, at_the_end=ends.append)
    for job in ("job-1", "job-2"):
        ctx = SimpleNamespace(job=SimpleNamespace(id=job, metadata=SPEC.to_metadata()))
        meter(cast(Any, ctx), cast(Any, Session()), cast(Any, of_a_job), began=SPEC.created_at)
    for end in ends:
        await end()
    assert usages.count("day", owner=None, since=0, until=2 * NOON) == {"2026-09-21": 1}
    runs = usages.count("session", owner=None, since=NOON, until=NOON + 1)
    assert runs == {"s1": 1}, "a part of it counts elsewhere"


async def test_a_store_that_fails_ends_no_conversation(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Usages:
        raise OSError("the disk is full")

    session = cast(AgentSession[Any], Session())
    meter = Meter(session, Run("job-1", "", NOON), broken, interval=0.001)
    await asyncio.sleep(0.05)
    await meter.aclose()
    warnings = [record for record in caplog.records if "cannot be written" in record.message]
    assert len(warnings) == 1


class Mind(llm.LLM[Any]):
    """Answers with one word, or fails."""

    def __init__(self, name: str, *, works: bool) -> None:
        super().__init__()
        self.name, self.works = name, works

    @property
    def model(self) -> str:
        return self.name

    @property
    def provider(self) -> str:
        return "test"

    def chat(self, *, chat_ctx: llm.ChatContext, **given: Any) -> llm.LLMStream:
        options = given["conn_options"]
        return _Answer(self, chat_ctx=chat_ctx, tools=[], conn_options=options)


class _Answer(llm.LLMStream):
    _llm: Mind

    async def _run(self) -> None:
        if not self._llm.works:
            raise APIConnectionError("away", retryable=False)
        usage = llm.CompletionUsage(completion_tokens=2, prompt_tokens=11, total_tokens=13)
        delta = llm.ChoiceDelta(role="assistant", content="Yes.")
        self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=delta))
        self._event_ch.send_nowait(llm.ChatChunk(id="1", usage=usage))


async def test_the_model_that_answered_is_the_one_that_is_billed() -> None:
    collected = ModelUsageCollector()
    mind = SteadyLLM(
        [Mind("first", works=False), Mind("second", works=True)], trouble="", apology=""
    )
    mind.on("metrics_collected", lambda metrics: collected.collect(cast(LLMMetrics, metrics)))
    async with mind.chat(chat_ctx=llm.ChatContext.empty()) as answer:
        assert [chunk async for chunk in answer]
    await mind.aclose()
    [used] = collected.flatten()
    assert isinstance(used, LLMModelUsage)
    assert (used.model, used.input_tokens, used.output_tokens) == ("second", 11, 2)
