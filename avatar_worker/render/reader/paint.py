"""Materials of a file as the rasterizer wants them: a kind, a light, a texture and where on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar_worker.render.gltf import Glb
from avatar_worker.render.gltf.images import read_image
from avatar_worker.render.head import Floats
from avatar_worker.render.materials import ALPHA, DECAL, EYE, OPAQUE, TOON, Material, find_material

from .mapping import ALL, CLAMP, MIRROR, REPEAT, crop, cut, fit, tile, transform
from .pieces import Piece
from .roles import OWN, find_role

_WHITE: Final = [1.0] * 4
_MOST_TILES: Final = 16
_DRAWN: Final = re.compile(r"\bN\d\d_\d{3}")
"""What VRoid Studio calls its materials, also after they lost their shader."""
_DENSEST: Final = 2600.0
_COARSER: Final = 1600.0
"""Texels a metre, of the face and beside it; 1080 lines have 2900 pixels a metre."""
_FAINT: Final = 20
"""Of 255: alpha that covers no sample (``raster.py``)."""
_TOON_LIGHT: Final = 1.42
"""Light that falls on a ``TOON`` surface, whichever way it faces."""


@dataclass(frozen=True, eq=False)
class Paint:
    """The surface of one piece."""

    name: str
    role: str
    kind: int
    light: Material
    image: Image.Image
    key: tuple[Any, ...]
    """Pieces with the same key share their texture."""
    uv: Floats
    occlusion: Floats

    @property
    def invisible(self) -> bool:
        """Nothing of it is ever seen (wet layers over eyes, hidden collision shapes)."""
        if self.kind not in (ALPHA, DECAL):
            return False
        return int(np.asarray(self.image.getchannel("A")).max()) < _FAINT


class Painter:
    """Reads each image once."""

    def __init__(self, glb: Glb, toon_materials: frozenset[int]) -> None:
        self._glb, self._toon = glb, toon_materials
        self._whole: dict[int, Image.Image] = {}
        self._images: dict[tuple[Any, ...], Image.Image] = {}

    def paint(self, piece: Piece) -> Paint:
        """The paint of a piece of which only what is seen is left, in the picture's space."""
        glb = self._glb
        material = {} if piece.material is None else glb.item("materials", piece.material)
        name = str(material.get("name", ""))
        role = find_role(piece.name, name)
        toon = self._is_toon(piece.material, material, name)
        given, texture = _base(material)
        factor = _colour(given)
        mode = material.get("alphaMode", "OPAQUE")
        cutoff = float(material.get("alphaCutoff", 0.5)) if mode == "MASK" else None
        uv = np.zeros((len(piece.position), 2), np.float32)
        tint, occlusion = _vertex_light(piece, piece.name.lower() in OWN)
        key: tuple[Any, ...] = (None, *factor, *tint, mode, cutoff, toon)
        image: Image.Image | None = None
        if isinstance(texture, dict):
            uv, tiles, wrap = self._map(piece, texture)
            source = _source(glb, texture)
            box, uv = crop(uv) if tiles == (1, 1) else (ALL, uv)
            key = (source, *factor, *tint, mode, cutoff, toon, *tiles, *wrap, *box)
            if key not in self._images:
                whole = self._read(source)
                fine = _DENSEST if piece.target_names else _COARSER
                image = fit(cut(tile(whole, tiles, wrap), box), uv, piece, fine)
        if key not in self._images:
            image = image or Image.new("RGBA", (2, 2), (255, 255, 255, 255))
            # Factors are linear; the shading squares texels, so the root is what it expects.
            share = np.append(np.sqrt(np.array(factor[:3]) * tint), factor[3])
            self._images[key] = _finish(image, share, mode, cutoff, toon)
        kind = _kind(mode, role, bool(material.get("doubleSided")), bool((piece.eye >= 0).all()))
        if toon and kind == EYE:
            kind = OPAQUE
        light = TOON if toon else find_material(role)
        return Paint(piece.name, role, kind, light, self._images[key], key, uv, occlusion)

    def _read(self, source: int) -> Image.Image:
        if source not in self._whole:
            self._whole[source] = read_image(self._glb, source)
        return self._whole[source]

    def _is_toon(self, index: int | None, material: dict[str, Any], name: str) -> bool:
        extensions = material.get("extensions", {})
        return (
            index in self._toon
            or "KHR_materials_unlit" in extensions
            or "VRMC_materials_mtoon" in extensions
            or bool(_DRAWN.search(name))
        )

    def _map(
        self, piece: Piece, texture: dict[str, Any]
    ) -> tuple[Floats, tuple[int, int], tuple[int, int]]:
        """Texture coordinates in 0..1, how many tiles they span, and how these repeat."""
        glb = self._glb
        moved = texture.get("extensions", {}).get("KHR_texture_transform", {})
        index = moved.get("texCoord", texture.get("texCoord", 0))
        uv = piece.uvs.get(index)
        if uv is None:
            return np.zeros((len(piece.position), 2), np.float32), (1, 1), (CLAMP, CLAMP)
        if moved:
            uv = transform(uv, moved)
        sampler_index = glb.item("textures", texture.get("index")).get("sampler")
        sampler = {} if sampler_index is None else glb.item("samplers", sampler_index)
        wrap = (int(sampler.get("wrapS", REPEAT)), int(sampler.get("wrapT", REPEAT)))
        tiles = []
        out = uv.astype(np.float64)
        for axis in (0, 1):
            first = np.floor(out[:, axis].min() + 1e-3)
            count = int(min(max(np.ceil(out[:, axis].max() - 1e-3) - first, 1), _MOST_TILES))
            if wrap[axis] == CLAMP:
                count = 1
            else:
                # Mirrored tiles take turns: two at a time is where they are as before.
                first -= first % 2 if wrap[axis] == MIRROR else 0
                count += count % 2 if wrap[axis] == MIRROR and count > 1 else 0
                out[:, axis] = (out[:, axis] - first) / count
            tiles.append(count)
        return out.astype(np.float32), (tiles[0], tiles[1]), wrap


def _kind(mode: str, role: str, two_sided: bool, is_eye: bool) -> int:
    if mode == "BLEND":
        return ALPHA if role in ("hair", "suit") else DECAL
    if mode == "MASK" or (two_sided and role not in OWN):
        return ALPHA
    return EYE if is_eye else OPAQUE


def _base(material: dict[str, Any]) -> tuple[object, object]:
    """Colour and texture. A file that is white by itself may still have both as they were before
    glTF 2.0 said how: KHR_materials_pbrSpecularGlossiness."""
    surface = material.get("pbrMetallicRoughness", {})
    factor, texture = surface.get("baseColorFactor", _WHITE), surface.get("baseColorTexture")
    older = material.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness", {})
    if older and texture is None and factor == _WHITE:
        return older.get("diffuseFactor", _WHITE), older.get("diffuseTexture")
    return factor, texture


def _colour(value: object) -> tuple[float, float, float, float]:
    numbers = np.clip(np.asarray(value, np.float64), 0, 1)
    if numbers.shape != (4,) or not np.isfinite(numbers).all():
        raise ValueError(f"a material has the colour {value!r:.60}")
    red, green, blue, alpha = numbers.tolist()
    return red, green, blue, alpha


def _vertex_light(piece: Piece, own: bool) -> tuple[tuple[float, float, float], Floats]:
    """A tint for all of a piece, and how light (n,) its vertices are against it.

    In our own heads the first colour is baked occlusion and nothing else.
    """
    colour = piece.colour
    white = (1.0, 1.0, 1.0)
    if colour is None or float(colour[:, :3].max()) <= 0:
        return white, np.ones(len(piece.position), np.float32)
    if own:
        return white, np.ascontiguousarray(colour[:, 0])
    tint = np.clip(np.quantile(colour[:, :3], 0.75, axis=0), 0.02, 1)
    lightness = (colour[:, :3] / tint).mean(axis=1)
    red, green, blue = np.round(tint, 3).tolist()
    return (red, green, blue), np.clip(lightness, 0, 1).astype(np.float32)


def _source(glb: Glb, texture: dict[str, Any]) -> int:
    entry = glb.item("textures", texture.get("index"))
    extensions = entry.get("extensions", {})
    index = extensions.get("EXT_texture_webp", {}).get("source", entry.get("source"))
    if index is None and "KHR_texture_basisu" in extensions:
        raise glb.problem("its textures are KTX2 (KHR_texture_basisu): export PNG, JPEG or WebP")
    glb.item("images", index)
    assert isinstance(index, int)
    return index


def _finish(
    image: Image.Image, share: NDArray[np.float64], mode: str, cutoff: float | None, toon: bool
) -> Image.Image:
    """The texture with everything in it that is the same all over."""
    level = np.arange(256) / 255
    tables = []
    for channel in range(3):
        values = level * share[channel]
        if toon:
            # The inverse of the tone curve (shade.py) under the light that such a surface gets.
            values = np.sqrt(0.72 * values**2 / (_TOON_LIGHT * (1 - 0.35 * values**2)))
        tables.append(values)
    if mode == "OPAQUE":
        alpha = np.ones(256)
    elif cutoff is not None:
        # Sharp, and yet as smooth as the picture's own samples: what is in doubt is a tenth.
        alpha = np.clip((level * share[3] - cutoff) * 5 + 0.5, 0, 1)
    else:
        alpha = level * share[3]
    lookup = np.rint(np.clip(np.concatenate([*tables, alpha]), 0, 1) * 255).astype(np.uint8)
    if (lookup.reshape(4, 256) == np.arange(256)).all():
        return image
    return image.point(lookup.tolist())
