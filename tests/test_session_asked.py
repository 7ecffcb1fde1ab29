"""A session begins as it was asked to, or says what is allowed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from agent.controls import Parts
from agent.job_store import JobStore
from agent.languages import apologise
from agent.manner import Manner
from agent.session import Asked, AskedError, recall
from settings import Settings
from store import Sessions, StoredSession, open_store
from visavis.appearance import AppearanceChange
from visavis.session import SessionSpec
from visavis.talk import TalkChange

LOCAL = Settings(_env_file=None)
CLOUD = Settings(_env_file=None, openai_api_key="sk-test", gemini_api_key="g-test")


def spec(brain: str | None = None, greeting: str | None = None, **talk: Any) -> SessionSpec:
    return SessionSpec("s1", 0.0, talk=TalkChange(**talk), brain=brain, greeting=greeting)


def test_the_first_word_is_not_said_in_another_way_than_asked() -> None:
    asked = Asked.of(CLOUD, spec(voice="nova", speed=1.5, language="German", instructions="Ahoy."))
    assert asked.parts.voice == asked.settings.openai_tts_voice == "nova"
    assert asked.settings.openai_tts_speed == 1.5 and asked.parts.language == "de"
    assert asked.settings.openai_transcription_language == "de"
    assert asked.first_words.startswith("Hallo")
    manner = Manner.of(None, small=False)
    asked.put_on(manner)
    assert "Ahoy." in manner.instructions and not manner.retells


@pytest.mark.parametrize(
    ("greeting", "mode", "said"),
    [
        (None, None, "Hi, I'm Amy. What would you like to talk about?"),
        ("Welcome!", None, "Welcome!"),
        ("", None, ""),
        (None, "retelling", ""),
        ("Welcome!", "retelling", "Welcome!"),
    ],
)
def test_nothing_is_said_first_that_was_not_to_be(
    greeting: str | None, mode: Any, said: str
) -> None:
    assert Asked.of(LOCAL, spec(greeting=greeting, mode=mode)).first_words == said


def test_a_replacement_does_not_greet_again_nor_talk_of_itself() -> None:
    asked = Asked.of(LOCAL, spec(greeting="Welcome!"), replacing=True)
    assert asked.first_words == apologise(LOCAL)
    assert Asked.of(LOCAL, spec(mode="retelling"), replacing=True).first_words == ""
    assert Asked.of(LOCAL, None, replacing=True).first_words == apologise(LOCAL)


@pytest.mark.parametrize(
    ("settings", "wrong", "code", "said"),
    [
        (LOCAL, spec(language="de"), "wrong_setting", "know only English"),
        (LOCAL, spec(voice="nova"), "wrong_setting", "'hibari heart'"),
        (CLOUD, spec(language="tlh"), "wrong_setting", "use one of en, de"),
        (CLOUD, spec(speed=9.0), "wrong_setting", "from 0.25 to 4"),
        (LOCAL, spec(brain="openai-realtime"), "wrong_brain", "needs OPENAI_API_KEY"),
        (LOCAL, spec(brain="nobody"), "wrong_brain", "it is one of pipeline"),
        (CLOUD, spec(brain="openai-realtime", voice="nova"), "wrong_setting", "alloy, ash"),
    ],
)
def test_a_wrong_wish_is_not_passed_over(
    settings: Settings, wrong: SessionSpec, code: str, said: str
) -> None:
    with pytest.raises(AskedError, match=said) as error:
        Asked.of(settings, wrong)
    assert error.value.code == code


async def test_an_agent_in_anothers_place_is_not_deaf_to_all_but_the_language_it_was_spoken_to_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.session.beginning.RECALLING", 60)
    url = f"sqlite:///{tmp_path}/visavis.sqlite3"
    sessions = Sessions(open_store(url), time.time)
    sessions.create(StoredSession("s1", "", "room", {}, {}, 0.0))
    begun = spec(voice="nova")
    for is_heard, pinned in ((True, None), (False, "de")):
        held = begun.talk.then(TalkChange(language="de", is_heard=is_heard))
        sessions.keep_talk("s1", held.to_json())
        store = JobStore(url)
        recalled = await recall(store, begun, replaces=True)
        await store.aclose()
        asked = Asked.of(CLOUD, recalled.spec, replacing=True)
        assert asked.parts.language == "de" and asked.parts.voice == "nova"
        assert asked.settings.openai_transcription_language == pinned


@pytest.mark.parametrize("came", [False, True])
async def test_who_comes_after_an_agent_that_waited_in_vain_is_not_begged_pardon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, came: bool
) -> None:
    monkeypatch.setattr("agent.session.beginning.RECALLING", 60)
    url = f"sqlite:///{tmp_path}/visavis.sqlite3"
    sessions = Sessions(open_store(url), time.time)
    sessions.create(StoredSession("s1", "", "room", {}, {}, 0.0))
    if came:
        sessions.append("s1", "session.started", {})
    store = JobStore(url)
    recalled = await recall(store, spec(greeting="Welcome!"), replaces=True)
    await store.aclose()
    assert recalled.begun is came


async def test_a_store_that_is_gone_does_not_say_that_nobody_came(tmp_path: Path) -> None:
    store = JobStore(f"sqlite:///{tmp_path}")
    assert (await recall(store, spec(), replaces=True)).begun
    await store.aclose()


def test_a_realtime_voice_is_not_fixed_before_it_talks() -> None:
    asked = Asked.of(CLOUD, spec(brain="gemini-live", voice="Puck"))
    assert asked.parts.providers.realtime == "gemini-live"
    assert asked.settings.gemini_voice == "Puck"


def test_an_emotion_is_not_for_the_face_that_is_there_first_alone() -> None:
    asked = Asked.of(LOCAL, spec(appearance=AppearanceChange(emotion="happy")))
    assert asked.face()._memory.emotion == "happy"


def test_a_conversation_of_no_session_is_not_changed() -> None:
    asked = Asked.of(CLOUD, None)
    assert asked.settings == CLOUD and asked.parts == Parts.of(CLOUD)
    assert asked.first_words and asked.talk == TalkChange()
