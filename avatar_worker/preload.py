"""What every room needs, loaded once: the worker's forkserver imports this before it forks.

Job processes then share the head's arrays and the compiled renderer copy-on-write. Where processes
are not forked (macOS, Windows), each job imports it for itself while it warms up.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass

from avatar_worker.background import (
    Backdrop,
    BackgroundError,
    Backgrounds,
    open_backgrounds,
    painted,
)
from avatar_worker.engine import Engine, Figure, find_engine, load_figure
from avatar_worker.lipsync import LipSyncFactory, load_lipsync
from avatar_worker.mesh import MeshFigure
from avatar_worker.render import prewarm
from settings import DEFAULT_BACKGROUND, Settings, load_settings

logger = logging.getLogger("visavis.avatar")


@dataclass(frozen=True)
class Preloaded:
    """Shared by all rooms of a worker; read only."""

    settings: Settings
    engine: Engine
    figure: Figure | None
    """The settings' head; None where they want no picture."""
    backdrop: Backdrop
    """The settings'."""
    backgrounds: Backgrounds
    """What a dispatch, or a change, may ask for."""
    lipsync: LipSyncFactory
    process_id: int


def _load() -> Preloaded:
    settings = load_settings()
    engine = find_engine(settings.avatar_renderer, settings.avatar_heads, settings.avatar_gpu)
    backgrounds = open_backgrounds(settings)
    figure = None
    if settings.avatar_video:
        figure = load_figure(engine.load, settings.avatar_renderer, settings.avatar_head)
        if isinstance(figure, MeshFigure):
            prewarm(figure.head)
    return Preloaded(
        settings,
        engine,
        figure,
        _open_own(backgrounds, settings.avatar_background),
        backgrounds,
        load_lipsync(settings.wav2arkit_model),
        os.getpid(),
    )


def _open_own(backgrounds: Backgrounds, text: str) -> Backdrop:
    try:
        return asyncio.run(backgrounds.open_own(text))
    except BackgroundError as error:
        logger.warning("AVATAR_BACKGROUND: %s; using %s", error, DEFAULT_BACKGROUND)
        plain = painted(DEFAULT_BACKGROUND)
        assert plain is not None
        return plain


PRELOADED = _load()
