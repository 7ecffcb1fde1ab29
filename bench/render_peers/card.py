"""Our own renderer on the graphics card."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face import HeadPose
from avatar_worker.paint import paint_backdrop
from avatar_worker.render import load_head
from avatar_worker.render_gl.context import open_card
from avatar_worker.render_gl.probe import find_gpu
from avatar_worker.render_gl.renderer import GlRenderer
from settings import DEFAULT_BACKGROUND


def missing() -> str | None:
    """Why it cannot be timed, in a sentence."""
    answer = find_gpu()
    return None if answer.name else f"no graphics card was timed: {answer.reason}"


def time_frames(
    name: str, width: int, height: int, acted: Sequence[tuple[NDArray[np.float32], HeadPose]]
) -> tuple[list[float], list[float]]:
    """Milliseconds of each frame, drawn and read back: of the process's CPU, a driver's threads
    with it, and of the clock. To be called in a process that does not fork after it.

    Args:
        name: Or path, of the head.

    Raises:
        GpuError: there is no card, or it failed.
    """
    backdrop = paint_backdrop(width, height, DEFAULT_BACKGROUND)
    renderer = GlRenderer(load_head(name), width, height, backdrop, open_card())
    into = np.empty((height * 3 // 2, width), np.uint8)
    spent, taken = [], []
    for weights, pose in acted:
        began, started = time.perf_counter(), time.process_time()
        renderer.draw(weights, pose, into)
        spent.append((time.process_time() - started) * 1000)
        taken.append((time.perf_counter() - began) * 1000)
    return spent, taken
