"""What a wrong setting says, to whom it may be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from settings import Settings, load_settings


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)  # no .env


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        load_settings()
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("name", ["STT_OPTIONS", "LLM_OPTIONS", "TTS_OPTIONS"])
@pytest.mark.parametrize("given", ["{'api_key': 'sk-1'}", '["sk-1"]', '"sk-1"', "sk-1", "1"])
def test_malformed_options_end_in_a_traceback_or_tell_the_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, given: str
) -> None:
    monkeypatch.setenv(name, given)
    said = refusal(capsys)
    assert f"{name}: must" in said and '{"model": "nova-3"}' in said
    assert "sk-1" not in said


def test_options_that_are_right_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STT_OPTIONS", '{"model": "nova-3", "punctuate": true}')
    monkeypatch.setenv("TTS_OPTIONS", "")
    settings = load_settings()
    assert settings.stt_options == {"model": "nova-3", "punctuate": True}
    assert settings.tts_options == {}


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_a_setting_is_read_before_anybody_can_say_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Neither JSON nor a number nor a path: taken as a text, or refused with a sentence."""
    monkeypatch.setenv(name.upper(), "{'no")
    try:
        load_settings()
    except SystemExit as ended:
        assert ended.code == 2
        assert name.upper() in capsys.readouterr().err


@pytest.mark.parametrize("given", ["small, large", '["small", "large"]'])
def test_a_list_of_names_is_refused_in_either_form(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("OPENAI_LLM_FALLBACKS", given)
    assert load_settings().openai_llm_fallbacks == ["small", "large"]


def test_a_broken_list_of_names_is_refused_without_saying_how_it_should_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_LLM_FALLBACKS", "['small']")
    assert "a JSON list" in refusal(capsys)
