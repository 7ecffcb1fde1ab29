"""Reports as a Markdown table: each figure with its baseline of the same run and its target."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bench.report import Machine, Report


@dataclass(frozen=True)
class Target:
    """The range that a figure shall lie in, ends included."""

    low: float = float("-inf")
    high: float = float("inf")

    def met(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.low:g}"
        if self.low == -self.high:
            return f"±{self.high:g}"
        return f"≤ {self.high:g}" if self.low == float("-inf") else f"≥ {self.low:g}"


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    bench: str
    key: str
    """Its figure; of a ``…_p95_…`` the p50 and p99 beside it are shown as well."""
    what: str
    target: Target | None = None
    baselines: tuple[tuple[str, str], ...] = ()
    """(name, key) of what it is to be compared with."""
    unless: str | None = None
    """Left out where there is this figure."""


def at_most(limit: float) -> Target:
    return Target(high=limit)


def within(limit: float) -> Target:
    return Target(-limit, limit)


WITH_MODEL: Final = "model_hop_p95_ms"
BURST_BASELINES: Final = (("plain track", "direct_p95_ms"), ("AvatarRunner", "stock_p95_ms"))

ROWS: Final = (
    Row(
        "hop",
        "hop_p95_ms",
        "voice in bursts → heard",
        at_most(120),
        BURST_BASELINES,
        unless=WITH_MODEL,
    ),
    Row(
        "hop",
        "hop_over_direct_p95_ms",
        "… over a plain audio track",
        at_most(60),
        unless=WITH_MODEL,
    ),
    Row("hop", "hop_mouth_p95_ms", "… → mouth seen to move", unless=WITH_MODEL),
    Row(
        "hop",
        "paced_hop_p95_ms",
        "voice at real-time pace → heard",
        at_most(200),
        (("plain track", "paced_direct_p95_ms"), ("AvatarRunner", "paced_stock_p95_ms")),
        unless=WITH_MODEL,
    ),
    Row(
        "hop",
        WITH_MODEL,
        "voice in bursts → heard, lips by a Wav2Arkit model",
        at_most(350),
        BURST_BASELINES,
    ),
    Row(
        "sync",
        "offset_mean_ms",
        "picture minus sound in Chromium, mean",
        within(10),
        (("AvatarRunner", "stock_offset_mean_ms"),),
    ),
    Row(
        "sync",
        "offset_p99_abs_ms",
        "… p99 of its size",
        at_most(40),
        (("AvatarRunner", "stock_offset_p99_abs_ms"),),
    ),
    Row(
        "sync",
        "beginning_max_abs_ms",
        "… largest in the first 15 s",
        at_most(40),
        (
            ("LiveKit's client alone", "client_beginning_max_abs_ms"),
            ("AvatarRunner", "stock_beginning_max_abs_ms"),
        ),
    ),
    Row("sync", "client_offset_mean_ms", "… mean, LiveKit's client alone"),
    Row("sync", "busy_offset_p99_abs_ms", "… with every core busy", at_most(40)),
    Row("sync", "drift_ms_per_10min", "… drift in 10 minutes", within(1)),
    Row("sync", "python_offset_mean_ms", "picture minus sound in Python, mean"),
    Row("sync", "speech_offset_ms", "jaw minus loudness, natural speech, Chromium"),
    Row("bargein", "silence_p95_ms", "interrupt → silence", at_most(100)),
    Row("bargein", "mouth_p95_ms", "interrupt → mouth shut", at_most(200)),
    Row("bargein", "wedges", "wedges after interrupts", Target(0, 0)),
    Row("turn", "turn_p95_ms", "end of question → answer heard"),
    Row(
        "turn",
        "instant_turn_p50_ms",
        "… from providers that answer at once (median)",
        at_most(350),
    ),
    Row(
        "turns",
        "cut_in_p50_ms",
        "speech over the voice → it falls silent, in audio time",
        at_most(300),
    ),
    Row("turns", "cut_in_p95_ms", "… p95", at_most(450)),
    Row("turns", "false_stop_percent", "coughs, hums, breaths, knocks that stop it", at_most(2)),
    Row("turns", "clause_false_end_percent", "pauses after a clause that end the turn", at_most(5)),
    Row("turns", "hesitation_false_end_percent", "hesitations that end the turn", at_most(5)),
    Row("smooth", "fps_mean", "pictures a second in Chromium"),
    Row("smooth", "gap_p99_ms", "p99 gap between two pictures"),
    Row("smooth", "freezes", "freezes (W3C webrtc-stats)", Target(0, 0)),
    Row(
        "looks",
        "gap_max_ms",
        "longest gap across changes of head, background, size",
        at_most(100),
        (("without changes", "quiet_gap_max_ms"),),
    ),
    Row("looks", "black", "… black pictures", Target(0, 0)),
    Row(
        "rooms",
        "rooms_per_core",
        "talking rooms a core",
        Target(low=3),
    ),
    Row(
        "rooms",
        "cores_per_room",
        "cores a talking room takes",
        None,
        (("AvatarRunner, no face", "stock_cores_per_room"),),
    ),
    Row("rooms", "cpu_ms_per_frame_render", "CPU ms a frame: renderer"),
    Row("rooms", "cpu_ms_per_frame_lips", "CPU ms a frame: lip-sync model"),
    Row("rooms", "cpu_ms_per_frame_encode", "CPU ms a frame: video encoder"),
    Row(
        "rooms",
        "mb_per_room",
        "memory a room, MB",
        None,
        (("AvatarRunner, no face", "stock_mb_per_room"),),
    ),
    Row("rooms", "voice_rooms_per_core", "rooms a core with `video: off`, from their CPU"),
    Row(
        "render",
        "frame_cpu_ms_512_talking",
        "CPU ms a frame, 512 × 512, talking",
        at_most(5),
        (("pixel by pixel", "prototype_cpu_ms_512"), ("TinyPanda", "tinypanda_cpu_ms_512")),
    ),
    Row("render", "frame_cpu_ms_512_idle", "… idle"),
    Row("render", "idle_cpu_ms_a_second_512", "… idle, a second", at_most(60)),
    Row(
        "render",
        "frame_cpu_ms_720_talking",
        "CPU ms a frame, 1280 × 720, talking",
        at_most(9),
        (("pixel by pixel", "prototype_cpu_ms_720"),),
    ),
    Row("render", "load_to_first_frame_ms", "a head it has had → first frame", at_most(1000)),
    Row("render", "private_memory_mb_512", "memory a renderer, MB", at_most(40)),
    Row("kill", "voice_back_p95_ms", "face's process killed → voice back", at_most(1000)),
    Row("kill", "face_back_p95_ms", "face's process killed → new face", at_most(5000)),
    Row("kill", "worker_voice_back_p95_ms", "worker killed → voice back", at_most(1000)),
    Row("kill", "worker_face_back_p95_ms", "worker killed → new face", at_most(15000)),
    Row("kill", "words_lost", "words lost"),
    Row("kill", "words_doubled", "words said twice", Target(0, 0)),
    Row("network", "offset_p99_abs_ms", "bad network: offset, p99 of its size", at_most(60)),
    Row("network", "wedges", "bad network: wedges", Target(0, 0)),
    Row("soak", "rss_slope_mb_per_10min", "memory slope, MB in 10 minutes", at_most(1)),
    Row("soak", "offset_slope_ms_per_10min", "offset slope, ms in 10 minutes", within(1)),
    Row("soak", "wedges", "wedges", Target(0, 0)),
    Row("leaks", "rss_slope_kb_per_room", "memory kept after a room, kB"),
    Row(
        "door",
        "flood_latency_ratio_p95",
        "text → voice beside a flood, p95 as a multiple",
        at_most(1.2),
        (("flooded, ms", "flooded_p95_ms"), ("quiet, ms", "quiet_p95_ms")),
    ),
    Row("door", "crashes", "broken inputs that broke something", Target(0, 0)),
    Row("door", "bad_inputs", "broken inputs sent"),
    Row("door", "bridge_rooms_per_core", "WebSocket rooms a core that listen", Target(low=20)),
)


def to_markdown(reports: Sequence[Report]) -> str:
    """One table of all ``reports``, the machine above it and their notes below."""
    lines = [describe(reports[0].machine), ""] if reports else []
    lines += [
        "| | measured | baseline, same run | target | |",
        "|---|---|---|---|---|",
    ]
    for report in reports:
        for row in ROWS:
            if _applies(row, report):
                lines.append(_line(row, report))
    notes = [f"- `{report.bench}`: {note}" for report in reports for note in report.notes]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def describe(machine: Machine) -> str:
    return (
        f"{machine.cores} × {machine.cpu}, {machine.memory_gib:g} GiB, Python {machine.python}, "
        f"livekit {machine.livekit}, load before {machine.load_before:g}"
    )


def the_rest(report: Report) -> list[str]:
    """``key value`` of every figure that the table does not show."""
    shown = {key for row in ROWS if _applies(row, report) for key in _keys(row)}
    return [
        f"{name:32} {_number(value)}" for name, value in report.metrics.items() if name not in shown
    ]


def _applies(row: Row, report: Report) -> bool:
    metrics = report.metrics
    return row.bench == report.bench and row.key in metrics and row.unless not in metrics


def _keys(row: Row) -> Iterable[str]:
    yield row.key
    yield from (_other(row.key, p) for p in (50, 99))
    yield from (key for _, key in row.baselines)


def _line(row: Row, report: Report) -> str:
    metrics, value = report.metrics, report.metrics[row.key]
    baselines = ", ".join(
        f"{name} {_number(metrics[key])}" for name, key in row.baselines if key in metrics
    )
    target = "" if row.target is None else str(row.target)
    verdict = "" if row.target is None else ("met" if row.target.met(value) else "**missed**")
    cells = (f"`{row.bench}` {row.what}", _spread(row.key, report), baselines, target, verdict)
    return f"| {' | '.join(cells)} |"


def _spread(key: str, report: Report) -> str:
    unit = _unit(key)
    if "_p95_" not in key:
        return f"{_number(report.metrics[key])}{unit} (n {report.runs})"
    parts = [
        f"p{p} {_number(report.metrics[name])}"
        for p in (50, 95, 99)
        if (name := _other(key, p)) in report.metrics
    ]
    return f"{', '.join(parts)}{unit} (n {report.runs})"


def _other(key: str, percentile: int) -> str:
    return key.replace("_p95_", f"_p{percentile}_")


def _unit(key: str) -> str:
    found = re.search(r"_(ms|mb|s)$", key)
    return f" {found[1].replace('mb', 'MB')}" if found else ""


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
