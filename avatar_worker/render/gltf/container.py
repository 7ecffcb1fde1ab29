"""From a file to a parsed document and its buffers (glTF 2.0 §3.6.1 and §4.4)."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from pathlib import Path
from typing import Any, Final

from avatar_worker.heads import HeadError
from avatar_worker.render.limits import MAX_ENTRIES, MAX_FILE_BYTES, MAX_JSON_BYTES

from .glb import MESHOPT, Glb

_MAGIC: Final = b"glTF"
_CHUNK_JSON: Final = 0x4E4F534A
_CHUNK_BINARY: Final = 0x004E4942
_LISTS: Final = (
    "accessors", "buffers", "bufferViews", "images", "materials", "meshes", "nodes", "samplers",
    "scenes", "skins", "textures",
)  # fmt: skip
_UNDERSTOOD: Final = frozenset(
    (
        *MESHOPT,
        "EXT_texture_webp",
        "KHR_draco_mesh_compression",
        "KHR_mesh_quantization",
        "KHR_texture_transform",
        "VRM",
    )
)
_HARMLESS: Final = ("KHR_materials_", "KHR_lights_", "KHR_animation_", "VRMC_")
"""Beginnings of extensions without which a head looks a little different, and is whole."""


class Refusal(Exception):
    """Why a file is no glTF document; becomes a :class:`HeadError` that names the file."""


def read_glb(path: Path) -> Glb:
    """Parse a ``.glb`` or ``.vrm``, or a ``.gltf`` that holds all its data.

    Raises :class:`HeadError` for anything but a whole glTF 2.0 file within ``limits.py``.
    """
    try:
        document, binary = _parse(_read_bytes(path))
        _check(document)
        return Glb(path, document, _buffers(document, binary))
    except Refusal as why:
        raise HeadError(f"{path} cannot be used as a head: {why}") from None


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise Refusal("it is not a file")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Refusal(f"it is larger than {MAX_FILE_BYTES // 1024**2} MiB")
        return path.read_bytes()
    except OSError as error:
        raise Refusal(f"it cannot be read ({error.strerror})") from None


def _parse(data: bytes) -> tuple[dict[str, Any], bytes | None]:
    if data[:64].lstrip()[:1] == b"{":
        return _load_json(data), None
    if len(data) < 20 or data[:4] != _MAGIC:
        raise Refusal("it is not a glTF binary (.glb)")
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise Refusal(f"it is glTF version {version}; version 2 is needed")
    if length > len(data):
        raise Refusal(f"it is truncated ({len(data)} of {length} bytes)")
    chunks: dict[int, bytes] = {}
    position = 12
    while position + 8 <= length and len(chunks) < 2:
        size, kind = struct.unpack_from("<II", data, position)
        if position + 8 + size > length:
            raise Refusal("a chunk reaches beyond the end of the file")
        if kind in (_CHUNK_JSON, _CHUNK_BINARY):
            chunks.setdefault(kind, data[position + 8 : position + 8 + size])
        position += 8 + size
    return _load_json(chunks.get(_CHUNK_JSON, b"")), chunks.get(_CHUNK_BINARY)


def _load_json(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_JSON_BYTES:
        raise Refusal(f"its JSON is larger than {MAX_JSON_BYTES // 1024**2} MiB")
    try:
        document = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refusal("its JSON chunk cannot be parsed") from None
    if not isinstance(document, dict):
        raise Refusal("its JSON chunk is not an object")
    return document


def _refuse_constant(text: str) -> float:
    raise ValueError(text)


def _check(document: dict[str, Any]) -> None:
    for kind in _LISTS:
        entries = document.get(kind, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise Refusal(f"its {kind!r} are not a list of objects")
        if len(entries) > MAX_ENTRIES:
            raise Refusal(f"it has {len(entries)} {kind}; {MAX_ENTRIES} are the most")
    required = document.get("extensionsRequired", [])
    if not isinstance(required, list):
        raise Refusal("its 'extensionsRequired' are not a list")
    for name in map(str, required):
        if name == "KHR_texture_basisu":
            raise Refusal("its textures are KTX2 (KHR_texture_basisu): export PNG, JPEG or WebP")
        if name not in _UNDERSTOOD and not name.startswith(_HARMLESS):
            raise Refusal(f"it needs an extension that is not supported: {name[:80]}")


def _buffers(document: dict[str, Any], binary: bytes | None) -> tuple[bytes | None, ...]:
    """The bytes of each buffer; None for one that only a compressed view would fill."""
    found: list[bytes | None] = []
    for number, buffer in enumerate(document.get("buffers", [])):
        uri = buffer.get("uri")
        if uri is not None:
            found.append(read_data_uri(uri, f"buffers[{number}]"))
        else:
            found.append(binary if number == 0 else None)
    return tuple(found)


def read_data_uri(uri: object, what: str) -> bytes:
    """The bytes in a ``data:`` URI; raises :class:`Refusal` for one that leads elsewhere."""
    if not isinstance(uri, str) or not uri.startswith("data:"):
        raise Refusal(f"its {what} lie in another file: export it as one .glb")
    head, comma, text = uri.partition(",")
    if not comma or not head.endswith(";base64"):
        raise Refusal(f"the data URI of its {what} is not base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(f"the data URI of its {what} is broken") from None
