"""Unpacks buffer views that meshoptimizer packed: attributes, triangles and index sequences.

Specification: EXT_meshopt_compression, appendices A (bitstream) and B (filters), Khronos glTF
repository. The kernels test every read: what they are given may be anything.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar_worker.render.jit import kernel

from .meshopt_indices import unpack_sequence, unpack_triangles

Bytes = NDArray[np.uint8]

_ATTRIBUTES: Final = 0xA0
_TRIANGLES: Final = 0xE0
_INDICES: Final = 0xD0
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
        whole = unpack_triangles(packed, indices)
    else:
        if not len(packed) or packed[0] & 0xF0 != _INDICES or packed[0] & 15 > 1:
            raise MeshoptError("does not begin as packed indices do")
        whole = unpack_sequence(packed, indices)
    if not whole:
        raise MeshoptError("ends before all its indices are unpacked")
    return (indices.astype("<u2") if stride == 2 else indices.astype("<u4")).tobytes()


def _decode_attributes(packed: Bytes, count: int, stride: int) -> Bytes:
    if not 0 < stride <= 256 or stride % 4:
        raise MeshoptError(f"has a stride of {stride} bytes")
    if not len(packed) or packed[0] != _ATTRIBUTES:
        raise MeshoptError("does not begin as packed attributes of version 0 do")
    out = np.zeros((count, stride), np.uint8)
    if len(packed) < 1 + max(stride, _TAIL) or not _attributes(
        packed, out, np.zeros(stride, np.uint8)
    ):
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
def _attributes(data: Bytes, out: Bytes, last: Bytes) -> bool:
    """Fill ``out`` (n, stride); False where the data end before. ``last`` (stride,) is scratch."""
    count, stride = out.shape
    end = len(data) - max(stride, 32)
    block = min(8192 // stride // 16 * 16, 256)
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
