"""What came of the trials of ``bench turns``: pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bench.recorded import PREFIX
from bench.report import percentiles
from bench.sounds import UNSEEN
from bench.turn_cases import Case
from bench.turn_trial import Outcome

TURNS: Final = tuple(
    f"{kind}{of}" for of in ("", " unseen", " fresh") for kind in ("open", "closed", "whole")
)
CUT_INS: Final = ("cut_in", "cut_in unseen")
NO_TURN: Final = (
    "cough",
    "throat",
    "breath",
    "knock",
    "mhm",
    "uh-huh",
    "echo-30",
    "echo-40",
    "echo-50",
    *UNSEEN,
)
"""Kinds that are to stop nobody; and all recordings. Louder echoes: nothing cancels them."""

Outcomes = Mapping[str, Sequence[tuple[Case, Outcome]]]


def is_stopped(outcome: Outcome) -> bool:
    """What was being said was given up, or was not taken up again."""
    return outcome.stopped is not None or len(outcome.resumes) < len(outcome.pauses)


def silences(outcome: Outcome) -> list[float]:
    """Seconds of every pause after which it went on."""
    return [back - gone for gone, back in zip(outcome.pauses, outcome.resumes, strict=False)]


def ends_early(case: Case, outcome: Outcome) -> bool:
    """The turn was taken to be over before it was."""
    return any(at < case.end for at in outcome.turns)


def metrics(outcomes: Outcomes) -> dict[str, float]:
    """Under the keys of a :class:`~bench.report.Report`."""
    found: dict[str, float] = {}
    for kind, of in outcomes.items():
        name = kind.replace(" ", "_")
        if kind in CUT_INS:
            delays = [1000 * (o.pauses[0] - c.onset) for c, o in of if o.pauses]
            if delays:
                found |= percentiles(delays).metrics(name)
            found[f"{name}_ignored_percent"] = _percent(o.stopped is None for _, o in of)
        elif kind not in TURNS:
            found[f"{name}_stop_percent"] = _percent(is_stopped(o) for _, o in of)
            found[f"{name}_pause_percent"] = _percent(bool(o.pauses) for _, o in of)
    if no_turns := [o for kind, of in outcomes.items() if _is_no_turn(kind) for _, o in of]:
        found["false_stop_percent"] = _percent(map(is_stopped, no_turns))
        found["false_pause_percent"] = _percent(bool(o.pauses) for o in no_turns)
        if gaps := [1000 * each for o in no_turns if not is_stopped(o) for each in silences(o)]:
            found |= percentiles(gaps).metrics("false_pause")
    for kind in TURNS:
        first, _, rest = kind.partition(" ")
        of = outcomes.get(kind, ())
        if of and first != "whole":
            found[_named(first, rest, "false_end_percent")] = _percent(
                ends_early(c, o) for c, o in of
            )
        elif of:
            ends = [1000 * (after[0] - c.end) for c, o in of if (after := _after(c, o))]
            if ends:
                found |= percentiles(ends).metrics(_named("end_of_turn", rest))
            unanswered = _percent(not o.turns for _, o in of)
            found[_named("turn", rest, "unanswered_percent")] = unanswered
    return found


def _named(*parts: str) -> str:
    return "_".join(filter(None, parts))


def _is_no_turn(kind: str) -> bool:
    return kind in NO_TURN or kind.startswith(PREFIX)


def _after(case: Case, outcome: Outcome) -> list[float]:
    return [at for at in outcome.turns if at >= case.end]


def _percent(of: Iterable[bool]) -> float:
    values = list(of)
    return 100 * sum(values) / len(values)


def by_kind(outcomes: Outcomes) -> str:
    """Markdown: each kind with its number of trials, and 95 % intervals of its shares."""
    lines = [
        "| over the voice | n | pauses it | stops it | silent, p50 | p95 |",
        "|---|---|---|---|---|---|",
    ]
    for kind, of in outcomes.items():
        if kind not in TURNS:
            gaps = [each for _, o in of if not is_stopped(o) for each in silences(o)]
            silent = percentiles(gaps) if gaps else None
            lines.append(
                f"| {kind} | {len(of)} | {share(sum(bool(o.pauses) for _, o in of), len(of))} | "
                f"{share(sum(is_stopped(o) for _, o in of), len(of))} | "
                + (f"{silent.p50:.2f} s | {silent.p95:.2f} s |" if silent else " | |")
            )
    lines += ["", "| turn | n | ends early | end, p50 | p95 |", "|---|---|---|---|---|"]
    for kind in TURNS:
        if of := outcomes.get(kind, ()):
            ends = percentiles([a[0] - c.end for c, o in of if (a := _after(c, o))] or [math.nan])
            early = share(sum(ends_early(c, o) for c, o in of), len(of))
            lines.append(f"| {kind} | {len(of)} | {early} | {ends.p50:.2f} s | {ends.p95:.2f} s |")
    return "\n".join(lines)


def wrong(outcomes: Outcomes) -> str:
    """A line for each trial that went wrong: its number within its kind, what was heard, when."""
    return "\n".join(
        f"{kind} {number}: {'; '.join(outcome.heard) or '(nothing)'} "
        f"[{case.onset:.2f}–{case.end:.2f} s, turns {list(outcome.turns)}]"
        for kind, of in outcomes.items()
        for number, (case, outcome) in enumerate(of)
        if _is_wrong(kind, case, outcome)
    )


def _is_wrong(kind: str, case: Case, outcome: Outcome) -> bool:
    if kind in CUT_INS:
        return outcome.stopped is None
    if kind in TURNS:
        return ends_early(case, outcome) or not _after(case, outcome)
    return is_stopped(outcome)


def share(count: int, of: int) -> str:
    """In percent, with its 95 % interval (Wilson, Journal of the American Statistical Association
    22, 1927)."""
    z = 1.96
    middle = (count + z * z / 2) / (of + z * z)
    width = z / (of + z * z) * math.sqrt(count * (of - count) / of + z * z / 4)
    low, high = 100 * max(0.0, middle - width), 100 * min(1.0, middle + width)
    return f"{100 * count / of:.0f} % ({low:.0f}–{high:.0f})"


COLUMNS: Final = (
    ("cut_in_p50_ms", "cut-in p50"),
    ("cut_in_p95_ms", "p95"),
    ("cut_in_ignored_percent", "ignored %"),
    ("false_stop_percent", "false stops %"),
    ("false_pause_percent", "false pauses %"),
    ("false_pause_p50_ms", "pause p50"),
    ("open_false_end_percent", "ends when open %"),
    ("open_unseen_false_end_percent", "unseen %"),
    ("closed_false_end_percent", "ends when closed %"),
    ("end_of_turn_p50_ms", "end of turn p50"),
    ("end_of_turn_p95_ms", "p95"),
)


def by_setting(rows: Iterable[tuple[Mapping[str, Any], Mapping[str, float]]]) -> str:
    """Markdown: what each change of the setting in use makes of the figures."""
    lines = ["| setting | " + " | ".join(title for _, title in COLUMNS) + " |"]
    lines.append("|---" * (len(COLUMNS) + 1) + "|")
    for change, of in rows:
        name = ", ".join(f"{key} {value}" for key, value in change.items()) or "in use"
        figures = (f"{of[key]:.0f}" if key in of else "" for key, _ in COLUMNS)
        lines.append(f"| {name} | " + " | ".join(figures) + " |")
    return "\n".join(lines)
