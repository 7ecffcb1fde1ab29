"""Causal log-mel energies, the network's view of sound, the same in training and in the graph."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lips.corpus import SAMPLE_RATE

BANDS: Final = 48
HOP: Final = 160
"""Samples (10 ms)."""
HISTORY: Final = 240
"""Samples before a hop that its window of 400 also covers."""
FLOOR: Final = 1e-6
"""Power added before the logarithm: about the rounding noise of 16 bits."""
_WINDOW: Final = 400
_FFT: Final = 512
_LOW, _HIGH = 60.0, 7_600.0
_SCALE: Final = 0.2

_COARSEST: Final = 0.2
_LOWEST: Final = -18.5
"""Nepers of power: step and start of the byte that a stored energy is."""


class LogMel(nn.Module):
    """(1, 240 + 160 n) samples at ±1 → (1, n, 48); hop k hears 160 k − 240 to 160 k + 160.

    The Fourier transform is a convolution, so that it exports to any runtime.
    """

    def __init__(self) -> None:
        super().__init__()
        phase = np.outer(np.arange(_FFT // 2 + 1), np.arange(_WINDOW)) * 2 * np.pi / _FFT
        window = np.hanning(_WINDOW + 1)[:-1]
        waves = np.concatenate([np.cos(phase) * window, np.sin(phase) * window])
        self.register_buffer("waves", torch.tensor(waves[:, None], dtype=torch.float32))
        self.register_buffer("filters", torch.tensor(mel_filters()))

    def forward(self, samples: Tensor) -> Tensor:
        return compress(self.power(samples))

    def power(self, samples: Tensor) -> Tensor:
        """Mel power (1, n, 48)."""
        parts = functional.conv1d(samples[:, None], self.waves, stride=HOP)
        bins = _FFT // 2 + 1
        power = parts[:, :bins] ** 2 + parts[:, bins:] ** 2
        return torch.matmul(self.filters, power).transpose(1, 2)


def compress(power: Tensor) -> Tensor:
    """Mel power as the network takes it."""
    return torch.log(power + FLOOR) * _SCALE


def mel_filters() -> NDArray[np.float32]:
    """(48, 257) triangles, each of sum 1, evenly spaced in mel (O'Shaughnessy 1987)."""
    mel = np.linspace(*(2595 * np.log10(1 + f / 700) for f in (_LOW, _HIGH)), BANDS + 2)
    corners = 700 * (10 ** (mel / 2595) - 1)
    bins = np.arange(_FFT // 2 + 1) * SAMPLE_RATE / _FFT
    rise = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    fall = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
    filters = np.clip(np.minimum(rise, fall), 0, None)
    scaled: NDArray[np.float32] = (filters / filters.sum(1, keepdims=True)).astype(np.float32)
    return scaled


def to_bytes(power: Tensor) -> NDArray[np.uint8]:
    """Log energies as bytes of 0.2 neper: finer than the noise that training adds."""
    nepers = torch.log(power + 1e-8).numpy()
    return np.clip(np.round((nepers - _LOWEST) / _COARSEST), 0, 255).astype(np.uint8)


def from_bytes(stored: Tensor) -> Tensor:
    """Nepers of power from :func:`to_bytes`."""
    return stored.float() * _COARSEST + _LOWEST
