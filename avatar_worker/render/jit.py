"""The one way in which the kernels of this package are compiled.

In the inner loops indices are unsigned (``np.uintp``): numba tests signed ones for being negative.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from numba.core.dispatcher import Dispatcher

from . import simd

F = TypeVar("F", bound=Callable[..., Any])
Scalar = Any
"""A number inside a kernel: float32, int32 or a vector of ``simd``, as numba infers."""

_OPTIONS: Final[dict[str, Any]] = {"fastmath": True, "error_model": "numpy", "_nrt": False}
"""Without numba's runtime (``_nrt``) no array is counted or made: counting the arrays that helpers
take cost half of the time in the inner loops. Slices cannot be assigned to slices then."""


def kernel(function: F) -> F:
    """Compile on the first call (or load from the cache beside the module), without the GIL.

    Numba itself would load what it has compiled as long as the file of the outer function is the
    same; here the files of the helpers that it calls count, too.
    """
    compiled: Any = numba.njit(nogil=True, cache=True, **_OPTIONS)(function)
    compiled._cache._cache_file._source_stamp = _stamp(function)
    return cast(F, compiled)


def _stamp(function: Callable[..., Any]) -> str:
    """A digest of the files that ``function`` is compiled of."""
    files: set[Path] = set()
    _find_files(function, files)
    return " ".join(_digest(file) for file in sorted(files))


def _find_files(function: Callable[..., Any], files: set[Path]) -> None:
    file = Path(function.__code__.co_filename)
    files.add(file)
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, Dispatcher):
            _find_files(value.py_func, files)
        elif getattr(value, "__module__", "").startswith(simd.__name__):
            files.update(Path(simd.__file__).parent.glob("*.py"))


@cache
def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def helper(function: F) -> F:
    """Compile into the kernels that call it."""
    compiled = numba.njit(inline="always", **_OPTIONS)(function)
    return cast(F, compiled)
