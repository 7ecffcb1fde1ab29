"""``python -m bench turns``: who gets to speak: cut-ins, coughs, hums, echoes, pauses for thought.

Every trial is a real conversation's ears in audio time; see :mod:`bench.turn_trial`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from livekit.plugins import silero

from agent.brains import turns
from agent.brains.moonshine import Ears
from agent.conversation import ECHO_LEARNING
from bench import audio_time
from bench.report import Report, percentiles
from bench.turn_cases import Case, cases, voice
from bench.turn_trial import Outcome, Parts, run_trial

HELP = "cut-ins, coughs, hums, echoes and pauses for thought, in audio time; table of settings"

TURNS: Final = ("clause", "hesitation")
WRONG: Final = ("cough", "throat", "breath", "knock", "mhm", "uh-huh")
"""Kinds that are to stop nobody."""


@dataclass(frozen=True)
class Setting:
    """Seconds, and a probability. The defaults are the ones in use."""

    min_duration: float
    threshold: float
    min_speech: float
    min_silence: float
    min_delay: float
    max_delay: float
    resume: float
    frame: float

    @classmethod
    def in_use(cls) -> Setting:
        options = turns.turn_handling()
        endpointing, interruption = options["endpointing"], options["interruption"]
        resume = interruption["false_interruption_timeout"]
        assert resume is not None
        return cls(
            min_duration=interruption["min_duration"],
            threshold=turns.THRESHOLD,
            min_speech=turns.LEAST_SPEECH,
            min_silence=turns.SILENCE,
            min_delay=endpointing["min_delay"],
            max_delay=endpointing["max_delay"],
            resume=resume,
            frame=turns.FRAME,
        )

    def parts(self, ears: Ears) -> Parts:
        options = turns.turn_handling()
        options["endpointing"] |= {"min_delay": self.min_delay, "max_delay": self.max_delay}
        options["interruption"] |= {
            "min_duration": self.min_duration,
            "false_interruption_timeout": self.resume,
        }
        vad = silero.VAD.load(
            min_speech_duration=self.min_speech,
            min_silence_duration=self.min_silence,
            activation_threshold=self.threshold,
        )
        return Parts(vad, ears, options, self.frame, ECHO_LEARNING)


SWEEP: Final[tuple[Mapping[str, float], ...]] = (
    *({"min_duration": each} for each in (0.1, 0.2, 0.3, 0.5)),
    *({"threshold": each} for each in (0.4, 0.6, 0.7)),
    *({"min_speech": each} for each in (0.1, 0.15, 0.2)),
    *({"min_silence": each} for each in (0.2, 0.3, 0.4)),
    *({"min_delay": each} for each in (0.2, 0.4, 0.5)),
    *({"max_delay": each} for each in (1.0, 1.5, 3.0)),
    {"frame": 0.05},
)
"""What differs from the setting in use, in each row."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--each", type=int, default=12, help="trials of every kind")
    parser.add_argument("--sweep", action="store_true", help="other settings, too: a long time")
    parser.add_argument("--seed", type=int, default=0)


async def measure(args: argparse.Namespace) -> Report:
    with ThreadPoolExecutor(1) as thread:
        return await asyncio.get_running_loop().run_in_executor(thread, _measure, args)


def _measure(args: argparse.Namespace) -> Report:
    ears = Ears()
    found = list(cases(args.each, np.random.default_rng(args.seed)))
    in_use = Setting.in_use()
    figures = tried(in_use, found, ears)
    notes = [
        "a cut-in's delay: from its first sound to the voice's pause, in the agent; network, "
        "jitter buffer and the avatar's fade come on top (see bargein)",
        "stop: for good; pause: silent for a moment, then it goes on",
    ]
    if args.sweep:
        rows: list[tuple[Mapping[str, float], dict[str, float]]] = [({}, figures)]
        for change in SWEEP:
            print(f"{dict(change)}", file=sys.stderr, flush=True)
            rows.append((change, tried(replace(in_use, **change), found, ears)))
            print(table(rows[-1:]), file=sys.stderr, flush=True)
        notes.append("\n" + table(rows))
    return Report("turns", len(found), figures, tuple(notes))


def tried(setting: Setting, found: Iterable[Case], ears: Ears) -> dict[str, float]:
    """What comes of all those cases under that setting."""
    parts, said = setting.parts(ears), voice()
    outcomes: dict[str, list[tuple[Case, Outcome]]] = defaultdict(list)
    for case in found:
        talks = said if case.speaking else None
        outcome = audio_time.run(lambda: run_trial(parts, case.heard, talks, case.echo))  # noqa: B023
        outcomes[case.kind].append((case, outcome))
    return metrics(outcomes)


def metrics(outcomes: Mapping[str, list[tuple[Case, Outcome]]]) -> dict[str, float]:
    found: dict[str, float] = {}
    if of := outcomes.get("cut_in"):
        delays = [1000 * (o.pauses[0] - c.onset) for c, o in of if o.pauses]
        if delays:
            found |= percentiles(delays).metrics("cut_in")
        found["cut_in_ignored_percent"] = _percent(o.stopped is None for _, o in of)
    for kind, of in outcomes.items():
        if kind != "cut_in" and kind not in TURNS:
            found[f"{kind}_stop_percent"] = _percent(o.stopped is not None for _, o in of)
            found[f"{kind}_pause_percent"] = _percent(bool(o.pauses) for _, o in of)
    wrong = [o for kind in WRONG for _, o in outcomes.get(kind, ())]
    if wrong:
        found["false_stop_percent"] = _percent(o.stopped is not None for o in wrong)
        found["false_pause_percent"] = _percent(bool(o.pauses) for o in wrong)
        gaps = [
            1000 * (back - gone)
            for o in wrong
            if o.stopped is None
            for gone, back in zip(o.pauses, o.resumes, strict=False)
        ]
        if gaps:
            found["false_pause_p50_ms"] = percentiles(gaps).p50
    for kind in TURNS:
        if of := outcomes.get(kind):
            ended = (any(at < case.end for at in o.turns) for case, o in of)
            found[f"{kind}_false_end_percent"] = _percent(ended)
    if of := [each for kind in TURNS for each in outcomes.get(kind, ())]:
        ends = [1000 * (min(later) - c.end) for c, o in of if (later := _after(c, o))]
        if ends:
            found |= percentiles(ends).metrics("end_of_turn")
        found["turn_unanswered_percent"] = _percent(not o.turns for _, o in of)
    return found


def _after(case: Case, outcome: Outcome) -> list[float]:
    return [at for at in outcome.turns if at >= case.end]


def _percent(of: Iterable[bool]) -> float:
    values = list(of)
    return 100 * sum(values) / len(values)


COLUMNS: Final = (
    ("cut_in_p50_ms", "cut-in p50"),
    ("cut_in_p95_ms", "p95"),
    ("cut_in_ignored_percent", "ignored %"),
    ("false_stop_percent", "false stops %"),
    ("false_pause_percent", "false pauses %"),
    ("false_pause_p50_ms", "pause ms"),
    ("clause_false_end_percent", "ends after a clause %"),
    ("hesitation_false_end_percent", "ends at hesitations %"),
    ("end_of_turn_p50_ms", "end of turn p50"),
    ("end_of_turn_p95_ms", "p95"),
)


def table(rows: Iterable[tuple[Mapping[str, Any], Mapping[str, float]]]) -> str:
    """Markdown."""
    lines = ["| setting | " + " | ".join(title for _, title in COLUMNS) + " |"]
    lines.append("|---" * (len(COLUMNS) + 1) + "|")
    for change, of in rows:
        name = ", ".join(f"{key} {value}" for key, value in change.items()) or "in use"
        figures = (f"{of[key]:.0f}" if key in of else "" for key, _ in COLUMNS)
        lines.append(f"| {name} | " + " | ".join(figures) + " |")
    return "\n".join(lines)
