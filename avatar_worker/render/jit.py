"""The one way in which the kernels of this package are compiled.

In the inner loops indices are unsigned (``np.uintp``): numba tests signed ones for being negative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])
Scalar = Any
"""A number inside a kernel: float32, int32 or a vector of ``simd``, as numba infers."""

_OPTIONS: Final[dict[str, Any]] = {"fastmath": True, "error_model": "numpy", "_nrt": False}
"""Without numba's runtime (``_nrt``) no array is counted or made: counting the arrays that helpers
take cost half of the time in the inner loops. Slices cannot be assigned to slices then."""


def kernel(function: F) -> F:
    """Compile on the first call (or load from the cache beside the module), without the GIL.

    The cache looks only at the file of the outer function: a kernel and the helpers that it calls
    live in one module, else an edited helper would go unnoticed.
    """
    compiled = numba.njit(nogil=True, cache=True, **_OPTIONS)(function)
    return cast(F, compiled)


def helper(function: F) -> F:
    """Compile into the kernels of the same module."""
    compiled = numba.njit(inline="always", **_OPTIONS)(function)
    return cast(F, compiled)
