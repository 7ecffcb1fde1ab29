"""Short vectors inside the kernels: numbers that one instruction adds, compares or stores at once.

LLVM finds no vectors by itself in loops that jump about in memory, as these do. Here they are a
numba type with the usual operators: lanes of float32, of int32, or of truths. LLVM lowers them to
what the CPU has: for sixteen numbers one register of AVX-512, two of AVX2, four of SSE or NEON. The
arrays handed to ``load`` and ``store`` are contiguous; the index counts elements from their first
and is not checked.

What a kernel was compiled of is looked up by the file of the kernel alone: after a change in here,
touch the files that import it, or the old code goes on.
"""

from .lanes import (
    bits_of,
    join,
    lane,
    mask_of,
    pairs,
    part,
    real,
    repeat,
    root,
    splat,
    where,
    whole,
)
from .memory import copy_bytes, gather, load, load_bytes, store, store_bytes, store_low
from .vector import least, most

__all__ = [
    "bits_of",
    "copy_bytes",
    "gather",
    "join",
    "lane",
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
    "where",
    "whole",
]
