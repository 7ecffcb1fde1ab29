"""What the table of a benchmark's figures shows of each, and what is wanted of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


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
    Row("turn", "turn_p50_ms", "end of question → answer heard, p50", at_most(1000)),
    Row("turn", "turn_p95_ms", "end of question → answer heard", at_most(1500)),
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
    Row("turns", "open_false_end_percent", "pauses in a sentence that end the turn", at_most(5)),
    Row("turns", "open_unseen_false_end_percent", "… in unseen sentences", at_most(5)),
    Row("turns", "open_fresh_false_end_percent", "… in fresh ones", at_most(5)),
    Row(
        "drawn",
        "drawn_offset_ms",
        "the page's own drawing: jaw minus loudness",
        None,
        (("video", "video_offset_ms"),),
    ),
    Row(
        "drawn",
        "drawn_cores",
        "… cores that the avatar worker takes",
        None,
        (("video", "video_cores"), ("no video made", "no_video_drawn_cores")),
    ),
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
    Row("leaks", "rss_slope_kb_per_segment", "… after a segment in one room, kB"),
    Row("leaks", "files_left", "files kept after all rooms", at_most(0)),
    Row("leaks", "threads_left", "threads kept", at_most(0)),
    Row("leaks", "children_left", "processes kept", at_most(0)),
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
    Row(
        "knowledge",
        "recall_at_5",
        "questions whose answer is among five passages, share",
        None,
        (("by words", "bm25_recall_at_5"), ("by meaning", "vectors_recall_at_5")),
    ),
    Row(
        "knowledge",
        "reference_recall_at_5",
        "… asked in none of the answer's words",
        None,
        (
            ("by words", "reference_bm25_recall_at_5"),
            ("by meaning", "reference_vectors_recall_at_5"),
        ),
    ),
    Row("knowledge", "query_ms_100k_p95", "a query on one core, p95, ms"),
    Row(
        "lips",
        "visavis_jaw_r",
        "jaw: correlation with what the phones imply",
        None,
        (("wav2arkit", "wav2arkit_jaw_r"), ("HeadAudio", "headaudio_jaw_r")),
    ),
    Row(
        "lips",
        "visavis_pmb_auc",
        "lips shut at P, B and M, area under the curve",
        None,
        (("wav2arkit", "wav2arkit_pmb_auc"), ("HeadAudio", "headaudio_pmb_auc")),
    ),
)
