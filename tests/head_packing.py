"""Packs head files as meshoptimizer would, without any of its cleverness."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .head_files import pack, unpack

_LITERAL = 0xFF
"""A header of four groups whose bytes all stand as they are."""


def encode_attributes(values: NDArray[np.uint8]) -> bytes:
    """Elements (n, stride) in the attribute codec, version 0."""
    count, stride = values.shape
    first = values[0]
    block = min(8192 // stride // 16 * 16, 256)
    out, last = bytearray(b"\xa0"), first.astype(np.int64)
    for start in range(0, count, block):
        rows = values[start : start + block].astype(np.int64)
        groups = -(-len(rows) // 16)
        for column in range(stride):
            delta = np.diff(rows[:, column], prepend=last[column])
            delta = (delta + 128) % 256 - 128
            coded = np.zeros(groups * 16, np.int64)
            coded[: len(rows)] = np.where(delta < 0, -2 * delta - 1, 2 * delta)
            out += bytes([_LITERAL]) * (-(-groups // 4)) + coded.astype(np.uint8).tobytes()
        last = rows[-1]
    return bytes(out) + bytes(max(32 - stride, 0)) + bytes(first.tobytes())


def encode_triangles(indices: NDArray[Any]) -> bytes:
    """A triangle list in the triangle codec, each corner by its distance from the last."""
    codes, data, last = bytearray(), bytearray(), 0
    for corners in indices.reshape(-1, 3).tolist():
        codes.append(0xFF)
        data.append(0xFF)
        for index in corners:
            step = index - last
            word, last = (-2 * step - 1 if step < 0 else 2 * step), index
            while word > 127:
                data.append(128 | word & 127)
                word >>= 7
            data.append(word)
    return bytes([0xE1]) + bytes(codes) + bytes(data) + bytes(16)


def pack_views(glb: bytes) -> bytes:
    """The same head with all its arrays packed (EXT_meshopt_compression)."""
    document, binary = unpack(glb)
    out = bytearray()
    users = {a["bufferView"]: a for a in document["accessors"] if "bufferView" in a}
    indices = {p["indices"] for mesh in document["meshes"] for p in mesh["primitives"]}
    for number, view in enumerate(document["bufferViews"]):
        start = view["byteOffset"]
        data = binary[start : start + view["byteLength"]]
        out += bytes(-len(out) % 4)
        view["byteOffset"] = len(out)
        if number not in users:
            out += data
            continue
        accessor = users[number]
        count = accessor["count"]
        stride = len(data) // count
        if document["accessors"].index(accessor) in indices:
            kind = np.dtype("<u2" if stride == 2 else "<u4")
            packed, mode = encode_triangles(np.frombuffer(data, kind)), "TRIANGLES"
        else:
            padded = stride + -stride % 4
            values = np.zeros((count, padded), np.uint8)
            values[:, :stride] = np.frombuffer(data, np.uint8).reshape(count, stride)
            packed, mode, stride = encode_attributes(values), "ATTRIBUTES", padded
        view["extensions"] = {
            "EXT_meshopt_compression": {
                "buffer": 0, "byteOffset": len(out), "byteLength": len(packed),
                "byteStride": stride, "count": count, "mode": mode,
            }
        }  # fmt: skip
        view |= {"buffer": 1, "byteOffset": 0, "byteLength": count * stride}
        document["bufferViews"][number] = view
        out += packed
    fallback = {"byteLength": 1, "extensions": {"EXT_meshopt_compression": {"fallback": True}}}
    document["buffers"] = [{}, fallback]
    document["extensionsRequired"] = ["EXT_meshopt_compression"]
    return pack(document, bytes(out))
