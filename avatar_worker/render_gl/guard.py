"""A renderer on the graphics card that goes on without it."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from avatar_worker.face.pose import HeadPose
from avatar_worker.render import Head, MeshRenderer, Renderer

from .context import GpuError, open_card
from .probe import Answer
from .renderer import GlRenderer

logger = logging.getLogger("visavis.avatar")

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Gpu:
    """What a process knows of its graphics card: there, or not, or failed. It says so once."""

    def __init__(self, answer: Answer, *, software: bool = False) -> None:
        """``answer``: of :func:`find_gpu`; ``software``: one on the CPU does as well (tests)."""
        self._name = answer.name
        self._reason = answer.reason
        self._software = software
        self._told = False

    @property
    def is_usable(self) -> bool:
        return not self._reason

    def renderer(self, head: Head, width: int, height: int, backdrop: Bytes) -> Renderer:
        """On the card while it works, else on the CPU. In the process that draws, not before a
        fork. Raises as :class:`MeshRenderer`."""
        if not self._told:
            self._told = True
            if self.is_usable:
                logger.info("drawing on the graphics card: %s", self._name)
            else:
                logger.info("drawing on the CPU: %s", self._reason)
        if self.is_usable:
            try:
                card = open_card(software=self._software)
                on_card = GlRenderer(head, width, height, backdrop, card)
                return GuardedRenderer(on_card, backdrop, self)
            except GpuError as error:
                self.give_up(error)
        return MeshRenderer(head, width, height, backdrop)

    def give_up(self, error: GpuError) -> None:
        """Draw on the CPU from now on, in this process."""
        if self.is_usable:
            self._reason = str(error)
            logger.warning("the graphics card %s is given up: %s", self._name, error)


class GuardedRenderer:
    """Draws on the card; on the CPU, in the same size before the same, from its first error on."""

    def __init__(self, on_card: GlRenderer, backdrop: Bytes, gpu: Gpu) -> None:
        self.width, self.height, self.head = on_card.width, on_card.height, on_card.head
        self._renderer: GlRenderer | MeshRenderer = on_card
        self._backdrop = backdrop
        self._gpu = gpu

    def draw(self, weights: Floats, pose: HeadPose, into: Bytes) -> None:
        """As :meth:`Renderer.draw`."""
        try:
            self._current().draw(weights, pose, into)
        except GpuError as error:
            self._gpu.give_up(error)
            self._current().draw(weights, pose, into)

    def draw_rgba(self, weights: Floats, pose: HeadPose) -> Bytes:
        """The frame as a fresh RGBA array (height, width, 4)."""
        try:
            return self._current().draw_rgba(weights, pose)
        except GpuError as error:
            self._gpu.give_up(error)
            return self._current().draw_rgba(weights, pose)

    def _current(self) -> GlRenderer | MeshRenderer:
        if isinstance(self._renderer, GlRenderer) and not self._gpu.is_usable:
            self._renderer = MeshRenderer(self.head, self.width, self.height, self._backdrop)
        return self._renderer
