"""Which brain there is, and which provider does which part of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from livekit.agents import inference, stt
from livekit.plugins import elevenlabs, google, openai, silero
from pydantic import ValidationError

from agent.brains import plugins
from agent.brains.choose import Brains, Models, assemble
from agent.brains.errors import BrainError
from agent.brains.guarded_tts import GuardedTTS
from agent.brains.llama import LlamaAddress
from agent.brains.llama_weights import LlamaError
from agent.brains.providers import Providers, check_brain, choose_brain, choose_providers
from agent.brains.sentence_tts import SentenceTTS
from agent.brains.steady_llm import SteadyLLM
from agent.brains.turns import turn_handling
from settings import Settings
from settings_brains import BrainSettings, GeminiVoice

LLAMA = LlamaAddress("http://127.0.0.1:1/v1", "key")


def configure(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.fixture(autouse=True)
def no_keys_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("OPENAI_", "ELEVEN_", "GEMINI_", "GOOGLE_", "REMOTE_BRAIN", "BRAIN")):
            monkeypatch.delenv(name)


KEY, ELEVEN, OWN = (
    {"openai_api_key": "sk-test"},
    {"eleven_api_key": "el-test"},
    {"openai_base_url": "http://127.0.0.1:11434/v1"},
)


@pytest.mark.parametrize(
    ("given", "providers"),
    [
        ({}, Providers("embedded", "embedded", "embedded")),
        (KEY, Providers("openai", "openai", "openai")),
        (OWN, Providers("embedded", "openai", "embedded")),
        (KEY | OWN, Providers("embedded", "openai", "embedded")),
        (ELEVEN, Providers("embedded", "embedded", "elevenlabs")),
        (KEY | ELEVEN, Providers("openai", "openai", "elevenlabs")),
        (
            KEY | {"stt_provider": "embedded", "tts_provider": "embedded"},
            Providers("embedded", "openai", "embedded"),
        ),
        (KEY | {"llm_provider": "embedded"}, Providers("openai", "embedded", "openai")),
        (
            KEY | OWN | {"stt_provider": "openai", "tts_provider": "openai"},
            Providers("openai", "openai", "openai"),
        ),
    ],
)
def test_a_key_switches_the_wrong_part(given: dict[str, str], providers: Providers) -> None:
    assert choose_providers(configure(**given)) == providers


def build(settings: Settings) -> Brains:
    return assemble(settings, Models(vad=silero.VAD.load(), ears=None, voice=None), LLAMA)


async def test_a_key_from_the_env_file_never_reaches_its_provider() -> None:
    brains = build(configure(**KEY, **ELEVEN))
    assert isinstance(brains.llm, SteadyLLM)
    assert isinstance(brains.llm.minds[0], openai.LLM)
    assert isinstance(brains.stt, stt.StreamAdapter)
    assert brains.stt.model == "gpt-4o-mini-transcribe"
    assert isinstance(brains.tts, SentenceTTS)
    assert isinstance(brains.tts.voices[0], GuardedTTS)
    assert isinstance(brains.tts.voices[0].voice, elevenlabs.TTS)
    assert brains.times_words
    assert not brains.small
    assert brains.description["llm"] == "openai gpt-4.1-mini"
    assert brains.description["tts"].startswith("elevenlabs ")


GEMINI, REMOTE = {"gemini_api_key": "g-test"}, {"remote_brain_url": "ws://127.0.0.1:1/brain"}


@pytest.mark.parametrize(
    ("given", "brain"),
    [
        ({}, "embedded"),
        (KEY, "pipeline"),
        (OWN, "pipeline"),
        (ELEVEN, "pipeline"),
        (GEMINI, "gemini-live"),
        (ELEVEN | GEMINI, "gemini-live"),
        (KEY | GEMINI, "pipeline"),
        ({"tts_provider": "embedded"} | GEMINI, "pipeline"),
        (REMOTE | KEY | GEMINI, "remote"),
        ({"brain": "openai-realtime"} | KEY | REMOTE, "openai-realtime"),
        ({"brain": "embedded"} | KEY, "embedded"),
        ({"brain": "parrot"} | KEY, "parrot"),
    ],
)
def test_the_keys_choose_another_brain_than_documented(given: dict[str, str], brain: str) -> None:
    assert choose_brain(configure(**given)) == brain


@pytest.mark.parametrize(
    ("given", "providers"),
    [
        ({"brain": "embedded"} | KEY | ELEVEN, Providers("embedded", "embedded", "embedded")),
        (REMOTE, Providers("embedded", "remote", "embedded")),
        (REMOTE | KEY, Providers("openai", "remote", "openai")),
        ({"brain": "parrot"} | ELEVEN, Providers("embedded", "own:parrot", "elevenlabs")),
        (GEMINI, Providers("gemini-live", "gemini-live", "gemini-live")),
    ],
)
def test_a_brain_gets_the_wrong_ears_or_voice(given: dict[str, str], providers: Providers) -> None:
    assert choose_providers(configure(**given)) == providers


async def test_the_settings_of_openai_realtime_are_lost() -> None:
    brains = build(
        configure(
            **KEY,
            brain="openai-realtime",
            openai_model="gpt-realtime-x",
            openai_voice="cedar",
            openai_voice_speed=1.2,
            openai_transcription_model="gpt-4o-transcribe",
            openai_transcription_language="de",
            openai_vad_type="server_vad",
            openai_vad_threshold=0.9,
            openai_vad_silence_duration_ms=700,
            openai_vad_prefix_padding_ms=200,
            openai_noise_reduction="far_field",
        )
    )
    assert isinstance(brains.llm, openai.realtime.RealtimeModel)
    options: Any = brains.llm._opts
    assert (options.model, options.voice, options.speed) == ("gpt-realtime-x", "cedar", 1.2)
    assert options.api_key == "sk-test"
    assert options.input_audio_transcription.model == "gpt-4o-transcribe"
    assert options.input_audio_transcription.language == "de"
    assert options.input_audio_noise_reduction.type == "far_field"
    vad = options.turn_detection
    assert (vad.type, vad.threshold) == ("server_vad", 0.9)
    assert (vad.silence_duration_ms, vad.prefix_padding_ms) == (700, 200)
    assert brains.llm.capabilities.turn_detection
    assert brains.turn_handling["turn_detection"] == "realtime_llm"
    assert (brains.vad, brains.stt) == (None, None)
    assert brains.description["llm"] == "openai gpt-realtime-x"


async def test_the_settings_of_gemini_live_are_lost() -> None:
    brains = build(
        configure(
            **GEMINI,
            gemini_model="gemini-x",
            gemini_voice="Kore",
            gemini_language="de-DE",
            gemini_thinking_budget=512,
            gemini_google_search_grounding=True,
            gemini_proactive_audio=True,
            gemini_vad_start_sensitivity="START_SENSITIVITY_HIGH",
            gemini_vad_end_sensitivity="END_SENSITIVITY_HIGH",
            gemini_vad_silence_duration_ms=300,
            gemini_turn_coverage="TURN_INCLUDES_ONLY_ACTIVITY",
        )
    )
    assert isinstance(brains.llm, google.realtime.RealtimeModel)
    options: Any = brains.llm._opts
    assert (options.model, options.voice, options.language) == ("gemini-x", "Kore", "de-DE")
    assert options.api_key == "g-test"
    assert options.thinking_config.thinking_budget == 512
    assert options.proactivity is True
    assert options.context_window_compression.sliding_window is not None
    heard = options.realtime_input_config
    assert heard.turn_coverage == "TURN_INCLUDES_ONLY_ACTIVITY"
    vad = heard.automatic_activity_detection
    assert vad.start_of_speech_sensitivity == "START_SENSITIVITY_HIGH"
    assert vad.end_of_speech_sensitivity == "END_SENSITIVITY_HIGH"
    assert vad.silence_duration_ms == 300
    assert [type(tool).__name__ for tool in brains.tools] == ["GoogleSearch"]


async def test_gemini_compresses_or_searches_unasked() -> None:
    brains = build(configure(**GEMINI, gemini_context_window_compression=False))
    assert isinstance(brains.llm, google.realtime.RealtimeModel)
    assert not brains.llm._opts.context_window_compression
    assert not brains.tools


def test_the_voices_drift_from_those_of_the_plugin() -> None:
    assert get_args(GeminiVoice) == get_args(google.realtime.api_proto.Voice)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"openai_voice": "bob"}, "'marin'"),
        ({"openai_voice_speed": 2}, "1.5"),
        ({"openai_vad_type": "magic"}, "'server_vad'"),
        ({"openai_vad_threshold": 1.1}, "1"),
        ({"openai_noise_reduction": "none"}, "'off'"),
        ({"gemini_voice": "alloy"}, "'Kore'"),
        ({"gemini_thinking_budget": 40_000}, "32768"),
        ({"gemini_turn_coverage": "ALL"}, "TURN_INCLUDES_ALL_INPUT"),
        ({"gemini_api_version": "v2"}, "'v1alpha'"),
        ({"remote_brain_url": "http://brain"}, "wss?"),
        ({"brain": "remote"}, "REMOTE_BRAIN_URL"),
        ({"brain": "gemini-live"}, "GEMINI_API_KEY"),
        ({"brain": "openai-realtime"}, "OPENAI_API_KEY"),
        ({"tts_provider": "elevenlabs"}, "ELEVEN_API_KEY"),
    ],
)
def test_a_wrong_value_is_taken(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(says)):
        configure(**given)


def test_every_setting_of_a_brain_is_in_the_example() -> None:
    example = (Path(__file__).parent.parent / ".env.example").read_text()
    for name, field in BrainSettings.model_fields.items():
        [line] = re.findall(rf"^#{name.upper()}=(.*)$", example, re.MULTILINE)
        if field.default not in (None, [], {}):
            assert line == str(field.default).replace("True", "true").replace("False", "false")


async def test_the_embedded_model_is_asked_for_while_it_does_not_run() -> None:
    settings = configure(**KEY, llm_provider="embedded")
    with pytest.raises(LlamaError, match="not running"):
        assemble(settings, Models(vad=silero.VAD.load(), ears=None, voice=None), None)


async def test_speech_goes_to_a_cloud_to_find_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_DEV_MODE", "1")
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "secret")
    detector = turn_handling()["turn_detection"]
    assert isinstance(detector, inference.TurnDetector)
    assert detector.model == "turn-detector-v1-mini"
    assert turn_handling()["interruption"]["mode"] == "vad"


def test_who_wants_no_cut_ins_is_cut_short_anyway() -> None:
    assert turn_handling("off")["interruption"]["enabled"] is False
    quick, normal = turn_handling("quick")["interruption"], turn_handling("normal")["interruption"]
    assert quick["enabled"]
    assert quick["min_duration"] < normal["min_duration"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"brain": "parrot-that-is-not-there"}, "gemini-live"),
        ({"stt_provider": "siri"}, "'embedded'"),
        ({"tts_provider": "siri"}, "livekit-plugins-siri"),
    ],
)
def test_a_wrong_name_is_not_told_the_right_ones(given: dict[str, str], says: str) -> None:
    [(name, value)] = given.items()
    with pytest.raises(BrainError, match=says) as refused:
        check_brain(configure(**given))
    assert f"{name.upper()}={value!r}" in str(refused.value)


def test_a_wrong_brain_starts_anyway() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent", "dev"],
        env=os.environ | {"BRAIN": "parrot-that-is-not-there"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "BRAIN='parrot-that-is-not-there'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plugin_by_name_is_refused_or_made_without_its_options() -> None:
    settings = configure(tts_provider="openai_realtime_nonsense")
    remedy = "python -m pip install 'livekit-plugins-openai-realtime-nonsense~=1"
    with pytest.raises(BrainError, match=remedy):
        check_brain(settings)
    made: Any = plugins.make("STT", "elevenlabs", {"api_key": "el", "model_id": "scribe_v2"})
    assert made._opts.model_id == "scribe_v2"
    with pytest.raises(BrainError, match="has no LLM"):
        plugins.make("LLM", "silero", {})
    with pytest.raises(BrainError, match="STT_OPTIONS"):
        plugins.make("STT", "elevenlabs", {"colour": "red"})


def test_a_newcomer_without_a_key_imports_providers() -> None:
    code = (
        "import sys, agent.preload, agent.brains.choose as c; from settings import Settings; "
        "c.load_models(c.choose_providers(Settings(_env_file=None))); "
        "print(*{'livekit.plugins.elevenlabs', 'livekit.plugins.google', 'google.genai'} "
        "& set(sys.modules))"
    )
    environment = {k: v for k, v in os.environ.items() if not k.endswith(("_KEY", "_URL"))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
