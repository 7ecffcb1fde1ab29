"""``python -m bench render``: what a frame of the head costs on one thread, and a room's memory.

TinyPanda, the software renderer of Panda3D, is timed beside it where ``panda3d`` is installed
(``python -m pip install panda3d``); Visavis itself does not need it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from random import Random
from typing import Final, Protocol

import numpy as np
import psutil
from numpy.typing import NDArray

from avatar_worker.face import Face, HeadPose
from avatar_worker.lipsync import Resampler
from avatar_worker.lipsync.embedded import EmbeddedModel
from avatar_worker.player.rest import Rest
from avatar_worker.render import Head, MeshRenderer, load_head, prewarm
from avatar_worker.shelf import Shelf
from bench.render_peers import card, tinypanda
from bench.render_peers.pixelwise import Pixelwise
from bench.report import Report, percentiles
from bench.speech import STORY, speak

HELP = "CPU time of a frame, talking and idle, against other ways to draw; memory of a room"

Acted = Sequence[tuple[NDArray[np.float32], HeadPose]]
"""Weights (52,) and pose of each 1/30 s."""

SIZES: Final = {"512": (512, 512), "720": (1280, 720)}
_TURN: Final = 10
"""Frames that one renderer draws before the next has its turn: all meet the same neighbours."""
_WARM_UP: Final = 5
_FIRST_FRAME: Final = """
import json, time
import numpy as np
from avatar_worker.render import HeadPose, MeshRenderer, load_head
from avatar_worker.shelf import Shelf
started = time.perf_counter()
renderer = MeshRenderer(Shelf().load({name!r}), 512, 512)
renderer.draw(np.full(52, 0.1, np.float32), HeadPose(3, 2, 1), np.empty((768, 512), np.uint8))
drawn = time.perf_counter()
load_head({name!r})
print(json.dumps([drawn - started, time.perf_counter() - drawn]))
"""
"""As a worker that has had this head before: the head, once read, lies beside the compiled code.
Then the head's file is read anew."""


class Drawer(Protocol):
    """What is timed."""

    width: int
    height: int

    def draw(
        self, weights: NDArray[np.float32], pose: HeadPose, into: NDArray[np.uint8]
    ) -> None: ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--head", default="amy", help="name or path of the head")
    parser.add_argument("--frames", type=int, default=300, help="of each kind")


async def measure(args: argparse.Namespace) -> Report:
    return await asyncio.to_thread(_measure, args.head, args.frames)


def _measure(name: str, frames: int) -> Report:
    head = load_head(name)
    prewarm(head)
    talking, idle = act(STORY, frames), act(None, frames)
    notes = ["CPU time of the thread that draws; 'prototype': see bench/render_peers/pixelwise.py"]
    metrics: dict[str, float] = {}
    square, wide = SIZES["512"], SIZES["720"]
    spent = time_draws(
        {
            "frame_cpu_ms_512_talking": (MeshRenderer(head, *square), talking),
            "frame_cpu_ms_512_idle": (MeshRenderer(head, *square), idle),
            "frame_cpu_ms_720_talking": (MeshRenderer(head, *wide), talking),
            "prototype_cpu_ms_512": (Pixelwise(head, *square), talking),
            "prototype_cpu_ms_720": (Pixelwise(head, *wide), talking),
        }
    )
    for key, values in spent.items():
        found = percentiles(values)
        metrics |= {key: found.p50, f"{key}_p95": found.p95}
    lacking = tinypanda.missing()
    if lacking is None:
        panda = tinypanda.time_frames(head, *square, talking[:60])
        metrics["tinypanda_cpu_ms_512"] = percentiles(panda[_WARM_UP:]).p50
    else:
        notes.append(lacking)
    metrics |= _on_card(name, talking, notes)
    metrics["idle_cpu_ms_a_second_512"] = 30 * float(np.mean(spent["frame_cpu_ms_512_idle"]))
    metrics |= _first_frame(name)
    if "fork" in multiprocessing.get_all_start_methods():
        for size, shape in SIZES.items():
            metrics[f"private_memory_mb_{size}"] = private_memory(head, shape, talking[:30])
    else:
        notes.append("a room's memory was not measured: this system does not fork")
    return Report("render", frames, metrics, tuple(notes))


def _on_card(name: str, talking: Acted, notes: list[str]) -> dict[str, float]:
    """In a process of its own: what a driver has open does not survive the forks to come."""
    if (lacking := card.missing()) is not None:
        notes.append(lacking)
        return {}
    metrics: dict[str, float] = {}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        for size, shape in SIZES.items():
            spent, taken = apart.submit(card.time_frames, name, *shape, talking).result()
            metrics[f"card_cpu_ms_{size}_talking"] = percentiles(spent[_WARM_UP:]).p50
            metrics[f"card_ms_{size}_talking"] = percentiles(taken[_WARM_UP:]).p50
    return metrics


def act(text: str | None, frames: int) -> Acted:
    """A face that says ``text`` with the embedded voice and lip-sync, or that idles, as drawn."""
    face = Face(Random(1))
    if text is None:
        rest = Rest()
        return [rest.settle(*face.step(None), False) for _ in range(frames)]
    resampler, lips = Resampler(), EmbeddedModel().create()
    sound = np.concatenate([resampler.push(speak(text), 24_000), resampler.flush()])
    said = np.concatenate([lips.push(sound), lips.finish()])
    return [face.step(said[number % len(said)]) for number in range(frames)]


def time_draws(drawers: Mapping[str, tuple[Drawer, Acted]]) -> dict[str, list[float]]:
    """Milliseconds of CPU of each frame, by name, in turns; the first few frames do not count."""
    spent: dict[str, list[float]] = {name: [] for name in drawers}
    buffers = {
        name: np.empty((drawer.height * 3 // 2, drawer.width), np.uint8)
        for name, (drawer, _) in drawers.items()
    }
    longest = max(len(acted) for _, acted in drawers.values())
    for begin in range(0, longest, _TURN):
        for name, (drawer, acted) in drawers.items():
            for weights, pose in acted[begin : begin + _TURN]:
                started = time.thread_time()
                drawer.draw(weights, pose, buffers[name])
                spent[name].append((time.thread_time() - started) * 1000)
    return {name: values[_WARM_UP:] or values for name, values in spent.items()}


def _first_frame(name: str) -> dict[str, float]:
    """In a process of its own, with what numba has compiled before."""
    Shelf().load(name)
    command = [sys.executable, "-c", _FIRST_FRAME.format(name=name)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    drawn, read = json.loads(done.stdout)
    return {"load_to_first_frame_ms": drawn * 1000, "load_head_ms": read * 1000}


def private_memory(head: Head, size: tuple[int, int], acted: Acted) -> float:
    """MB that a process forked from this one has alone after it has drawn ``acted``."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_draw_apart, args=(head, size, acted, theirs))
    child.start()
    used: float = ours.recv()
    child.join()
    return used


def _draw_apart(head: Head, size: tuple[int, int], acted: Acted, answer: Connection) -> None:
    process = psutil.Process()
    before = process.memory_full_info().uss
    renderer = MeshRenderer(head, *size)
    picture = np.empty((size[1] * 3 // 2, size[0]), np.uint8)
    for weights, pose in acted:
        renderer.draw(weights, pose, picture)
    answer.send((process.memory_full_info().uss - before) / 1e6)
