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
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from agent.brains import turns
from agent.brains.moonshine import Ears
from agent.brief_session import ECHO_LEARNING
from bench import audio_time
from bench.report import Report
from bench.turn_cases import Case, cases
from bench.turn_figures import Outcomes, by_kind, by_setting, metrics, wrong
from bench.turn_trial import Outcome, Parts, run_trial

HELP = "cut-ins, coughs, hums, echoes and pauses for thought, in audio time; table of settings"


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
        vad = turns.load_vad(self.min_speech, self.min_silence, self.threshold)
        return Parts(vad, ears, options, self.frame, ECHO_LEARNING)


SWEEP: Final[tuple[Mapping[str, float], ...]] = (
    *({"min_duration": each} for each in (0.2, 0.3, 0.5)),
    *({"threshold": each} for each in (0.5, 0.7)),
    *({"min_speech": each} for each in (0.05, 0.2)),
    *({"min_silence": each} for each in (0.2, 0.3, 0.4)),
    *({"min_delay": each} for each in (0.2, 0.4, 0.5)),
    *({"max_delay": each} for each in (1.0, 2.0, 3.0)),
    {"frame": 0.05},
)
"""What differs from the setting in use, in each row."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--each", type=int, default=32, help="trials of every kind")
    parser.add_argument("--kinds", help="only these, with commas between them")
    parser.add_argument(
        "--recorded",
        type=Path,
        help="folder of folders of WAV files that are to stop nobody, such as OpenSLR 99",
    )
    parser.add_argument("--sweep", action="store_true", help="other settings, too: a long time")
    parser.add_argument("--wrong", action="store_true", help="what was heard where it went wrong")
    parser.add_argument("--seed", type=int, default=0)


async def measure(args: argparse.Namespace) -> Report:
    with ThreadPoolExecutor(1) as thread:
        return await asyncio.get_running_loop().run_in_executor(thread, _measure, args)


def _measure(args: argparse.Namespace) -> Report:
    ears = Ears()
    kinds = set(args.kinds.split(",")) if args.kinds else None
    found = [
        case
        for case in cases(args.each, np.random.default_rng(args.seed), args.recorded)
        if kinds is None or case.kind in kinds
    ]
    in_use = Setting.in_use()
    outcomes = tried(in_use, found, ears)
    notes = [
        "a cut-in's delay: from its first sound to the voice's pause, in the agent; network, "
        "jitter buffer and the avatar's fade come on top (see bargein)",
        "stop: for good; pause: silent for a moment, then it goes on",
        "open: the pause is where no sentence could end; closed: where it could; "
        "intervals are 95 %",
        "\n" + by_kind(outcomes),
    ]
    if args.wrong:
        notes.append("\n" + wrong(outcomes))
    if args.sweep:
        rows: list[tuple[Mapping[str, float], dict[str, float]]] = [({}, metrics(outcomes))]
        for change in SWEEP:
            rows.append((change, metrics(tried(replace(in_use, **change), found, ears))))
            print(by_setting(rows[-1:]), file=sys.stderr, flush=True)
        notes.append("\n" + by_setting(rows))
    return Report("turns", len(found), metrics(outcomes), tuple(notes))


def tried(setting: Setting, found: Iterable[Case], ears: Ears) -> Outcomes:
    """What comes of all those cases under that setting."""
    parts = setting.parts(ears)
    outcomes: dict[str, list[tuple[Case, Outcome]]] = defaultdict(list)
    for case in found:
        outcome = audio_time.run(partial(run_trial, parts, case.heard, case.voice, case.echo))
        outcomes[case.kind].append((case, outcome))
    return outcomes
