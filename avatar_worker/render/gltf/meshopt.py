"""Unpacks buffer views that meshoptimizer packed: attributes, triangles and index sequences.

Specification: EXT_meshopt_compression, appendices A (bitstream) and B (filters), Khronos glTF
repository. The kernels test every read: what they are given may be anything.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.jit import Scalar, kernel

Bytes = NDArray[np.uint8]

_ATTRIBUTES: Final = 0xA0
_TRIANGLES: Final = 0xE0
_INDICES: Final = 0xD0
_GROUP: Final = 16
_TAIL: Final = 32
"""The first element lies at the end, in at least so many bytes."""


class MeshoptError(ValueError):
    """Not what the specification describes; the text goes on after the name of the view."""


def decode_view(data: memoryview, count: int, stride: int, mode: object, filter_: object) -> bytes:
    """``count`` elements of ``stride`` bytes; raises :class:`MeshoptError`."""
    packed = np.frombuffer(data, np.uint8)
    if not count:
        return b""
    if mode == "ATTRIBUTES":
        return _filter(_decode_attributes(packed, count, stride), filter_, stride)
    if (
        mode not in ("TRIANGLES", "INDICES")
        or stride not in (2, 4)
        or filter_ not in (None, "NONE")
    ):
        raise MeshoptError(f"is packed in an unknown way ({mode!r:.40}, stride {stride})")
    indices = np.zeros(count, np.uint32)
    if mode == "TRIANGLES":
        if count % 3 or not len(packed) or packed[0] & 0xF0 != _TRIANGLES or packed[0] & 15 > 1:
            raise MeshoptError("does not begin as packed triangles do")
        whole = _triangles(packed, indices)
    else:
        if not len(packed) or packed[0] & 0xF0 != _INDICES or packed[0] & 15 > 1:
            raise MeshoptError("does not begin as packed indices do")
        whole = _sequence(packed, indices)
    if not whole:
        raise MeshoptError("ends before all its indices are unpacked")
    return (indices.astype("<u2") if stride == 2 else indices.astype("<u4")).tobytes()


def _decode_attributes(packed: Bytes, count: int, stride: int) -> Bytes:
    if not 0 < stride <= 256 or stride % 4:
        raise MeshoptError(f"has a stride of {stride} bytes")
    if not len(packed) or packed[0] != _ATTRIBUTES:
        raise MeshoptError("does not begin as packed attributes of version 0 do")
    out = np.zeros((count, stride), np.uint8)
    if len(packed) < 1 + max(stride, _TAIL) or not _attributes(packed, out):
        raise MeshoptError("ends before all its elements are unpacked")
    return out


def _filter(values: Bytes, name: object, stride: int) -> bytes:
    if name in (None, "NONE"):
        return values.tobytes()
    if name == "OCTAHEDRAL" and stride in (4, 8):
        return _octahedral(values.view("<i1" if stride == 4 else "<i2")).tobytes()
    if name == "EXPONENTIAL":
        words = values.view("<i4")
        # A mantissa of 24 bits and, above it, an exponent of 8; both signed.
        with np.errstate(over="ignore"):
            numbers = np.ldexp(((words << 8) >> 8).astype(np.float32), words >> 24)
        return bytes(numbers.astype("<f4").tobytes())
    raise MeshoptError(f"was filtered in an unknown way ({name!r:.40})")


def _octahedral(values: NDArray[np.signedinteger]) -> NDArray[np.signedinteger]:
    """Unit vectors out of two numbers, with the number that means 1 as the third."""
    x, y, one = (values[:, axis].astype(np.float32) for axis in range(3))
    z = one - np.abs(x) - np.abs(y)
    fold = np.minimum(z, 0)
    x = x + np.where(x >= 0, fold, -fold)
    y = y + np.where(y >= 0, fold, -fold)
    length = np.maximum(np.sqrt(x * x + y * y + z * z), np.float32(1e-6))
    most = np.float32(np.iinfo(values.dtype).max)
    out = values.copy()
    for axis, number in enumerate((x, y, z)):
        out[:, axis] = np.rint(number / length * most)
    return out


@kernel
def _attributes(data: Bytes, out: Bytes) -> bool:
    count, stride = out.shape
    end = len(data) - max(stride, 32)
    block = min(8192 // stride // 16 * 16, 256)
    last = np.zeros(256, np.uint8)
    for k in range(stride):
        last[k] = data[len(data) - stride + k]
    at = 1
    first = 0
    while first < count:
        size = min(block, count - first)
        groups = (size + 15) // 16
        for k in range(stride):
            header = at
            at += (groups + 3) // 4
            if at > end:
                return False
            value = last[k]
            for group in range(groups):
                bits = (data[header + group // 4] >> (group % 4 * 2)) & 3
                extra = at
                if bits == 1:
                    extra = at + 4
                elif bits == 2:
                    extra = at + 8
                elif bits == 3:
                    extra = at + 16
                if extra > end:
                    return False
                for i in range(16):
                    coded = np.uint8(0)
                    if bits == 1:
                        coded = np.uint8((data[at + i // 4] >> (6 - i % 4 * 2)) & 3)
                        if coded == 3:
                            if extra >= end:
                                return False
                            coded = data[extra]
                            extra += 1
                    elif bits == 2:
                        coded = np.uint8((data[at + i // 2] >> (4 - i % 2 * 4)) & 15)
                        if coded == 15:
                            if extra >= end:
                                return False
                            coded = data[extra]
                            extra += 1
                    elif bits == 3:
                        coded = data[at + i]
                    element = group * 16 + i
                    if element < size:
                        half = np.uint8(coded >> 1)
                        delta = np.uint8(~half) if coded & 1 else half
                        value = np.uint8(value + delta)
                        out[first + element, k] = value
                at = extra
            last[k] = value
        first += size
    return True


@kernel
def _sequence(data: Bytes, out: NDArray[np.uint32]) -> bool:
    end = len(data) - 4
    last = np.zeros(2, np.int64)
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
def _triangles(data: Bytes, out: NDArray[np.uint32]) -> bool:
    """Each triangle is a byte of code: an edge seen before and a vertex, or three vertices."""
    count = len(out) // 3
    end = len(data) - 16
    if 1 + count > end:
        return False
    inline = 13 if data[0] & 15 else 15
    edges = np.zeros((16, 2), np.int64)
    recent = np.zeros(16, np.int64)
    edge_at, recent_at = 0, np.int64(0)
    following, last = np.int64(0), np.int64(0)
    at = 1 + count
    corner = np.zeros(3, np.int64)
    coded = np.zeros(3, np.int64)
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
