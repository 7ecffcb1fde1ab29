"""When a voice fell silent and a mouth was shut: pure functions of what was heard and seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

OPEN_SHARE: Final = 0.25
"""Of the way from the resting mouth to the wide open one: below it, the mouth is shut."""
EXPRESSION_SHARE: Final = 0.5
"""Of the same way: by so much an expression parts the lips of a resting mouth at most."""
VISIBLE: Final = 0.05
"""Of :func:`bench.mouth.openness`: less is not told from lips that are shut."""


@dataclass(frozen=True)
class MouthLevels:
    """How far one head's mouth is open, as :func:`bench.mouth.openness` measures it."""

    rest: float
    wide: float

    @property
    def shut(self) -> float:
        return self.rest + OPEN_SHARE * (self.wide - self.rest)

    def with_expression(self, resting: NDArray[np.float64]) -> MouthLevels:
        """Those of the expression that the (n, 2) pictures of the mouth at rest show. A mouth that
        did not come to rest leaves them as they are."""
        reach = self.wide - self.rest
        rest = float(np.median(resting[:, 1])) if len(resting) else self.rest
        if rest > self.rest + EXPRESSION_SHARE * reach:
            return self
        return MouthLevels(rest, rest + reach)


def mouth_levels(idle: NDArray[np.float64], speaking: NDArray[np.float64]) -> MouthLevels:
    """From (n, 2) times and openings of a face that rests and of one that speaks.

    Raises ValueError where the two cannot be told apart: another head, or no face at all.
    """
    if not len(idle) or not len(speaking):
        raise ValueError("no picture of the mouth at rest, or none of it speaking")
    levels = MouthLevels(float(np.median(idle[:, 1])), float(np.percentile(speaking[:, 1], 90)))
    spread = float(np.percentile(idle[:, 1], 95)) - levels.rest
    if levels.wide - levels.rest < 3 * max(spread, VISIBLE):
        raise ValueError("the mouth of this head cannot be seen to move where it is looked for")
    return levels


def cut_off(loud: Sequence[float], decision: float, *, calm: float, before: float) -> float | None:
    """Seconds from ``decision`` to the last of ``loud`` that a calm follows.

    Args:
        loud: Times at which something was heard (or the mouth was open), ascending.
        decision: When it was decided.
        calm: Seconds without any of them that end it for good.
        before: Seconds before the decision in which there must have been one.

    Returns:
        0 where the last one came just before the decision; None where there was nothing to cut
        off: it was already calm.
    """
    last: float | None = None
    for at in loud:
        if at <= decision - before:
            continue
        if last is not None and at > decision and at - max(last, decision) > calm:
            break
        last = at
    return None if last is None else max(0.0, last - decision)


def before_smile(
    mouth: NDArray[np.float64], levels: MouthLevels, decision: float, until: float
) -> NDArray[np.float64]:
    """The (n, 2) pictures up to where a mouth has shut that only an expression parts again.

    A broad smile shows teeth: then the lips part once between ``decision`` and ``until``, and do
    not come together again, as they do at once where speech goes on.
    """
    [after] = np.nonzero((mouth[:, 0] > decision) & (mouth[:, 0] <= until))
    if not len(after):
        return mouth
    seen = mouth[after, 1]
    least = int(np.argmin(seen))
    step = OPEN_SHARE * (levels.wide - levels.rest)
    parting = seen[least:]
    parts = float(parting[-1] - parting[0]) > step
    closes = float((np.maximum.accumulate(parting) - parting).max()) > step
    return mouth[: after[least] + 1] if parts and not closes else mouth


def open_times(mouth: NDArray[np.float64], levels: MouthLevels) -> list[float]:
    """Times of the (n, 2) pictures in which the mouth was not shut."""
    return [float(at) for at, wide in mouth if wide > levels.shut]
