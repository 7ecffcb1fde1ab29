"""What one room's avatar looks like, and how that changes while it goes on speaking."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

import numpy as np

from avatar_worker.background import Backgrounds
from avatar_worker.engine import Engine, EngineError, Figure
from avatar_worker.face import Emotion, HeadPose, parse_emotion, parse_gesture
from avatar_worker.look import Look, Renderers
from avatar_worker.player import Player
from avatar_worker.player.drawing import Outfit, draw_into
from avatar_worker.player.priority import lower_this_thread
from visavis.appearance import NO_EXPRESSION, Appearance, AppearanceChange
from visavis.protocol import ARKIT_NAMES

WAITING: Final = 4
"""Changes that may wait for one under way."""


class WardrobeError(ValueError):
    """The avatar looks as it did before; the text says why, and what would be right."""


class Wardrobe:
    """Changes a player's renderers.

    The new ones are built on a thread of their own and draw one picture nobody sees; until then,
    and where that fails, the old ones go on. The switch is between two pictures. Where there is no
    picture, a head is but a name for those who draw the face for themselves.
    """

    def __init__(
        self,
        look: Look,
        renderers: Renderers | None,
        player: Player,
        *,
        engine: Engine,
        backgrounds: Backgrounds,
        load: Callable[[str], Figure],
    ) -> None:
        """
        Args:
            look: What is asked for; ``renderers``' own may lack a background that is on its way.
            renderers: The player's.
            load: Loads a head of ``engine`` beside a conversation; blocking.
        """
        self._look = look if renderers is None else renderers.look
        self._coming = None if self._look.background == look.background else look.background
        """The background that was asked for and is on its way; the look's own stands in for it."""
        self._renderers = renderers
        self._player = player
        self._engine = engine
        self._names = frozenset(engine.heads)
        """Kept: to list them may look into a folder, and :attr:`worn` is asked with sentences."""
        self._backgrounds = backgrounds
        self._load = load
        self._emotion = Emotion()
        self._is_expressing = False
        """An expression is in force, over the emotion."""
        self._one_at_a_time = asyncio.Lock()
        self._asked = 0
        self._thread = ThreadPoolExecutor(1, "visavis-wardrobe", lower_this_thread)

    @property
    def worn(self) -> Appearance:
        """What is in force; a background that is on its way, as if it were there."""
        look = replace(self._look, background=self._coming or self._look.background)
        emotion = _name_emotion(self._emotion)
        return replace(look.shown(self._names), emotion=emotion)

    async def change(self, asked: AppearanceChange) -> Appearance:
        """Have the avatar look as asked. Raises :class:`WardrobeError`, and nothing has changed."""
        if self._asked > WAITING:
            raise WardrobeError("too many changes at once: wait for the answer to the last one")
        self._asked += 1
        try:
            async with self._one_at_a_time:
                return await self._change(asked)
        except ValueError as error:  # HeadError, EngineError, BackgroundError, EmotionError, …
            raise WardrobeError(str(error)) from error
        finally:
            self._asked -= 1

    async def hang(self) -> None:
        """Show the background that was on its way, unless another was asked for meanwhile.

        Raises :class:`WardrobeError`, and the one that stood in for it stays.
        """
        async with self._one_at_a_time:
            try:
                if self._coming is not None:
                    await self._change(AppearanceChange(background=self._coming))
            except ValueError as error:
                raise WardrobeError(str(error)) from error
            finally:
                self._coming = None

    def express(self, expression: Any) -> None:
        """Feel it now, whatever else is under way. Raises :class:`WardrobeError`."""
        try:
            is_over = expression == NO_EXPRESSION
            self._player.feel(self._emotion if is_over else parse_emotion(expression))
            self._is_expressing = not is_over
        except ValueError as error:
            raise WardrobeError(str(error)) from error

    async def _change(self, asked: AppearanceChange) -> Appearance:
        emotion = None if asked.emotion is None else parse_emotion(asked.emotion)
        gesture = None if asked.gesture is None else parse_gesture(asked.gesture)
        if asked.expression not in (None, NO_EXPRESSION):
            parse_emotion(asked.expression)  # what is refused later would have changed the look
        look = self._new_look(asked)
        if look != self._look:
            if self._renderers is not None:
                self._renderers = await self._prepare(look, self._renderers)
                self._player.dress(Outfit(self._renderers(), self._renderers))
            elif look.background != self._look.background:
                self._backgrounds.check(look.background)
            self._look = look
        if asked.background is not None:
            self._coming = None
        if emotion is not None:
            self._emotion = emotion
            if not self._is_expressing:
                self._player.feel(emotion)
        if gesture is not None:
            self._player.gesture(gesture)
        if asked.expression is not None:
            self.express(asked.expression)
        return self.worn

    def _new_look(self, asked: AppearanceChange) -> Look:
        old = self._look
        look = Look(
            asked.head or old.head,
            asked.width or old.width,
            asked.height or old.height,
            asked.background or old.background,
        )
        if look.head != self._look.head and look.head not in self._engine.heads:
            # Only names: a path from the network is nobody's business.
            known = ", ".join(self._engine.heads)
            raise WardrobeError(f"there is no head {look.head[:80]!r}: use one of {known}")
        return look

    async def _prepare(self, look: Look, old: Renderers) -> Renderers:
        """Renderers that are ready to draw."""
        loop = asyncio.get_running_loop()
        backdrop, figure = old.backdrop, old.figure
        if look.background != old.look.background:
            backdrop = await self._backgrounds.open(look.background)
        if look.head != old.look.head:
            figure = await loop.run_in_executor(self._thread, self._load, look.head)
        renderers = Renderers(look, figure, backdrop, old.engine)
        scales = {1.0, self._player.quality.level.scale}
        await loop.run_in_executor(self._thread, try_out, renderers, scales)
        return renderers

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def try_out(renderers: Renderers, scales: set[float]) -> None:
    """Build the renderers of these sizes and draw a picture with each.

    Raises :class:`EngineError`.
    """
    weights = np.zeros(len(ARKIT_NAMES), np.float32)
    for scale in scales:
        renderer = renderers(scale)
        picture = np.zeros((renderer.height * 3 // 2, renderer.width), np.uint8)
        try:
            draw_into(renderer, weights, HeadPose(), picture)
        except Exception as error:
            raise EngineError(f"{renderers.engine!r} cannot draw this: {error}") from error


def _name_emotion(emotion: Emotion) -> str:
    shares = {name: round(share, 3) for name, share in emotion.mix if share > 0}
    if emotion.intensity == 1:
        return next(iter(shares)) if len(shares) == 1 else json.dumps(shares)
    mix: Any = next(iter(shares)) if len(shares) == 1 else shares
    return json.dumps({"mix": mix, "intensity": emotion.intensity})
