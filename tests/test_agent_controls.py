"""Settings that change while the agent talks: all that was asked, or nothing."""

from __future__ import annotations

import asyncio
import inspect
from types import SimpleNamespace
from typing import Any, cast, get_args

import pytest
from livekit.agents import AgentSession, llm
from livekit.agents.types import NOT_GIVEN
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.audio_recognition import _PreemptiveGenerationInfo
from livekit.plugins import openai, silero
from livekit.plugins.openai.models import TTSVoices

from agent.assistant import Assistant
from agent.brains.choose import realtime_model
from agent.brains.errors import BrainError
from agent.brains.providers import Providers
from agent.brains.speech import Models, choose_stt
from agent.brains.steady_llm import SteadyLLM
from agent.brains.turns import turn_handling
from agent.controls import Control, ControlError, Parts
from agent.controls.detection import TURNS, LanguageWatch, detect
from agent.languages import LANGUAGES, find_language, greet
from agent.manner import Manner
from agent.parts import OPENAI_VOICES
from evals.minds import ScriptedLLM, WatchedLLM, told_text
from evals.scenario import Answer
from settings import Settings
from visavis.appearance import AppearanceChange
from visavis.protocol import ProtocolError
from visavis.talk import Talk, TalkChange

OPENAI = Settings(_env_file=None, openai_api_key="sk-test")
OPENAI_REALTIME = OPENAI.model_copy(update={"brain": "openai-realtime"})
CLOUD = Providers("openai", "openai", "openai")
LOCAL = Providers("embedded", "embedded", "embedded")
GERMAN = "Ich möchte gern über das Wetter reden."
MODELS = Models(vad=silero.VAD.load(), ears=None, voice=None)


def test_no_voice_of_openais_is_missing() -> None:
    assert get_args(TTSVoices) == OPENAI_VOICES


class Closable:
    """Ears or a voice."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = 0

    async def aclose(self) -> None:
        self.closed += 1
        if self.name == "the first":
            raise RuntimeError("it was closed already")


class Agent:
    """The session's agent: notes what it is given."""

    def __init__(self) -> None:
        self.options: list[dict[str, Any]] = []
        self.instructions: list[str] = []
        self.stt: Any = NOT_GIVEN
        self.tts: Any = NOT_GIVEN
        self.withholds_words = False

    def update_options(self, **options: Any) -> None:
        self.options.append(options)
        vars(self).update(options)

    async def update_instructions(self, text: str) -> None:
        self.instructions.append(text)


class Stage:
    """One conversation's control, and what became of it."""

    def __init__(self, providers: Providers = CLOUD, settings: Settings = OPENAI) -> None:
        self.agent, self.told = Agent(), list[Talk]()
        self.listeners: dict[str, Any] = {}
        self.audio: list[bool] = []
        self.video: list[bool] = []
        self.session: Any = SimpleNamespace(
            current_agent=self.agent,
            stt=Closable("the first"),
            tts=Closable("the first"),
            llm=SteadyLLM([], trouble="Down.", apology="Lost."),
            on=self.listeners.__setitem__,
            input=SimpleNamespace(
                video=object(),
                set_audio_enabled=self.audio.append,
                set_video_enabled=self.video.append,
            ),
            current_speech=None,
            user_state="listening",
            options=SimpleNamespace(preemptive_generation={"enabled": True}),
        )
        self.manner = Manner.of(None, small=False)
        self.control = Control(
            cast(Any, self.session), self.manner, Parts(settings, providers), MODELS, self._tell
        )

    async def _tell(self, talk: Talk) -> None:
        self.told.append(talk)

    async def hear(self, words: str) -> None:
        """A phrase, until it was judged."""
        event = SimpleNamespace(is_final=True, transcript=words)
        self.listeners["user_input_transcribed"](event)
        async with asyncio.timeout(60):
            await asyncio.gather(*self.control._follower._tasks)

    def end_turn(self) -> None:
        said = llm.ChatMessage(role="user", content=["What was said."])
        self.listeners["conversation_item_added"](SimpleNamespace(item=said))


async def test_what_is_asked_for_together_is_not_done_in_part() -> None:
    stage = Stage()
    before = stage.control.talk
    with pytest.raises(ControlError, match="use a number from"):
        asked = TalkChange(language="de", voice="nova", instructions="Be brief.", speed=9)
        await stage.control.change(asked)
    assert stage.control.talk == before
    assert not stage.agent.options and not stage.agent.instructions and not stage.told
    asked = TalkChange(language="de", voice="nova", instructions="Be brief.", speed=1.5)
    talk = await stage.control.change(asked)
    assert talk == Talk("nova", 1.5, "de", "dialogue", own_instructions=True)
    assert stage.told == [talk]
    assert {name for options in stage.agent.options for name in options} == {"tts", "stt"}
    assert "Be brief." in stage.agent.instructions[-1] and "German" in stage.agent.instructions[-1]


async def test_a_voice_does_not_change_without_the_ears_that_were_asked_for_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> Any:
        raise BrainError("there are no such ears")

    monkeypatch.setattr("agent.controls.control.choose_stt", fail)
    stage = Stage()
    with pytest.raises(BrainError):
        await stage.control.change(TalkChange(speed=1.5, language="de"))
    assert not stage.agent.options and stage.control.talk.speed == 1.0


async def test_a_voice_whose_ears_could_not_be_made_does_not_stay_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = make_parts(monkeypatch)

    def fail(*_: Any) -> Any:
        raise BrainError("there are no such ears")

    monkeypatch.setattr("agent.controls.control.choose_stt", fail)
    stage = Stage()
    with pytest.raises(BrainError):
        await stage.control.change(TalkChange(speed=1.5, language="de"))
    assert [each.closed for each in made["tts"]] == [1]
    assert stage.session.tts.closed == 0, "the conversation goes on with it"


async def test_voices_and_ears_that_were_replaced_stay_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = make_parts(monkeypatch)
    stage = Stage()
    for speed, language in ((1.1, "de"), (1.2, "fr"), (1.3, "en"), (1.4, "de")):
        await stage.control.change(TalkChange(speed=speed, language=language))
    for part, first in (("tts", stage.session.tts), ("stt", stage.session.stt)):
        assert first.closed == 1
        assert [each.closed for each in made[part]] == [1, 1, 0, 0], "one may still finish"


async def test_ears_that_were_never_there_are_not_closed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_parts(monkeypatch)
    stage = Stage()
    stage.session.stt = None  # such as a session of text alone
    for language in ("de", "fr", "en"):
        await stage.control.change(TalkChange(language=language))
    assert "could not be closed" not in caplog.text


async def test_ears_that_are_replaced_do_not_lose_what_the_person_is_saying(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_parts(monkeypatch)
    monkeypatch.setattr("agent.controls.control.SETTLING", 60)
    stage = Stage()
    stage.session.user_state = "speaking"
    changing = asyncio.create_task(stage.control.change(TalkChange(language="de")))
    await asyncio.sleep(0.2)
    stage.session.user_state, stage.agent.withholds_words = "listening", True
    await asyncio.sleep(0.2)
    assert not stage.agent.options
    stage.agent.withholds_words = False
    async with asyncio.timeout(20):
        await changing
    assert "stt" in stage.agent.options[0]
    monkeypatch.setattr("agent.controls.control.SETTLING", 0.01)
    stage.session.user_state = "speaking"
    async with asyncio.timeout(20):
        await stage.control.change(TalkChange(language="fr"))


async def test_a_voice_is_not_closed_in_mid_answer_by_a_second_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = make_parts(monkeypatch)["tts"]
    stage = Stage()
    await stage.control.change(TalkChange(speed=1.1))
    answer, later = SpeechHandle.create(), SpeechHandle.create()
    stage.session.current_speech = answer
    for speed in (1.2, 1.3, 1.4):
        await stage.control.change(TalkChange(speed=speed))
    assert [each.closed for each in made] == [0, 0, 0, 0]
    answer._mark_done()
    stage.session.current_speech = later
    for speed in (1.5, 1.6):
        await stage.control.change(TalkChange(speed=speed))
    assert [each.closed for each in made] == [1, 1, 1, 0, 0, 0]


def make_parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Closable]]:
    """All that will be made."""
    made: dict[str, list[Closable]] = {"stt": [], "tts": []}

    def make(part: str) -> tuple[Closable, str]:
        made[part].append(Closable(str(len(made[part]))))
        return made[part][-1], part

    monkeypatch.setattr("agent.controls.control.choose_tts", lambda *_: make("tts"))
    monkeypatch.setattr("agent.controls.control.choose_stt", lambda *_: make("stt"))
    return made


async def test_ears_that_are_closed_leave_the_providers_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = list[str]()

    async def aclose(self: openai.STT) -> None:
        closed.append(self.model)

    monkeypatch.setattr(openai.STT, "aclose", aclose)
    ears, _ = choose_stt(OPENAI, CLOUD, MODELS)
    await ears.aclose()
    assert closed == [OPENAI.openai_stt_model]


async def test_a_realtime_model_that_is_asked_back_has_forgotten_its_speed() -> None:
    speeds = list[float]()
    stage = Stage(Providers(*["openai-realtime"] * 3), OPENAI_REALTIME)
    live = SimpleNamespace(update_options=lambda speed: speeds.append(speed))
    agent: Any = stage.agent
    agent.realtime_llm_session = live
    talk = await stage.control.change(TalkChange(speed=1.25))
    again: Any = realtime_model(stage.control.settings)
    assert talk.speed == speeds[0] == again._opts.speed == 1.25
    await again.aclose()


async def test_a_realtime_models_ears_do_not_stay_with_the_language_before() -> None:
    told = list[dict[str, Any]]()
    live = SimpleNamespace(update_options=lambda **options: told.append(options))
    for realtime in ("openai-realtime", "gemini-live"):
        stage = Stage(Providers(*[realtime] * 3), OPENAI_REALTIME)
        agent: Any = stage.agent
        agent.realtime_llm_session = live
        await stage.control.change(TalkChange(language="de"))
        await stage.control.change(TalkChange(instructions="Be brief."))
        await stage.control.change(TalkChange(language="fr"), is_heard=True)
    assert [options["input_audio_transcription"].language for options in told] == ["de", None]


async def test_a_persona_of_the_past_does_not_stay() -> None:
    stage = Stage()
    await stage.control.change(TalkChange(instructions="You are a pirate."))
    assert "Amy" not in stage.agent.instructions[-1]
    talk = await stage.control.change(TalkChange(instructions=""))
    assert "pirate" not in stage.agent.instructions[-1] and "Amy" in stage.agent.instructions[-1]
    assert not talk.own_instructions


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (TalkChange(language="de"), "ears and mind and voice know only English"),
        (TalkChange(voice="nova"), "'hibari heart'"),
        (TalkChange(speed=5), "from 0.5 to 2"),
        (TalkChange(language="Klingon"), "use one of en, de, fr"),
    ],
)
async def test_the_embedded_brains_do_not_promise_what_they_cannot(
    asked: TalkChange, said: str
) -> None:
    stage = Stage(LOCAL, Settings(_env_file=None))
    with pytest.raises(ControlError, match=said):
        await stage.control.change(asked)


async def test_a_realtime_model_is_neither_asked_nor_shown_anything_while_it_retells() -> None:
    stage = Stage(Providers(*["gemini-live"] * 3))
    await stage.control.change(TalkChange(mode="retelling"))
    assert stage.audio == stage.video == [False] and stage.manner.retells
    await stage.control.change(TalkChange(mode="dialogue"))
    assert stage.audio == stage.video == [False, True]
    with pytest.raises(ControlError, match="gemini-live cannot be changed"):
        await stage.control.change(TalkChange(voice="Puck"))


@pytest.mark.parametrize("at_once", [True, False])
async def test_what_is_said_to_a_retelling_agent_does_not_reach_the_model_before_the_turns_end(
    at_once: bool,
) -> None:
    script, manner = ScriptedLLM(), Manner.of(None, small=False)
    script.script.extend([Answer(say="Nine.")] * 3)
    mind = WatchedLLM(script)
    manner.retells = at_once  # as a session that is created so
    turns = {**turn_handling(), "turn_detection": "manual"}
    async with AgentSession[None](llm=mind, vad=None, turn_handling=cast(Any, turns)) as session:
        control = Control(session, manner, Parts(OPENAI, CLOUD), MODELS, Stage()._tell)
        await session.start(Assistant(manner, small=False))
        control.begin()
        if not at_once:
            await control.change(TalkChange(mode="retelling"))
        hear_half_a_turn(session, "My card number is five five five.")
        assert session._activity is not None and session._activity._preemptive_generation is None
        await control.change(TalkChange(mode="dialogue"))
        hear_half_a_turn(session, "What is the time?")
        assert session._activity._preemptive_generation is not None
        async with asyncio.timeout(10):
            while not mind.told:
                await asyncio.sleep(0.01)
        assert "card number" not in told_text(mind.told)


def hear_half_a_turn(session: AgentSession[None], words: str) -> None:
    """A transcript has come; whether the turn is over is not known yet."""
    activity = session._activity
    assert activity is not None
    info = {name: None for name in inspect.signature(_PreemptiveGenerationInfo).parameters}
    given: Any = {**info, "new_transcript": words, "transcript_confidence": 1.0}
    activity.on_preemptive_generation(_PreemptiveGenerationInfo(**given))


async def test_one_foreign_word_does_not_turn_the_conversation() -> None:
    watch = LanguageWatch()
    german, english = "Wie ist das Wetter heute in Berlin?", "What is the weather like today?"
    assert watch.hear(german, "en", 1) is None
    assert watch.hear(english, "en", 2) is None
    heard = [watch.hear(german, "en", turn) for turn in range(3, 3 + TURNS)]
    assert heard == [None] * (TURNS - 1) + ["de"]


@pytest.mark.parametrize("text", ["OK", "Amsterdam", "Beethoven", "ja", "", "123 456 789 000"])
def test_a_name_is_not_taken_for_a_language(text: str) -> None:
    assert detect(text) is None


async def test_a_person_who_speaks_german_is_not_answered_in_english() -> None:
    stage = Stage()
    stage.control.follow()
    for _ in range(TURNS):
        stage.end_turn()
        await stage.hear(GERMAN)
    assert stage.control.talk.language == "de", "before that turn is answered"
    assert not any("stt" in options for options in stage.agent.options), "it must hear others too"


@pytest.mark.parametrize("retells", [False, True])
async def test_two_phrases_of_one_turn_do_not_count_as_two_turns(retells: bool) -> None:
    stage = Stage()
    stage.control.follow()
    end_turn = stage.control.end_turn if retells else stage.end_turn
    for _ in range(2 * TURNS):
        await stage.hear(GERMAN)
    assert stage.control.talk.language == "en"
    end_turn()
    await stage.hear("What is the weather like today?")
    await stage.hear("And what was it like yesterday?")
    end_turn()
    for language in ("en", "de"):
        await stage.hear(GERMAN)
        assert stage.control.talk.language == language
        end_turn()


async def test_a_language_that_was_heard_is_not_kept_as_one_that_was_asked_for() -> None:
    stage, kept = Stage(), TalkChange()

    def keep(change: TalkChange) -> None:
        nonlocal kept
        kept = kept.then(change)

    stage.control.keep = keep
    await stage.control.change(TalkChange(language="de"), is_heard=True)
    await stage.control.change(TalkChange(speed=1.5))
    assert (kept.language, kept.is_heard) == ("de", True)
    await stage.control.change(TalkChange(language="de"))
    assert (kept.language, kept.is_heard) == ("de", False)
    with pytest.raises(ProtocolError, match="there is no 'is_heard'"):
        TalkChange.from_json('{"is_heard": true}')


async def test_trouble_is_not_told_in_the_language_before() -> None:
    stage = Stage()
    await stage.control.change(TalkChange(language="German"))
    mind = stage.session.llm
    assert (mind.trouble, mind.apology) == (LANGUAGES["de"].trouble, LANGUAGES["de"].apology)
    own = Stage(settings=OPENAI.model_copy(update={"agent_trouble": "Moment!"}))
    await own.control.change(TalkChange(language="German"))
    assert own.session.llm.trouble == "Moment!"


def test_no_language_is_without_its_words() -> None:
    for code, language in LANGUAGES.items():
        assert "{name}" in language.greeting and language.code == code
        assert language.trouble != language.apology != "" != language.blind
        assert "Amy" in greet(Settings(_env_file=None, agent_language=code))
        assert find_language(language.name) is find_language(f"{code}-XX") is language


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "JSON object"),
        ('{"voize": "nova"}', "there is no 'voize'"),
        ('{"voice": 5}', "'voice' must be text"),
        ('{"speed": true}', "'speed' must be a number"),
        ('{"mode": "singing"}', "use one of dialogue, retelling"),
        ('{"width": 63}', "width"),
        ('{"instructions": "%s"}' % ("x" * 10_001), "at most 10000"),
        ('{"voice": "%s"}' % ("x" * 20_000), "at most 14000 bytes"),
    ],
)
def test_nonsense_is_not_obeyed(text: str, said: str) -> None:
    with pytest.raises(ProtocolError, match=said):
        TalkChange.from_json(text)


def test_a_wish_is_not_changed_on_its_way() -> None:
    asked = TalkChange("nova", 1.2, "de", "Be brief.", "retelling", AppearanceChange(head="ben"))
    assert TalkChange.from_json(asked.to_json()) == asked


async def test_english_rules_do_not_judge_another_language() -> None:
    stage = Stage()
    assert stage.manner.is_english
    await stage.control.change(TalkChange(language="German"))
    assert not stage.manner.is_english
    assert "Speak German" in stage.manner.instructions
