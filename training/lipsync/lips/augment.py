"""One recording in many rooms, microphones and throats: all of it in the log-mel plane.

Nearly free there, and worth more than hours of further synthetic speech: without it, a network that
knows only synthesizers fails on people.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from lips.features import BANDS

_ECHO_HOPS: Final = 40


@dataclass(frozen=True, slots=True)
class Batch:
    """``mel`` (b, 2 t, 48) nepers of power; ``controls`` (b, t, 15); ``closed``, ``tucked`` (b, t);
    ``classes`` (b, t) int64."""

    mel: Tensor
    controls: Tensor
    closed: Tensor
    tucked: Tensor
    classes: Tensor


class Augmenter:
    """Changes a batch of clean speech; all randomness comes of ``generator``."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        self._device = generator.device

    def vary(self, batch: Batch) -> Batch:
        """Pace, formants, echo, babble, colour, band, noise, level, and a hole in the spectrum."""
        batch = self._stretch(batch)
        mel = self._warp(batch.mel)
        level = mel.exp().mean((1, 2), keepdim=True).clamp(min=1e-9).log()
        mel = self._echo(mel)
        mel = self._babble(mel, level)
        mel = mel + self._curve(mel, (1.2, 0.9, 0.7, 0.5, 0.4, 0.4))
        mel = self._band(mel)
        mel = self._noise(mel, level)
        mel = mel - level + 2.2 - 8.5 * self._uniform(len(mel), 1, 1)
        drift = torch.linspace(-1, 1, mel.shape[1], device=self._device)[None, :, None]
        mel = mel + 0.8 * self._normal(len(mel), 1, 1) * drift
        mel = mel + 0.15 * self._normal(*mel.shape) * self._uniform(len(mel), 1, 1)
        mel = self._hole(mel)
        return Batch(mel, batch.controls, batch.closed, batch.tucked, batch.classes)

    def _stretch(self, batch: Batch) -> Batch:
        """Speak faster or slower by up to 15 %; what is left over repeats the last step."""
        count, steps = batch.classes.shape
        pace = torch.exp(0.14 * (2 * self._uniform(count, 1) - 1))
        at = torch.arange(2 * steps, device=self._device)[None] * pace
        at = at.clamp(max=2 * steps - 1.001)
        below = at.long()
        share = (at - below)[..., None]
        wide = below[..., None].expand(-1, -1, BANDS)
        mel = batch.mel.gather(1, wide) * (1 - share) + batch.mel.gather(1, wide + 1) * share
        # A step's middle lies between its two hops.
        middle = ((at[:, 0::2] + at[:, 1::2]) / 4 - 0.25).clamp(0, steps - 1.001)
        low = middle.long()
        part = middle - low

        def blend(curve: Tensor) -> Tensor:
            if curve.ndim == 2:
                return curve.gather(1, low) * (1 - part) + curve.gather(1, low + 1) * part
            index = low[..., None].expand(-1, -1, curve.shape[-1])
            weight = part[..., None]
            return curve.gather(1, index) * (1 - weight) + curve.gather(1, index + 1) * weight

        classes = batch.classes.gather(1, middle.round().long())
        return Batch(mel, blend(batch.controls), blend(batch.closed), blend(batch.tucked), classes)

    def _warp(self, mel: Tensor) -> Tensor:
        """Longer and shorter vocal tracts."""
        factor = 1 + 0.08 * self._normal(len(mel), 1).clamp(-2, 2)
        at = (torch.arange(BANDS, device=self._device)[None] * factor).clamp(0, BANDS - 1.001)
        below = at.long()
        share = (at - below)[:, None]
        index = below[:, None].expand(-1, mel.shape[1], -1)
        return mel.gather(2, index) * (1 - share) + mel.gather(2, index + 1) * share

    def _echo(self, mel: Tensor) -> Tensor:
        """A room: power that decays by 60 dB in 0.1 to 0.7 s, up to 6 dB under the voice."""
        count = len(mel)
        seconds = 0.1 + 0.6 * self._uniform(count, 1, 1)
        wet = 0.25 * self._uniform(count, 1, 1) ** 2 * (self._uniform(count, 1, 1) < 0.5)
        decay = torch.exp(-math.log(1e6) * 0.01 / seconds)
        tail = torch.zeros_like(mel)
        power = mel.exp()
        for hop in range(1, _ECHO_HOPS):
            tail[:, hop:] += decay**hop * power[:, :-hop]
        rough = -torch.log(self._uniform(*mel.shape) + 1e-9)
        return torch.log(power + wet * tail * (0.3 + 0.7 * rough) + 1e-9)

    def _babble(self, mel: Tensor, level: Tensor) -> Tensor:
        """Somebody else of the batch in the background, 8 to 30 dB below."""
        other = mel.roll(1, 0) - level.roll(1, 0) + level
        below = (8 + 22 * self._uniform(len(mel), 1, 1)) / 4.343
        here = self._uniform(len(mel), 1, 1) < 0.15
        return torch.where(here, torch.logaddexp(mel, other - below), mel)

    def _curve(self, mel: Tensor, sizes: tuple[float, ...]) -> Tensor:
        """Smooth random spectral colour, in nepers of power: one curve a recording."""
        order = torch.arange(1, len(sizes) + 1, device=self._device)[:, None]
        bands = torch.arange(BANDS, device=self._device)[None]
        cosines = torch.cos(math.pi * order * bands / BANDS)
        size = torch.tensor(sizes, device=self._device)
        return (self._normal(len(mel), 1, len(sizes)) * size) @ cosines

    def _band(self, mel: Tensor) -> Tensor:
        """Telephones and cheap microphones: the top, the bottom or both are gone."""
        count = len(mel)
        band = torch.arange(BANDS, device=self._device)[None].float()
        top = torch.where(self._uniform(count, 1) < 0.3, 26 + 20 * self._uniform(count, 1), 99.0)
        bottom = torch.where(self._uniform(count, 1) < 0.3, 6 * self._uniform(count, 1), -9.0)
        lost = ((band - top) / 2).clamp(min=0) * 1.2 + (bottom - band).clamp(min=0)
        return mel - lost[:, None]

    def _noise(self, mel: Tensor, level: Tensor) -> Tensor:
        """Coloured noise 6 to 48 dB below, in a bit more than half of the recordings."""
        count = len(mel)
        here = self._uniform(count, 1, 1) < 0.6
        decibels = torch.where(here, 6 + 42 * self._uniform(count, 1, 1), 75.0)
        rough = torch.log(-torch.log(self._uniform(*mel.shape) + 1e-9) * 0.35 + 0.65)
        noise = level - decibels / 4.343 + self._curve(mel, (0.7,) * 6) + rough
        return torch.logaddexp(mel, noise)

    def _hole(self, mel: Tensor) -> Tensor:
        count = len(mel)
        first = (self._uniform(count, 1, 1) * (BANDS - 6)).long()
        width = (self._uniform(count, 1, 1) * 6).long()
        band = torch.arange(BANDS, device=self._device)[None, None]
        hole = (band >= first) & (band < first + width) & (self._uniform(count, 1, 1) < 0.3)
        return torch.where(hole, mel.mean((1, 2), keepdim=True), mel)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._generator, device=self._device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._generator, device=self._device)
