"""Which of many vectors are nearest to one: by sign bits first, then exactly.

The signs of a vector's 384 numbers are 48 bytes; the number of equal signs follows the angle
between two vectors (Charikar 2002), so a few hundred candidates by that, weighed exactly by their
int8 values, give what weighing all would give, at a tenth of the memory and time.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

CANDIDATES: Final = 256
"""That are weighed exactly."""
SCALE: Final = 127 / 0.35
"""int8 of one number: those of all-MiniLM-L6-v2 stay within ±0.35; more is clipped."""

Rows = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]


def to_bytes(vector: npt.NDArray[np.float32]) -> bytes:
    """A vector of length 1 as int8."""
    return bytes(np.clip(np.rint(vector * SCALE), -127, 127).astype(np.int8))


def to_rows(stored: list[bytes]) -> npt.NDArray[np.int8]:
    """What :func:`to_bytes` made, as a matrix."""
    return np.frombuffer(b"".join(stored), np.int8).reshape(len(stored), -1)


def cosines(rows: npt.NDArray[np.int8], vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Of each row with a vector of length 1."""
    exact = rows.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))
    found: npt.NDArray[np.float32] = (exact @ vector) / np.maximum(lengths, 1)
    return found


def to_bits(rows: npt.NDArray[np.int8] | npt.NDArray[np.float32]) -> Bits:
    """Signs: rows × 384 → rows × 6 words of 64."""
    return np.packbits(rows > 0, axis=-1).view(np.uint64)


class SignIndex:
    """The signs of all vectors, by the number of their passage, ascending."""

    def __init__(self) -> None:
        self._ids: Rows = np.empty(0, np.int64)
        self._bits: Bits = np.empty((6, 0), np.uint64)  # so that a word of all is in one piece

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def newest(self) -> int:
        """The largest number in it; 0 when empty."""
        return int(self._ids[-1]) if len(self._ids) else 0

    def extend(self, ids: list[int], stored: list[bytes]) -> None:
        """``ids`` ascend, and are larger than those that are there."""
        if ids:
            self._ids = np.concatenate((self._ids, np.array(ids, np.int64)))
            self._bits = np.concatenate((self._bits, to_bits(to_rows(stored)).T), axis=1)

    def nearest(self, vector: npt.NDArray[np.float32], count: int = CANDIDATES) -> list[int]:
        """Passages with the most equal signs, in no order."""
        if len(self._ids) <= count:
            return [int(number) for number in self._ids]
        query = to_bits(vector[None])[0]
        apart = np.zeros(len(self._ids), np.uint16)
        for words, word in zip(self._bits, query, strict=True):
            apart += np.bitwise_count(words ^ word)
        return [int(number) for number in self._ids[np.argpartition(apart, count)[:count]]]
