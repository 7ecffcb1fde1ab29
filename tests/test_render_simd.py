"""Vectors inside kernels do on every CPU what they say."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from avatar_worker.render.simd import load, mask_of, memory, splat, store_where


@pytest.mark.parametrize("compresses", [False, True], ids=["lane by lane", "one instruction"])
def test_chosen_lanes_are_not_lost_or_out_of_order(
    compresses: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_COMPRESSES", compresses)

    @numba.njit
    def pick(numbers: Any, bits: Any, begin: Any, into: Any) -> None:
        chosen = mask_of(16, np.int32(bits))
        store_where(
            into, np.uintp(begin), load(16, numbers, np.uintp(0)) + splat(16, np.int32(0)), chosen
        )

    numbers = np.arange(100, 116, dtype=np.int32)
    for bits in (0, 1, 0x8000, 0xFFFF, 0x1234, 0xA5A5):
        into = np.zeros(32, np.int32)
        pick(numbers, bits, 3, into)
        chosen = numbers[[bool(bits >> lane & 1) for lane in range(16)]]
        assert np.array_equal(into[3 : 3 + len(chosen)], chosen)
        assert not into[:3].any() and not into[3 + 16 :].any()
