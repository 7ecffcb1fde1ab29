"""How long a session may last and be silent, by a clock that the test turns."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc

from agent.job_store import JobStore
from agent.languages import LANGUAGES
from agent.session.limits import HEARING, LEAD, Clear, End, Limits, Step, Warn
from agent.session.sitting import Sitting
from agent.session.timekeeper import Timekeeper
from settings import Settings
from visavis.session import SessionSpec


def limits(max_seconds: float | None = None, idle_seconds: float | None = None) -> Limits:
    return Limits(created_at=0.0, now=0.0, max_seconds=max_seconds, idle_seconds=idle_seconds)


def steps(limits: Limits, now: float) -> list[Step]:
    taken: list[Step] = []
    while (step := limits.step(now)) is not None:
        taken.append(step)
        if isinstance(step, End):
            break
    return taken


@pytest.mark.parametrize(
    ("seconds", "lead"), [(3600.0, LEAD), (300.0, 30.0), (60.0, 6.0), (20.0, 5.0), (4.0, 2.0)]
)
def test_nobody_is_cut_off_without_a_warning(seconds: float, lead: float) -> None:
    session = limits(max_seconds=seconds)
    assert session.until_next(0) == seconds - lead
    assert not steps(session, seconds - lead - 0.01)
    assert steps(session, seconds - lead) == [Warn("duration", seconds, lead)]
    session.word(seconds - 1)  # talking does not make the time longer
    assert not steps(session, seconds - 0.01)
    assert steps(session, seconds) == [End("duration")]


def test_an_agent_that_takes_over_does_not_begin_the_time_again() -> None:
    late = Limits(created_at=0.0, now=595.0, max_seconds=600.0, idle_seconds=60.0)
    assert steps(late, 595.0) == [Warn("duration", 600.0, 5.0)]
    over = Limits(created_at=0.0, now=700.0, max_seconds=600.0, idle_seconds=60.0)
    assert steps(over, 700.0) == [End("duration")]


def test_who_says_something_is_not_taken_for_silent() -> None:
    session = limits(idle_seconds=60)
    assert steps(session, 54) == [Warn("idle", 60, 6)]
    session.word(55)
    assert steps(session, 55) == [Clear("idle")]
    assert not steps(session, 108) and session.until_next(108) == 1
    assert steps(session, 109) == [Warn("idle", 115, 6)]
    assert steps(session, 115) == [End("idle")]


def test_a_long_answer_does_not_count_as_silence() -> None:
    session = limits(idle_seconds=60)
    session.speak("agent", True, 10)
    assert not steps(session, 1000) and session.until_next(1000) == float("inf")
    session.speak("agent", False, 1000)
    assert session.until_next(1000) == 54


def test_a_person_who_is_speaking_is_not_cut_off_before_they_are_understood() -> None:
    session = limits(idle_seconds=60)
    assert steps(session, 54) == [Warn("idle", 60, 6)]
    session.speak("person", True, 59)
    assert not steps(session, 65)
    session.speak("person", False, 65)
    assert not steps(session, 65 + HEARING - 0.1)
    assert steps(session, 65 + HEARING) == [End("idle")], "it was a noise"


def test_the_nearer_limit_is_not_hidden_by_the_other() -> None:
    session = limits(max_seconds=100, idle_seconds=98)
    assert steps(session, 90) == [Warn("duration", 100, 10), Warn("idle", 98, 8)]
    shown = session.shown(90)
    assert shown is not None and shown.limit == "idle"
    session.word(91)
    assert steps(session, 91) == [Clear("idle")]
    assert session.shown(91) == Warn("duration", 100, 9)


class Stage:
    """A timekeeper whose clock only goes on while it waits."""

    def __init__(self, limits: Limits) -> None:
        self.now = 0.0
        self.events: list[Any] = []
        self.spoken = asyncio.Event()
        self.keeper = Timekeeper(
            limits,
            cast(Any, SimpleNamespace(note=lambda type, **data: self.events.append((type, data)))),
            announce=self._announce,
            show=self._show,
            end=lambda limit: self.events.append(("end", limit)),
            clock=lambda: self.now,
        )
        self.keeper._wait = self._wait  # type: ignore[method-assign]

    async def _announce(self, limit: str, seconds: float) -> None:
        self.events.append(("announce", limit))
        self.keeper._on_speech(cast(Any, None))
        self._agent("speaking")
        self._agent("listening")
        self.spoken.set()

    async def _show(self, warning: Warn | None) -> None:
        self.events.append(("show", warning and warning.limit))

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.now += seconds

    def _agent(self, state: str) -> None:
        self.keeper._on_agent(cast(Any, SimpleNamespace(new_state=state)))


async def test_its_own_warning_does_not_put_off_the_end() -> None:
    stage = Stage(limits(idle_seconds=60))
    async with asyncio.timeout(20):
        await stage.keeper.run()
    assert stage.events == [
        ("session.warned", {"limit": "idle", "seconds_left": 6.0}),
        ("show", "idle"),
        ("announce", "idle"),
        ("end", "idle"),
    ]


async def test_a_page_that_comes_back_does_not_count_from_the_warning_again() -> None:
    stage = Stage(limits(max_seconds=60))
    people: list[rtc.ParticipantKind.ValueType] = [
        rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD,
        rtc.ParticipantKind.PARTICIPANT_KIND_AGENT,
    ]
    told: list[float] = []

    async def show(warning: Warn | None) -> None:
        told.append(warning.seconds_left if warning else 0.0)

    async def wait(seconds: float) -> None:
        await asyncio.sleep(0)
        if told and people:
            stage.now += 2
            stage.keeper._on_connected(cast(Any, SimpleNamespace(kind=people.pop(0))))
        else:
            stage.now += seconds

    stage.keeper._show, stage.keeper._wait = show, wait  # type: ignore[method-assign]
    await stage.keeper.run()
    assert told == [6.0, 4.0]


async def test_a_voice_that_fails_does_not_make_a_session_endless(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage(limits(max_seconds=60))

    async def fail(*_: object) -> None:
        raise RuntimeError("secret")

    stage.keeper._announce = fail
    await stage.keeper.run()
    assert ("end", "duration") in stage.events and "secret" not in caplog.text


def test_no_language_is_without_its_parting_words() -> None:
    for language in LANGUAGES.values():
        said = {language.time_is_short, language.silence_is_long, language.goodbye}
        assert len(said) == 3 and all(said)
        assert not any(char.isdigit() for text in said for char in text), "voices differ on digits"


class Seat:
    """A sitting with a voice that notes what it says, and somebody who may leave."""

    def __init__(self, folder: Path) -> None:
        self.log: list[str] = []
        self.people = {"jo": SimpleNamespace(kind=rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD)}
        ctx = SimpleNamespace(
            job=SimpleNamespace(room=SimpleNamespace(name="room")),
            room=SimpleNamespace(remote_participants=self.people),
        )
        store = JobStore(f"sqlite:///{folder}/visavis.sqlite3")
        spec = SessionSpec("s", 0.0)
        self.sitting = Sitting(cast(Any, ctx), Settings(_env_file=None), spec, store)
        voice = SimpleNamespace(
            interrupt=self._note("interrupted"),
            say_goodbye=self._note("goodbye"),
            warn=self._note("warned"),
        )
        texts = SimpleNamespace(
            take=None, stop=lambda: self.log.append("stopped"), all_told=self._note("told")
        )
        self.sitting._voice = cast(Any, voice)
        self.sitting._timekeeper = cast(Any, SimpleNamespace(word=lambda: None))
        self.sitting.admit(cast(Any, texts), {})

    def _note(self, what: str) -> Any:
        async def note(*_: Any) -> None:
            self.log.append(what)

        return note


async def test_a_goodbye_does_not_wait_behind_texts_that_nobody_will_hear(tmp_path: Path) -> None:
    seat = Seat(tmp_path)
    await seat.sitting._part(aloud=True)
    assert seat.log == ["stopped", "interrupted", "told", "goodbye"]


async def test_what_becomes_of_texts_is_not_lost_with_the_voice(tmp_path: Path) -> None:
    async def fail() -> None:
        raise RuntimeError("AgentSession isn't running")

    seat = Seat(tmp_path)
    cast(Any, seat.sitting._voice).interrupt = fail
    with pytest.raises(RuntimeError):
        await seat.sitting._part(aloud=True)
    assert seat.log == ["stopped", "told"]


async def test_who_comes_back_is_not_told_of_a_limit_that_was_near_before(tmp_path: Path) -> None:
    seat = Seat(tmp_path)
    await seat.sitting._announce("idle", 5.0)
    seat.people.clear()
    await seat.sitting._announce("idle", 5.0)
    assert seat.log == ["warned"]
