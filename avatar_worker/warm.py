"""What a process has ready for its one room before the room is known."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Final

from avatar_worker.admission import wants_video
from avatar_worker.background import Backdrop, BackgroundError
from avatar_worker.engine import Figure, load_figure
from avatar_worker.load import Board
from avatar_worker.look import Look, Renderers
from avatar_worker.preload import Preloaded
from visavis.protocol import AvatarDispatch

logger = logging.getLogger("visavis.avatar")

BACKGROUND_PATIENCE: Final = 1.5
"""Seconds that the face waits for a background that is fetched; later, it changes before eyes."""


@dataclass(frozen=True)
class Warm:
    """Its parts are read only, and shared with the worker's other processes where that forks."""

    preloaded: Preloaded
    board: Board
    renderers: Renderers | None
    """None where the settings want no picture."""

    @property
    def engine(self) -> str:
        """The renderer's name."""
        return self.preloaded.settings.avatar_renderer

    def load(self, head: str) -> Figure:
        """For a room that begins. Blocking; raises :class:`~.engine.EngineError`."""
        settings = self.preloaded.settings
        if self.preloaded.figure is not None and head == settings.avatar_head:
            return self.preloaded.figure
        return load_figure(self.preloaded.engine.load, self.engine, head)

    def load_beside(self, head: str) -> Figure:
        """As :meth:`load`, in a room that is speaking."""
        engine = self.preloaded.engine
        if head == self.preloaded.settings.avatar_head or not hasattr(engine, "load_beside"):
            return self.load(head)
        return load_figure(engine.load_beside, self.engine, head)


def warm_up(preloaded: Preloaded, board: Board) -> Warm:
    """Build what the worker's settings ask for; most dispatches ask for nothing else."""
    renderers = None
    if preloaded.figure is not None:
        look, name = Look.of(preloaded.settings), preloaded.settings.avatar_renderer
        renderers = Renderers(look, preloaded.figure, preloaded.backdrop, name)
        renderers()
        preloaded.lipsync.create()
    return Warm(preloaded, board, renderers)


async def first_renderers(warm: Warm, dispatch: AvatarDispatch) -> Renderers | None:
    """The look that the dispatch asks for; with the settings' background where its own does not
    come in time. None for a voice without a picture."""
    preloaded = warm.preloaded
    settings = preloaded.settings
    if not wants_video(settings, dispatch):
        return None
    look = Look.of(settings, dispatch)
    if warm.renderers is not None and warm.renderers.look == look:
        return warm.renderers
    backdrop = preloaded.backdrop
    if look.background != settings.avatar_background:
        try:
            async with asyncio.timeout(BACKGROUND_PATIENCE):
                backdrop = await preloaded.backgrounds.open(look.background)
        except TimeoutError:
            logger.info("the background takes its time; the face comes without")
            look = replace(look, background=settings.avatar_background)
        except BackgroundError as error:
            logger.warning("%s", error)
            look = replace(look, background=settings.avatar_background)
    return await asyncio.to_thread(_build, warm, look, backdrop)


def _build(warm: Warm, look: Look, backdrop: Backdrop) -> Renderers:
    renderers = Renderers(look, warm.load(look.head), backdrop, warm.engine)
    renderers()
    return renderers
