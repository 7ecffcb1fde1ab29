"""The scripted scenarios hold, and a scenario that does not hold is not let through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.brains.llama import LlamaAddress, LlamaServer
from evals.__main__ import FOLDER, main, plain_settings
from evals.minds import ScriptedLLM
from evals.run import run_scenario
from evals.scenario import Answer, LLMKind, Scenario, ScenarioError, read_scenario
from tests.providers.server import configure, real_key

ALL = [read_scenario(path) for path in sorted(FOLDER.glob("*.yaml"))]


def named(kind: LLMKind) -> list[Any]:
    return [pytest.param(each, id=each.name) for each in ALL if kind in each.only]


@pytest.mark.parametrize("scenario", named("scripted"))
async def test_a_scenario_does_not_fail(scenario: Scenario) -> None:
    assert (await run_scenario(scenario, "scripted", plain_settings())).wrong == ()


@pytest.fixture(scope="module")
def address() -> Iterator[LlamaAddress]:
    server = LlamaServer(1)
    yield server.start()
    server.stop()


@pytest.mark.parametrize("scenario", named("embedded"))
async def test_the_embedded_model_does_not_fail(scenario: Scenario, address: LlamaAddress) -> None:
    assert (await run_scenario(scenario, "embedded", plain_settings(), address)).wrong == ()


@pytest.mark.parametrize("scenario", named("openai"))
async def test_a_real_model_does_not_fail(scenario: Scenario) -> None:
    settings = configure(openai_api_key=real_key("OPENAI_API_KEY"))
    assert (await run_scenario(scenario, "openai", settings)).wrong == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "a scenario is a mapping"),
        ("a: [", "is not YAML"),
        ("about: x\nturns: []", "turns: Tuple should have at least 1 item"),
        ("about: x\nturns: [{}]", "one of 'user', 'greeting' and 'change'"),
        ("about: x\nturns: [{user: Hi, greeting: true}]", "one of 'user', 'greeting' and 'change'"),
        ("about: x\nturns: [{user: Hi, sript: []}]", r"turns\.0\.sript: there is no such field"),
        ("about: x\nturns: [{user: Hi, script: [{}]}]", "either 'say' or 'call'"),
        ("about: x\nturns: [{user: Hi, expect: {says: '('}}]", "no regular expression"),
        ("about: x\nturns: [{user: Hi, interrupt_at: 2}]", "less than 1"),
        ("about: x\nturns: [{greeting: true, down: true}]", "belong to a 'user' turn"),
    ],
)
def test_a_file_that_is_no_scenario_is_not_run(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=said) as caught:
        read_scenario(file)
    assert "wrong.yaml" in str(caught.value)
    assert main([str(file)]) == 2
    assert main([str(tmp_path / "none.yaml")]) == 2


def one_turn(turn: str) -> Scenario:
    return Scenario.model_validate({"about": "x", "turns": [yaml.safe_load(turn)]})


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        ("{user: Hi, script: [{say: Hello.}], expect: {says: Bye}}", "it said 'Hello.', without"),
        ("{user: Hi, script: [{say: Hello.}], expect: {never_says: hello}}", "it said 'Hello'"),
        ("{user: Hi, script: [{say: A.}], expect: {calls: tell_time}}", "it called nothing"),
        ("{user: Hi, script: [{say: A.}], expect: {told: zebra}}", "the model was told"),
        ("{user: Hi, script: [{say: A.}], expect: {not_told: Hi}}", "the model was told 'hi'"),
        ("{user: Hi, script: [{say: A.}, {say: B.}]}", "1 answers of the script were not asked"),
        ("{user: Hi}", "asked more often than the script"),
        (
            "{user: Hi, script: [{say: ''}], expect: {says: Hello}}",
            "asked more often than the script",
        ),
        ("{user: Hi, interrupt_at: 0.01, script: [{say: Hi.}], expect: {says: Hi}}", "it said ''"),
        ("{change: {language: Klingon}}", "it was refused"),
        ("{change: {speed: 1.5}, expect: {refused: never}}", "it was refused with '', without"),
        (
            "{user: Hi, script: [{call: tell_time, arguments: {place: Tokyo}}, {say: A.}], "
            "expect: {calls: tell_time, arguments: {place: Paris}}}",
            "tell_time should have got",
        ),
        (
            "{user: Hi, script: [{call: tell_time, arguments: {place: Nowhere}}, {say: A.}]}",
            "it was refused: No time zone",
        ),
    ],
)
async def test_what_was_not_expected_does_not_pass(turn: str, said: str) -> None:
    result = await run_scenario(one_turn(turn), "scripted", plain_settings())
    assert said in "\n".join(result.wrong)


@pytest.mark.parametrize("holds", [True, False])
async def test_what_the_judge_says_is_not_passed_over(holds: bool) -> None:
    judge = ScriptedLLM()
    verdict = {"success": holds, "reason": "it is no French"}
    judge.script.append(Answer(call="check_intent", arguments=verdict))
    turn = "{user: Hi, script: [{say: Hello.}], expect: {says: Bonjour, intent: It is French.}}"
    result = await run_scenario(one_turn(turn), "scripted", plain_settings(), judge=judge)
    assert bool(result.wrong) is not holds
    assert holds or "it is no French" in result.wrong[0]


def test_a_failure_does_not_end_with_status_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("about: It fails.\nturns: [{greeting: true, expect: {says: Zebra}}]")
    assert main([str(file)]) == 1
    assert "turn 1: it said" in capsys.readouterr().out


def test_a_missing_key_is_not_a_failure_nor_a_pass(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # away from anybody's .env
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert main(["--llm", "openai"]) == 0
    assert f"{len(ALL)} skipped" in capsys.readouterr().out
