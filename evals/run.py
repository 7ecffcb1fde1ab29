"""Runs a scenario, turn by turn."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from livekit.agents import RunResult, SpeechCreatedEvent, llm, utils
from livekit.agents.voice.speech_handle import SpeechHandle

from agent.brains.choose import choose_llm
from agent.brains.llama import LlamaAddress
from agent.brains.realtime_care import speak
from agent.controls import ControlError
from agent.controls.messages import chunks
from agent.languages import greet
from settings import Settings
from visavis.protocol import ProtocolError
from visavis.talk import TalkChange

from .check import Outcome, check
from .minds import ScriptedLLM, told_text
from .scenario import LLMKind, Scenario, Turn
from .stage import Loudspeaker, Stage, on_stage

PATIENCE: Final = 90.0
"""Seconds that a turn may take."""


@dataclass(frozen=True)
class Result:
    """What came of a scenario."""

    name: str
    turns: int
    """That were had."""
    seconds: float
    wrong: tuple[str, ...]
    """A sentence for each thing; empty: all is as it was expected."""


async def run_scenario(
    scenario: Scenario,
    kind: LLMKind,
    settings: Settings,
    address: LlamaAddress | None = None,
    judge: llm.LLM[Any] | None = None,
) -> Result:
    """Until the first turn with something wrong.

    Args:
        settings: Of the models.
        address: Of the embedded language model, where ``kind`` is that.
        judge: Judges ``intent``; None: with ``openai`` the model itself, else nobody.
    """
    begun = time.monotonic()
    minds: list[llm.LLM[Any]] = [ScriptedLLM()]
    if kind != "scripted":
        steady, _ = choose_llm(settings, address)
        minds = list(getattr(steady, "minds", [steady]))
    if kind == "openai":
        judge = judge or minds[0]
    turns, wrong = 0, list[str]()
    async with on_stage(scenario, settings, minds, small=kind == "embedded") as stage:
        for turns, turn in enumerate(scenario.turns, 1):
            try:
                async with asyncio.timeout(PATIENCE):
                    wrong = await _take(stage, turn, judge)
            except TimeoutError:
                wrong = [f"it took longer than {PATIENCE:g} s"]
            except Exception as error:
                wrong = [f"it failed with {type(error).__name__}: {error}"]
            if wrong:
                wrong = [f"turn {turns}: {problem}" for problem in wrong]
                break
    return Result(scenario.name, turns, time.monotonic() - begun, tuple(wrong))


async def _take(stage: Stage, turn: Turn, judge: llm.LLM[Any] | None) -> list[str]:
    """What is wrong."""
    for watched in stage.watched:
        watched.is_down = turn.down
        watched.told.clear()
    if stage.scripted is not None:
        stage.scripted.script.clear()
        stage.scripted.script.extend(turn.script)
    outcome = await _play(stage, turn)
    judged = judge is not None and turn.expect.intent is not None and outcome.run is not None
    wrong = check(turn.expect, outcome, judged=judged)
    if stage.scripted is not None and stage.scripted.missed:
        wrong.append("the model was asked more often than the script has answers")
    elif stage.scripted is not None and stage.scripted.script:
        wrong.append(f"{len(stage.scripted.script)} answers of the script were not asked for")
    if judged and not wrong:
        assert judge is not None and outcome.run is not None and turn.expect.intent is not None
        try:
            said = outcome.run.expect.contains_message(role="assistant")
            await said.judge(judge, intent=turn.expect.intent)
        except AssertionError as error:
            wrong.append(str(error).splitlines()[0])
    return wrong


async def _play(stage: Stage, turn: Turn) -> Outcome:
    if turn.change is not None:
        return await _change(stage, turn.change)
    typed = turn.user
    if typed is None:
        return await _hear(stage, lambda: speak(stage.session, greet(stage.settings)))
    if stage.manner.retells:
        return await _hear(stage, lambda: _retell(stage, typed))
    if stage.loudspeaker is not None:
        stage.loudspeaker.cut_at = turn.interrupt_at
        stage.loudspeaker.is_whole.clear()
    run: RunResult[Any] = stage.session.run(user_input=typed)
    if turn.interrupt_at is not None and stage.loudspeaker is not None:
        await _cut_in(stage, stage.loudspeaker, run)
    await run
    if stage.loudspeaker is not None:
        stage.loudspeaker.cut_at = None
    items = [event.item for event in run.events if event.type != "agent_handoff"]
    return Outcome(list(items), _told(stage), run=run)


async def _cut_in(stage: Stage, loudspeaker: Loudspeaker, run: RunResult[Any]) -> None:
    """Once the answer has its sound; an answer without any ends by itself."""
    heard = asyncio.create_task(loudspeaker.is_whole.wait())
    ended = asyncio.create_task(_wait_for(run))
    await asyncio.wait({heard, ended}, return_when=asyncio.FIRST_COMPLETED)
    await utils.aio.cancel_and_wait(heard, ended)
    if loudspeaker.is_whole.is_set():
        await stage.session.interrupt(force=True)


async def _wait_for(run: RunResult[Any]) -> None:
    await run


async def _change(stage: Stage, change: dict[str, Any]) -> Outcome:
    try:
        await stage.control.change(TalkChange.from_json(json.dumps(change)))
    except (ControlError, ProtocolError) as error:
        return Outcome(refusal=str(error))
    return Outcome()


def _retell(stage: Stage, typed: str) -> None:
    for piece in chunks(typed):
        stage.session.say(piece)


async def _hear(stage: Stage, begin: Callable[[], Awaitable[Any] | None]) -> Outcome:
    """What is said without a model being asked, from ``begin`` on."""
    before = len(stage.session.history.items)
    speeches: list[SpeechHandle] = []

    def on_speech(event: SpeechCreatedEvent) -> None:
        speeches.append(event.speech_handle)

    stage.session.on("speech_created", on_speech)
    try:
        beginning = begin()
        if beginning is not None:
            await beginning
        for speech in speeches:
            await speech.wait_for_playout()
    finally:
        stage.session.off("speech_created", on_speech)
    return Outcome(list(stage.session.history.items[before:]), _told(stage))


def _told(stage: Stage) -> str:
    return "\n".join(told_text(watched.told) for watched in stage.watched)
