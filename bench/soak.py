"""``python -m bench soak``: talk, interrupts and silence for long; what grows, drifts or wedges."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from bench.bot import Bot, Speech, join
from bench.ears import level
from bench.memory import Memory
from bench.offsets import Floats, jaw_lag, slope, slope_error
from bench.report import Report
from bench.speech import QUESTIONS, speak
from bench.system import running_system
from bench.talk import Talk, stop_words
from bench.tally import Tally, Witness, witness

HELP = "talk, interrupts and silence for N minutes: memory slope, offset slope, wedges"

SILENCE: Final = 12.0
"""Seconds in which nobody speaks, in each round."""
PATIENCE: Final = 20.0
"""Seconds without an answer after which it counts as a wedge."""
CORRELATED: Final = 0.3
"""Correlation of jaw and loudness below which an answer tells nothing of the offset."""
SPEECH: Final = 2.5
"""Seconds that an answer must last for the same."""
WARM_UP: Final = 0.2
"""Share of the time, at the beginning, that counts for no slope: caches and pools fill up."""


@dataclass
class Soak:
    """What happened."""

    offsets: list[tuple[float, float]] = field(default_factory=list)
    """(monotonic seconds, mouth minus sound in ms), of one answer each."""
    answers: int = 0
    interrupts: int = 0
    wedges: int = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--samples", type=Path, metavar="FILE", help="write all samples of memory there, as CSV"
    )
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="write what the demo printed there"
    )


async def measure(args: argparse.Namespace) -> Report:
    memory = Memory()
    questions, stop = [speak(text) for text in QUESTIONS], stop_words()
    with running_system() as system:
        try:
            async with join(system.gateway, sensing=False) as bot, asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(memory.watch(system.processes))
                began = time.monotonic()
                soak = await live(bot, questions, stop, 60 * args.minutes, random.Random(args.seed))
                watching.cancel()
        finally:  # a run that was broken off has told something, too
            if args.samples is not None:
                memory.write(args.samples)
            if args.log is not None:
                args.log.write_text("".join(system.output), encoding="utf-8")
    warm = began + WARM_UP * 60 * args.minutes
    metrics: dict[str, float] = {
        "minutes": args.minutes,
        "wedges": soak.wedges,
        "answers": soak.answers,
        "interrupts": soak.interrupts,
    }
    notes: list[str] = []
    try:
        metrics |= memory.slopes(warm)
    except ValueError as error:
        notes.append(f"no memory slope: {error}")
    offsets = np.array([row for row in soak.offsets if row[0] > warm]).reshape(-1, 2)
    metrics |= drift(offsets) | {"offset_answers": len(offsets)}
    if "offset_slope_ms_per_10min" not in metrics:
        notes.append(
            f"no offset slope: in {len(offsets)} answers alone, jaw and loudness went together"
        )
    return Report("soak", soak.answers + soak.interrupts, metrics, tuple(notes))


def drift(offsets: Floats) -> dict[str, float]:
    """Slope of (n, 2) seconds and ms; nothing where there are too few."""
    if len(offsets) < 3:
        return {}
    times, values = offsets.T
    return {
        "offset_p50_ms": float(np.median(values)),
        "offset_slope_ms_per_10min": slope(times, values),
        "offset_slope_error_ms_per_10min": slope_error(times, values),
    }


async def live(
    bot: Bot, questions: list[Speech], stop: Speech, seconds: float, chance: random.Random
) -> Soak:
    """Rounds of question, story, interrupts and silence until the time is over."""
    soak, tally = Soak(), Tally()
    async with witness(bot.room) as seen:
        talk = Talk(bot, seen, stop, chance)
        await talk.begin()
        end = time.monotonic() + seconds
        while time.monotonic() < end and not tally.hopeless:
            await _ask(bot, seen, chance.choice(questions), soak)
            await talk.by_button(tally)
            await _ask(bot, seen, chance.choice(questions), soak)
            await talk.by_voice(tally)
            with contextlib.suppress(TimeoutError):
                await seen.ears.wait_for_quiet(1.5, 60)
            await asyncio.sleep(SILENCE)
            left = max(0.0, end - time.monotonic())
            print(
                f"{left / 60:.0f} minutes left; {soak.answers} answers, {tally.tried} interrupts, "
                f"{soak.wedges + tally.wedges} wedges",
                file=sys.stderr,
                flush=True,
            )
    soak.interrupts = tally.tried
    soak.wedges += tally.wedges
    return soak


async def _ask(bot: Bot, seen: Witness, question: Speech, soak: Soak) -> None:
    """Ask aloud, hear the answer out, and note how far the mouth was from it."""
    with contextlib.suppress(TimeoutError):
        await seen.ears.wait_for_quiet(1.0, 60)
    asked = await bot.say(question)
    seen.forget(asked)
    try:
        heard = await seen.ears.wait_for_sound(asked, PATIENCE)
        await seen.ears.wait_for_quiet(1.0, 60)
    except TimeoutError:
        soak.wedges += 1
        print("wedged: a question was not answered, or without end", file=sys.stderr, flush=True)
        return
    soak.answers += 1
    now = time.monotonic()
    if now - heard < SPEECH + 1:
        return
    sound = [
        (at, 10 ** (level(pcm) / 20))
        for track in seen.ears.tracks
        for at, pcm in track.packets
        if heard - 0.5 < at < now
    ]
    with contextlib.suppress(ValueError):
        later, correlation = jaw_lag(np.array(sorted(sound)), seen.eyes.mouth(heard - 0.5, now))
        if correlation > CORRELATED:
            soak.offsets.append((heard, 1000 * later))
