"""What the scores of ``bench lips`` look at in 52 weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mouth:
    """What the scores look at, each (t,) at 30 fps."""

    jaw: Curve
    aperture: Curve
    tuck: Curve
    round: Curve

    def later(self, frames: float, count: int) -> Mouth:
        """As it was ``frames`` later, ``count`` long."""
        at = np.arange(count) + frames
        return Mouth(
            *(
                np.interp(at, np.arange(len(self.jaw)), getattr(self, field.name))
                for field in fields(self)
            )
        )


def read_mouth(weights: NDArray[np.floating], names: Sequence[str]) -> Mouth:
    """Aperture, tuck and rounding of ``weights`` (t, 52). Raises ValueError for unfit ones."""
    if weights.ndim != 2 or weights.shape[1] != len(names) or not np.isfinite(weights).all():
        raise ValueError(f"weights must be finite (t, {len(names)}), not {weights.shape}")
    index = {name: i for i, name in enumerate(names)}
    table = np.asarray(weights, np.float64)

    def of(name: str) -> Curve:
        sides = [index[n] for n in (name, f"{name}Left", f"{name}Right") if n in index]
        mean: Curve = table[:, sides].mean(1)
        return mean

    jaw, roll_low, upper = of("jawOpen"), of("mouthRollLower"), of("mouthUpperUp")
    aperture = (
        np.clip(jaw - of("mouthClose"), 0, None)
        + 0.35 * (of("mouthLowerDown") + upper)
        - 0.25 * (of("mouthPress") + roll_low + of("mouthRollUpper"))
    )
    tuck = roll_low + 0.5 * upper - 0.3 * jaw
    return Mouth(jaw, aperture, tuck, of("mouthPucker") + 0.5 * of("mouthFunnel"))
