"""``python -m bench turn``: end of a spoken question → answer heard, and where the time went."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from livekit import rtc

from bench.bot import MIC_RATE, Bot, Speech, join
from bench.ears import Ears
from bench.instant import Instant, instant_providers
from bench.report import Report, percentiles
from bench.speech import QUESTIONS, speak
from bench.system import running_system
from visavis.protocol import ATTRIBUTE_TURN

HELP = "end of a spoken question → answer heard, broken down by part"

PATIENCE: Final = 20.0
"""Seconds without an answer after which a question counts as unanswered."""
PARTS: Final = (
    "end_of_turn",
    "transcription",
    "llm_first_token",
    "llm_first_sentence",
    "tts_first_byte",
    "playback",
)
"""What the agent says of itself; see ``agent.turn_metrics``."""


@dataclass
class Turns:
    """What was measured, in seconds."""

    heard: list[float] = field(default_factory=list)
    """End of speech → answer at the listener."""
    parts: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    unanswered: int = 0

    def add(self, heard: float, told: Mapping[str, float] | None) -> None:
        """``told``: the agent's own account of the same turn, if it gave one."""
        self.heard.append(heard)
        if told is None:
            return
        for name in PARTS:
            if name in told:
                self.parts[name].append(told[name])
        if {"answer", "end_of_turn", "playback"} <= told.keys():
            self.parts["think"].append(told["answer"] - told["end_of_turn"] - told["playback"])
        if "answer" in told:
            self.parts["transport"].append(heard - told["answer"])

    def metrics(self) -> dict[str, float]:
        found = percentiles(1000 * each for each in self.heard).metrics("turn")
        for name, values in self.parts.items():
            of = percentiles(1000 * each for each in values)
            found |= {f"{name}_p50_ms": of.p50, f"{name}_p95_ms": of.p95}
        return found | {"unanswered": self.unanswered}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--questions", type=int, default=20, help="with the embedded brains")
    parser.add_argument(
        "--instant", type=int, default=10, help="then with providers that answer at once"
    )


async def measure(args: argparse.Namespace) -> Report:
    metrics: dict[str, float] = {}
    if args.questions:
        metrics |= await converse(args.questions)
    if args.instant:
        async with instant_providers() as instant:
            found = await converse(args.instant, instant)
        metrics |= {f"instant_{name}": value for name, value in found.items()}
    notes = (
        "end_of_turn + think + playback + transport = turn; the other parts lie inside: the model "
        "may begin to think before the turn is over",
        "instant_…: speech to text, model and voice over HTTP from a server that answers at once",
    )
    return Report("turn", args.questions or args.instant, metrics, notes)


async def converse(count: int, instant: Instant | None = None) -> dict[str, float]:
    """Figures of ``count`` questions, with the embedded brains or those of ``instant``."""

    def begin(question: str) -> None:
        if instant is not None:
            instant.hears = question

    with running_system({} if instant is None else instant.env) as system:
        async with join(system.gateway, sensing=False) as bot:
            ears = Ears(bot.room)
            try:
                turns = await ask(bot, ears, count, begin)
            finally:
                await ears.aclose()
    if not turns.heard:
        raise RuntimeError(f"none of {count} questions was answered in {PATIENCE:.0f} s")
    return turns.metrics()


async def ask(bot: Bot, ears: Ears, count: int, begin: Callable[[str], None]) -> Turns:
    """Ask ``count`` times, in turn, each when the answer before is over.

    ``begin`` is told each question before it is asked.
    """
    turns = Turns()
    told: list[dict[str, float]] = []

    def on_attributes(changed: dict[str, str], _: rtc.Participant) -> None:
        if ATTRIBUTE_TURN in changed:
            told.append(json.loads(changed[ATTRIBUTE_TURN]))

    bot.room.on("participant_attributes_changed", on_attributes)
    await ears.wait_for_sound(0, 60)
    for index in range(count):
        with contextlib.suppress(TimeoutError):
            await ears.wait_for_quiet(1.5, 60)
        ears.forget(time.monotonic() - 5)
        told.clear()
        text = QUESTIONS[index % len(QUESTIONS)]
        question = speak(text)
        begin(text)
        ended = await bot.say(question) - trailing_silence(question)
        try:
            heard = await ears.wait_for_sound(ended, PATIENCE)
        except TimeoutError:
            turns.unanswered += 1
            print(f"question {index + 1} was not answered", file=sys.stderr, flush=True)
            continue
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(60):
                while not told:
                    await asyncio.sleep(0.05)
        turns.add(heard - ended, told[0] if told else None)
    return turns


def trailing_silence(speech: Speech) -> float:
    """Seconds after the last sample that is part of the speech."""
    loud = np.flatnonzero(np.abs(speech.astype(np.int32)) > 500)
    return (len(speech) - 1 - int(loud[-1])) / MIC_RATE if len(loud) else 0.0
