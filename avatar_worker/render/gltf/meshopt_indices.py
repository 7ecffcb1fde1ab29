"""Kernels that unpack meshoptimizer's triangles and index sequences; see ``meshopt.py``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.jit import Scalar, kernel

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint32]
Numbers = NDArray[np.int64]


def unpack_sequence(data: Bytes, out: Words) -> bool:
    """Fill ``out`` with indices that go on from one of two; False where the data end before."""
    return _sequence(data, out, np.zeros(2, np.int64))


def unpack_triangles(data: Bytes, out: Words) -> bool:
    """Fill ``out`` with triangles, three indices each; False where the data end before."""
    edges, recent = np.zeros((16, 2), np.int64), np.zeros(16, np.int64)
    return _triangles(data, out, edges, recent, np.zeros(3, np.int64), np.zeros(3, np.int64))


@kernel
def _sequence(data: Bytes, out: Words, last: Numbers) -> bool:
    end = len(data) - 4
    at = 1
    for number in range(len(out)):
        word = np.int64(0)
        shift = 0
        while True:
            if at >= end or shift > 28:
                return False
            byte = np.int64(data[at])
            at += 1
            word |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        which = word & 1
        word >>= 1
        step = -((word + 1) >> 1) if word & 1 else word >> 1
        last[which] = (last[which] + step) & 0xFFFFFFFF
        out[number] = last[which]
    return True


@kernel
def _triangles(
    data: Bytes,
    out: Words,
    edges: Numbers,
    recent: Numbers,
    corner: Numbers,
    coded: Numbers,
) -> bool:
    """Each triangle is a byte of code: an edge seen before and a vertex, or three vertices."""
    count = len(out) // 3
    end = len(data) - 16
    if 1 + count > end:
        return False
    inline = 13 if data[0] & 15 else 15
    edge_at, recent_at = 0, np.int64(0)
    following, last = np.int64(0), np.int64(0)
    at = 1 + count
    for triangle in range(count):
        code = np.int64(data[1 + triangle])
        if code < 0xF0:
            which = (edge_at - 1 - (code >> 4)) & 15
            corner[0], corner[1] = edges[which, 0], edges[which, 1]
            low = code & 15
            keep = 1
            if low == 0:
                corner[2] = following
                following += 1
            elif low < inline:
                corner[2] = recent[(recent_at - 1 - low) & 15]
                keep = 0
            else:
                if low == 15:
                    word, at = _varint(data, at, end)
                    if at < 0:
                        return False
                    last += word
                else:
                    last += 1 if low == 14 else -1
                corner[2] = last
            recent[recent_at] = corner[2]
            recent_at = (recent_at + keep) & 15
            edges[edge_at, 0], edges[edge_at, 1] = corner[2], corner[1]
            edge_at = (edge_at + 1) & 15
            edges[edge_at, 0], edges[edge_at, 1] = corner[0], corner[2]
            edge_at = (edge_at + 1) & 15
        else:
            if code < 0xFE:
                pair = np.int64(data[end + (code & 15)])
                coded[0] = 0
            else:
                if at >= end:
                    return False
                pair = np.int64(data[at])
                at += 1
                coded[0] = 0 if code == 0xFE else 15
                if pair == 0:
                    following = np.int64(0)
            coded[1], coded[2] = pair >> 4, pair & 15
            for k in range(3):
                if coded[k] == 0:
                    corner[k] = following
                    following += 1
                elif coded[k] < 15:
                    corner[k] = recent[(recent_at - coded[k]) & 15]
            for k in range(3):
                if coded[k] == 15:
                    word, at = _varint(data, at, end)
                    if at < 0:
                        return False
                    last += word
                    corner[k] = last
            for k in range(3):
                recent[recent_at] = corner[k]
                if k == 0 or coded[k] == 0 or coded[k] == 15:
                    recent_at = (recent_at + 1) & 15
            for k in range(3):
                edges[edge_at, 0], edges[edge_at, 1] = corner[(k + 1) % 3], corner[k]
                edge_at = (edge_at + 1) & 15
        for k in range(3):
            out[triangle * 3 + k] = np.uint32(corner[k] & 0xFFFFFFFF)
    return True


@kernel
def _varint(data: Bytes, at: int, end: int) -> tuple[Scalar, int]:
    """A signed number and where the next byte is; -1 where it runs over the end."""
    word = np.int64(0)
    for number in range(5):
        if at >= end:
            return np.int64(0), -1
        byte = np.int64(data[at])
        at += 1
        word |= (byte & 127) << (7 * number)
        if byte < 128:
            return (-((word + 1) >> 1) if word & 1 else word >> 1), at
    return np.int64(0), -1
