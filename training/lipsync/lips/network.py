"""The causal network: log-mel energies in, mouth controls out, closures and silence as gates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from lips.features import BANDS
from lips.mouth import CONTROLS, FUNNEL, KEPT_FUNNEL, KEPT_PUCKER, PUCKER, SHAPES
from lips.phones import BILABIAL, CLASSES, LABIODENTAL

REST_BIAS: Final = -2.0
"""Logit that the controls start from: a mouth nearly shut."""


@dataclass(frozen=True, slots=True)
class Size:
    """``channels`` of the convolutions, one a ``dilations``; ``memory``: units of the GRU."""

    channels: int
    memory: int
    dilations: tuple[int, ...]


SIZES: Final = {
    "small": Size(144, 176, (1, 2, 4, 8)),
    "medium": Size(208, 256, (1, 2, 4, 8, 1, 2)),
    "large": Size(320, 384, (1, 2, 4, 8, 1, 2, 4, 8)),
}


@dataclass(frozen=True, slots=True)
class Outputs:
    """``controls`` (b, t, 15) before the gates; logits (b, t) of ``closed``, ``tucked`` and
    ``silent``; ``classes`` (b, t, 26) logits."""

    controls: Tensor
    closed: Tensor
    tucked: Tensor
    silent: Tensor
    classes: Tensor


class Block(nn.Module):
    """A residual dilated convolution over the past."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.past = 2 * dilation
        self.mix = nn.Conv1d(channels, channels, 3, dilation=dilation)
        self.norm = nn.LayerNorm(channels)
        self.out = nn.Linear(channels, channels)

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """``x`` (b, t, c) after ``past`` (b, 2 dilation, c) → as much, and the new past."""
        seen = torch.cat([past, x], 1)
        mixed = self.mix(seen.transpose(1, 2)).transpose(1, 2)
        return x + self.out(functional.gelu(self.norm(mixed))), seen[:, -self.past :]


class LipNet(nn.Module):
    """Two hops of 10 ms a step; step t speaks of step t − delay, for that much look-ahead."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        c, h = size.channels, size.memory
        self.enter = nn.Linear(2 * BANDS, c)
        self.blocks = nn.ModuleList(Block(c, d) for d in size.dilations)
        self.remember = nn.GRU(c, h, batch_first=True)
        self.mouth = nn.Sequential(nn.Linear(h + c, 128), nn.GELU(), nn.Linear(128, len(CONTROLS)))
        self.gates = nn.Sequential(nn.Linear(h + c, 96), nn.GELU(), nn.Linear(96, 3))
        self.phones = nn.Linear(h + c, len(CLASSES))

    def rest(self, batch: int, device: torch.device | str = "cpu") -> list[Tensor]:
        """States before the first step."""
        c = self.size.channels
        pasts = [torch.zeros(batch, 2 * d, c, device=device) for d in self.size.dilations]
        return [*pasts, torch.zeros(1, batch, self.size.memory, device=device)]

    def forward(self, mel: Tensor, states: list[Tensor]) -> tuple[Outputs, list[Tensor]]:
        """``mel`` (b, 2 t, 48), compressed → ``t`` steps."""
        count, hops, bands = mel.shape
        x = self.enter(mel.reshape(count, hops // 2, 2 * bands))
        new: list[Tensor] = []
        for block, past in zip(self.blocks, states[:-1], strict=True):
            x, after = block(x, past)
            new.append(after)
        memory, last = self.remember(x, states[-1])
        known = torch.cat([x, memory], -1)
        closed, tucked, silent = self.gates(known).unbind(-1)
        controls = torch.sigmoid(self.mouth(known) + REST_BIAS)
        return Outputs(controls, closed, tucked, silent, self.phones(known)), [*new, last]


class Gates(nn.Module):
    """Closures and silence imposed on the controls: what an average never does."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bilabial", torch.tensor(SHAPES[BILABIAL].target))
        self.register_buffer("labiodental", torch.tensor(SHAPES[LABIODENTAL].target))
        kept = torch.zeros(len(CONTROLS))
        kept[FUNNEL], kept[PUCKER] = KEPT_FUNNEL, KEPT_PUCKER
        self.register_buffer("kept", kept)

    def forward(self, controls: Tensor, closed: Tensor, tucked: Tensor, silent: Tensor) -> Tensor:
        """Each of the three (b, t), 0 to 1. See :func:`lips.mouth.impose`."""
        mouth = controls * (1 - silent[..., None])
        tuck, shut = tucked[..., None], closed[..., None]
        mouth = mouth * (1 - tuck) + self.labiodental * tuck
        return mouth * (1 - shut) + (self.bilabial + self.kept * mouth) * shut
