"""Short vectors inside the kernels: numbers that one instruction adds, compares or stores at once.

LLVM finds no vectors by itself in loops that jump about in memory, as these do. Here they are a
numba type with the usual operators: lanes of float32, of int32, or of truths. LLVM lowers them to
what the CPU has: for sixteen numbers one register of AVX-512, two of AVX2, four of SSE or NEON. The
arrays handed to ``load`` and ``store`` are contiguous; the index counts elements from their first
and is not checked.
"""

from .lanes import (
    bits_of,
    count_of,
    firsts,
    join,
    last_of_four,
    mask_of,
    pairs,
    part,
    real,
    repeat,
    root,
    splat,
    swap,
    where,
    whole,
)
from .memory import gather, load, load_bytes, store, store_bytes, store_low, store_where
from .vector import least, most

__all__ = [
    "bits_of",
    "count_of",
    "firsts",
    "gather",
    "join",
    "last_of_four",
    "least",
    "load",
    "load_bytes",
    "mask_of",
    "most",
    "pairs",
    "part",
    "real",
    "repeat",
    "root",
    "splat",
    "store",
    "store_bytes",
    "store_low",
    "store_where",
    "swap",
    "where",
    "whole",
]
