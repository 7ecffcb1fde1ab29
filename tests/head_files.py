"""Small whole head files in the dialects of several makers, written by code."""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visavis.protocol import ARKIT_NAMES

Floats = NDArray[np.float32]
Document = dict[str, Any]
VISEMES = ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U")
EYES = np.array([0.0, 1.6, 0.09])
"""Between the eyes of every head here, in metres, before scale and turn."""


def ball(centre: Iterable[float], radius: float, rings: int = 14) -> tuple[Floats, Floats, Any]:
    """Positions, normals and triangles of a sphere."""
    up, around = np.meshgrid(
        np.linspace(0, np.pi, rings), np.linspace(0, 2 * np.pi, 2 * rings), indexing="ij"
    )
    normal = np.stack(
        [np.sin(up) * np.sin(around), np.cos(up), np.sin(up) * np.cos(around)], axis=-1
    ).reshape(-1, 3)
    width = 2 * rings
    corner = (np.arange(rings - 1)[:, None] * width + np.arange(width - 1)).ravel()
    triangles = np.concatenate(
        [
            np.stack([corner, corner + width, corner + width + 1], axis=1),
            np.stack([corner, corner + width + 1, corner + 1], axis=1),
        ]
    )
    place = np.asarray(list(centre)) + radius * normal
    return place.astype(np.float32), normal.astype(np.float32), triangles


def bump(position: Floats, x: float, y: float, size: float = 0.025) -> Floats:
    """1 at a place of the face (metres from between the eyes), falling to nothing around it."""
    away = (position[:, :2] - EYES[:2] - [x, y]) / size
    front = position[:, 2] > EYES[2] - 0.05
    return np.asarray(np.exp(-(away**2).sum(axis=1)) * front, np.float32)


def move(position: Floats, name: str) -> Floats:
    """How a shape that is called so in ARKit or as a viseme moves a face: crudely, and truly."""
    right = -1.0 if name.endswith(("Right", "_R")) else 1.0
    sides = (1.0, -1.0) if not name.endswith(("Left", "Right", "_L", "_R")) else (right,)
    out = np.zeros_like(position)
    low = name.lower()
    if "blink" in low or ("close" in low and "eye" in low) or "squint" in low:
        for side in sides:
            out[:, 1] -= 0.012 * bump(position, 0.032 * side, 0.01)
    elif "look" in low or "brow" in low or "wide" in low or "surprised" in low:
        for side in sides:
            out[:, 1] += 0.008 * bump(position, 0.032 * side, 0.03)
    elif "smile" in low or "happy" in low or "fun" in low:
        for side in sides:
            out[:, 1] += 0.012 * bump(position, 0.03 * side, -0.065)
    elif low.endswith(("jawopen", "mouthopen", "viseme_aa", "mth_a")):
        out[:, 1] -= 0.03 * bump(position, 0, -0.085, 0.03)
    elif low.endswith("_sil"):
        pass
    else:
        offset = sum(map(ord, low)) % 7
        out[:, 2] += (0.003 + 0.001 * offset) * bump(position, 0, -0.07, 0.03)
    return out


@dataclass
class Part:
    """One mesh with one primitive."""

    name: str
    position: Floats
    normal: Floats
    triangles: Any
    bone: str
    names: tuple[str, ...] = ()
    material: Document = field(default_factory=dict)
    colour: Floats | None = None


@dataclass(frozen=True)
class Recipe:
    """A head in one maker's way."""

    names: tuple[str, ...] = ARKIT_NAMES
    bones: tuple[tuple[str, str], ...] = (
        ("Hips", ""), ("Neck", "Hips"), ("Head", "Neck"), ("LeftEye", "Head"),
        ("RightEye", "Head"),
    )  # fmt: skip
    """Name and parent; the places follow from the last word of the name."""
    part_names: tuple[str, str, str, str] = ("Wolf3D_Head", "EyeLeft", "EyeRight", "Wolf3D_Body")
    skin: bool = True
    placed: bool = False
    """Without a skin, each mesh's node stands in its middle, not at the scene's origin."""
    scale: float = 1.0
    turned: bool = False
    """It faces -z."""
    normals: bool = True
    uvs: bool = True
    index_type: int = 5123
    image: str | None = "PNG"
    rename: Callable[[str], str] = str
    """From what a shape does to what the file calls it."""
    change: Callable[[Document], None] = lambda document: None


PLACES = {
    "hips": (0, 1.0, 0), "neck": (0, 1.42, 0), "head": (0, 1.5, 0), "lefteye": (0.032, 1.6, 0.07),
    "righteye": (-0.032, 1.6, 0.07), "jaw": (0, 1.55, 0.02), "leftarm": (0.15, 1.4, 0),
    "leftforearm": (0.4, 1.4, 0), "rightarm": (-0.15, 1.4, 0), "rightforearm": (-0.4, 1.4, 0),
}  # fmt: skip
AVATURN = Recipe(
    bones=(("Hips", ""), ("Neck", "Hips"), ("Head", "Neck")),
    part_names=("Head_Mesh", "Eye_Mesh_Left", "Eye_Mesh_Right", "Body_Mesh"),
    names=tuple(name for name in ARKIT_NAMES if not name.startswith("eyeLook")),
)
READY_PLAYER_ME = Recipe(
    names=(*(f"viseme_{name}" for name in VISEMES), *ARKIT_NAMES),
    bones=(
        *Recipe.bones, ("LeftArm", "Hips"), ("LeftForeArm", "LeftArm"), ("RightArm", "Hips"),
        ("RightForeArm", "RightArm"),
    ),
)  # fmt: skip
VISEMES_ONLY = replace(
    READY_PLAYER_ME, names=(*(f"viseme_{name}" for name in VISEMES), "mouthSmile", "eyesClosed"),
)  # fmt: skip
CHARACTER_CREATOR = replace(
    READY_PLAYER_ME,
    names=ARKIT_NAMES,
    rename=lambda name: "A01_" + "".join(f"_{c}" if c.isupper() else c for c in name).title(),
)


def write_head(path: Path, recipe: Recipe) -> Path:
    """The file; about 1,500 vertices, 60 kB for each ten shapes."""
    path.write_bytes(build_head(recipe))
    return path


def build_head(recipe: Recipe, rings: int = 14) -> bytes:
    """The same as bytes; ``rings``: how fine its balls are."""
    face, left, right, body = recipe.part_names
    has_eyes = any("eye" in bone.lower() for bone, _ in recipe.bones)
    head = _bone(recipe, "head")
    eyes = (_bone(recipe, "lefteye"), _bone(recipe, "righteye")) if has_eyes else (head, head)
    parts = [
        Part(face, *ball((0, 1.59, 0), 0.1, rings), head, recipe.names),
        Part(left, *ball((0.032, 1.6, 0.07), 0.013, rings // 2 + 1), eyes[0]),
        Part(right, *ball((-0.032, 1.6, 0.07), 0.013, rings // 2 + 1), eyes[1]),
        Part(body, *ball((0, 1.2, 0), 0.2, rings), _bone(recipe, "hips")),
    ]  # fmt: skip
    if any(bone.lower() == "jaw" for bone, _ in recipe.bones):
        parts.append(Part("Chin", *ball((0, 1.5, 0.09), 0.02, rings // 2 + 1), "Jaw"))
    return _Writer(recipe).write(parts)


def _bone(recipe: Recipe, word: str) -> str:
    key = word.replace("left", "l").replace("right", "r")
    for name, _ in recipe.bones:
        plain = name.lower().replace("_", "").replace(".", "").replace("mixamorig:", "")
        plain = plain.removeprefix("jbipc").removeprefix("jadj")
        if plain in (word, key, key[1:] + key[0]):
            return name
    return recipe.bones[0][0] if recipe.bones else ""


class _Writer:
    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.binary = bytearray()
        self.document: Document = {
            "asset": {"version": "2.0", "generator": "tests"},
            "accessors": [], "bufferViews": [], "meshes": [], "nodes": [], "materials": [],
        }  # fmt: skip

    def view(self, data: bytes) -> int:
        self.binary += b"\0" * (-len(self.binary) % 4)
        self.document["bufferViews"].append(
            {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)}
        )
        self.binary += data
        return len(self.document["bufferViews"]) - 1

    def accessor(self, values: NDArray[Any], kind: str, component: int) -> int:
        dtype = {5121: "<u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}[component]
        view = self.view(values.astype(dtype).tobytes())
        self.document["accessors"].append(
            {"bufferView": view, "componentType": component, "count": len(values), "type": kind}
        )
        return len(self.document["accessors"]) - 1

    def write(self, parts: list[Part]) -> bytes:
        recipe, document = self.recipe, self.document
        size = np.array([-1, 1, -1] if recipe.turned else [1, 1, 1]) * recipe.scale
        numbers = {name: number for number, (name, _) in enumerate(recipe.bones)}
        places = {name: np.array(self._place(name)) * size for name in numbers}
        for name, parent in recipe.bones:
            above = places[parent] if parent else np.zeros(3)
            document["nodes"].append({"name": name, "translation": (places[name] - above).tolist()})
        for name, parent in recipe.bones:
            if parent:
                node = document["nodes"][numbers[parent]]
                node.setdefault("children", []).append(numbers[name])
        if recipe.skin:
            inverse = np.tile(np.eye(4), (len(numbers), 1, 1))
            for name, number in numbers.items():
                inverse[number, 3, :3] = -places[name]
            matrices = self.accessor(inverse.reshape(-1, 16), "MAT4", 5126)
            document["skins"] = [
                {"joints": list(numbers.values()), "inverseBindMatrices": matrices}
            ]
        if recipe.image:
            buffer = io.BytesIO()
            Image.new("RGB", (64, 64), (200, 150, 120)).save(buffer, recipe.image)
            document["images"] = [{"bufferView": self.view(buffer.getvalue())}]
            document["textures"] = [{"source": 0}]
            if recipe.image == "WEBP":
                document["textures"] = [{"extensions": {"EXT_texture_webp": {"source": 0}}}]
                document["extensionsRequired"] = ["EXT_texture_webp"]
        for part in parts:
            self._part(part, size, numbers)
        recipe.change(document)
        return pack(document, bytes(self.binary))

    def _place(self, bone: str) -> tuple[float, float, float]:
        for word in sorted(PLACES, key=len, reverse=True):
            if _bone(self.recipe, word) == bone and word != "hips":
                return PLACES[word]
        return PLACES["hips"]

    def _part(self, part: Part, size: NDArray[np.float64], numbers: dict[str, int]) -> None:
        recipe, document = self.recipe, self.document
        count = len(part.position)
        middle = part.position.mean(axis=0) if recipe.placed else np.zeros(3)
        position = ((part.position - middle) * size).astype(np.float32)
        attributes = {"POSITION": self.accessor(position, "VEC3", 5126)}
        document["accessors"][-1] |= {
            "min": position.min(axis=0).tolist(), "max": position.max(axis=0).tolist()
        }  # fmt: skip
        if recipe.normals:
            attributes["NORMAL"] = self.accessor(part.normal * np.sign(size), "VEC3", 5126)
        if recipe.uvs:
            uv = part.normal[:, :2] / 2.1 + 0.5
            attributes["TEXCOORD_0"] = self.accessor(uv, "VEC2", 5126)
        node: Document = {"name": part.name, "mesh": len(document["meshes"])}
        node["translation"] = (middle * size).tolist()
        if recipe.skin:
            joints = np.zeros((count, 4))
            joints[:, 0] = numbers[part.bone]
            attributes["JOINTS_0"] = self.accessor(joints, "VEC4", 5121)
            weights = np.tile([1.0, 0, 0, 0], (count, 1))
            attributes["WEIGHTS_0"] = self.accessor(weights, "VEC4", 5126)
            node["skin"] = 0
        primitive: Document = {
            "attributes": attributes,
            "indices": self.accessor(part.triangles.reshape(-1, 1), "SCALAR", recipe.index_type),
            "material": len(document["materials"]),
        }
        surface: Document = {"baseColorFactor": [0.6, 0.3, 0.15, 1.0]}
        if recipe.image and recipe.uvs:
            surface = {"baseColorTexture": {"index": 0}}
        document["materials"].append(
            {"name": part.name, "pbrMetallicRoughness": surface} | part.material
        )
        mesh: Document = {"name": part.name, "primitives": [primitive]}
        if part.names:
            primitive["targets"] = [
                {"POSITION": self.accessor(move(part.position, name) * size, "VEC3", 5126)}
                for name in part.names
            ]
            mesh["extras"] = {"targetNames": [recipe.rename(name) for name in part.names]}
        document["meshes"].append(mesh)
        document["nodes"].append(node)


def pack(document: Document, binary: bytes) -> bytes:
    """A ``.glb``."""
    buffers = document.get("buffers")
    others = buffers[1:] if isinstance(buffers, list) else []
    document["buffers"] = [{"byteLength": len(binary)}, *others]
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    length = 12 + 8 + len(text) + 8 + len(binary)
    return (
        struct.pack("<4sIIII", b"glTF", 2, length, len(text), 0x4E4F534A)
        + text
        + struct.pack("<II", len(binary), 0x004E4942)
        + binary
    )


def unpack(data: bytes) -> tuple[Document, bytes]:
    """Document and binary chunk of a ``.glb``."""
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def data_uri(data: bytes) -> str:
    """``data:`` URI of an octet stream."""
    return "data:application/octet-stream;base64," + base64.b64encode(data).decode()
