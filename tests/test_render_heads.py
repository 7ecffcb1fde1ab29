"""Reading heads: the three that come with Visavis, and files that must be refused."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from avatar_worker.heads import HEADS, HeadError, find_head
from avatar_worker.render import load_head
from avatar_worker.render.gltf import read_glb
from avatar_worker.render.materials import ALPHA
from avatar_worker.render.reader import read_head
from avatar_worker.render.textures import shrink

Document = dict[str, Any]


def rewrite(source: Path, target: Path, change: Callable[[Document], None]) -> Path:
    """A copy of a head with its JSON changed."""
    data = source.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    document = json.loads(data[20 : 20 + length])
    change(document)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + length :]
    header = struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A)
    target.write_bytes(header + text + rest)
    return target


@pytest.mark.parametrize("name", HEADS)
def test_head_loads_whole(name: str) -> None:
    head = read_head(find_head(name))
    assert head.name == name
    assert set(head.part_names) == {"skin", "eyes", "teeth", "tongue", "suit", "lashes", "hair"}
    assert 0 < head.still_triangles < len(head.triangles) > 13_500
    assert len(head.morph_start) == 53
    assert np.isfinite(head.base).all()
    assert np.allclose(np.linalg.norm(head.base[:, 3:], axis=1), 1, atol=1e-3)
    assert head.head_share.min() == 0 and head.head_share.max() == 1
    # The eyes sit left and right of the middle, above the joint of the neck.
    assert head.eye_centres[0, 0] > 0 > head.eye_centres[1, 0]
    assert (head.eye_centres[:, 1] > head.neck[1]).all()
    for vertices, centre in zip(head.eye_vertices, head.eye_centres, strict=True):
        distance = np.linalg.norm(head.base[vertices, :3] - centre, axis=1)
        assert len(vertices) > 100 and distance.max() < 0.02


def test_tall_hair_does_not_make_a_face_small() -> None:
    heads = [read_head(find_head(name)) for name in HEADS]
    apart = [float(np.linalg.norm(head.eye_centres[0] - head.eye_centres[1])) for head in heads]
    assert max(apart) < 1.05 * min(apart)


def test_renderer_cannot_write_into_a_shared_head() -> None:
    head = read_head(find_head("amy"))
    with pytest.raises(ValueError, match="read-only"):
        head.base[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        head.eye_vertices[0][0] = 1


def test_sparse_morph_targets_are_read_where_they_belong() -> None:
    glb = read_glb(find_head("amy"))
    mesh = glb.items("meshes")[0]
    target = mesh["extras"]["targetNames"].index("jawOpen")
    index = mesh["primitives"][0]["targets"][target]["POSITION"]
    values = glb.array(index)
    accessor = glb.item("accessors", index)
    assert values.min(axis=0) == pytest.approx(accessor["min"])
    assert values.max(axis=0) == pytest.approx(accessor["max"])
    assert np.count_nonzero(np.abs(values).max(axis=1)) == accessor["sparse"]["count"]


def test_unknown_head_names_the_known_ones() -> None:
    with pytest.raises(FileNotFoundError, match=r"no head 'zoe'.*amy, ben, maya"):
        load_head("zoe")


def _truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: b"", "not a glTF binary"),
        (lambda data: b"PK\3\4" + data[4:], "not a glTF binary"),
        (lambda data: data[:4] + struct.pack("<I", 1) + data[8:], "glTF version 1"),
        (_truncated, "truncated"),
        (lambda data: data[:12] + struct.pack("<I", 1 << 31) + data[16:], "beyond the end"),
        (lambda data: data[:20] + b"?" + data[21:], "JSON chunk cannot be parsed"),
    ],
)
def test_broken_container_is_refused(
    tmp_path: Path, spoil: Callable[[bytes], bytes], message: str
) -> None:
    path = tmp_path / "broken.glb"
    path.write_bytes(spoil(find_head("amy").read_bytes()))
    with pytest.raises(HeadError, match=message):
        load_head(path)


def _rename_target(document: Document) -> None:
    for mesh in document["meshes"]:
        names = mesh.get("extras", {}).get("targetNames", [])
        mesh.setdefault("extras", {})["targetNames"] = [n.replace("jawOpen", "jaw") for n in names]


def _point_beyond(document: Document) -> None:
    first = document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
    document["accessors"][first]["count"] = 10_000_000


def _break_image(document: Document) -> None:
    document["bufferViews"][document["images"][0]["bufferView"]]["byteLength"] = 100


def _bad_sparse(document: Document) -> None:
    for accessor in document["accessors"]:
        if "sparse" in accessor:
            accessor["count"] = 3


def _bad_index(document: Document) -> None:
    document["meshes"][0]["primitives"][0]["indices"] = 99_999


def _bad_type(document: Document) -> None:
    document["meshes"][0]["primitives"][0]["attributes"] = 7


def _bad_targets(document: Document) -> None:
    for mesh in document["meshes"]:
        mesh["extras"] = "names"


def _fewer_vertices(document: Document) -> None:
    for key in document["meshes"][0]["primitives"][0]["attributes"].values():
        document["accessors"][key]["count"] = 100


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_rename_target, r"nothing in it opens the mouth"),
        (_point_beyond, "more than 400000 vertices"),
        (_break_image, "not a whole JPEG, PNG or WebP"),
        (_bad_sparse, "sparse accessor's indices"),
        (_bad_index, r"accessors\[99999\]"),
        (_bad_type, "no attributes"),
        (_bad_targets, "nothing in it opens the mouth"),
        (_fewer_vertices, "vertices that are not there"),
        (lambda document: document.update(nodes=[7]), "not a list of objects"),
        (
            lambda document: document.update(extensionsRequired=["X"]),
            "extension that is not supported",
        ),
    ],
)
def test_broken_document_is_refused(
    tmp_path: Path, change: Callable[[Document], None], message: str
) -> None:
    path = rewrite(find_head("amy"), tmp_path / "broken.glb", change)
    with pytest.raises(HeadError, match=message) as caught:
        load_head(path)
    assert str(path) in str(caught.value)


def test_a_smaller_texture_has_no_colours_that_were_not_there() -> None:
    """Of hair that is nearly see-through, rounding once made black, red and white texels."""
    rng = np.random.default_rng(1)
    pixels = np.full((64, 64, 4), (90, 58, 38, 0), np.uint8)
    pixels[..., 3] = rng.integers(0, 4, (64, 64))
    pixels[:, 32:, 3] = 255
    small = np.asarray(shrink(Image.fromarray(pixels, "RGBA"), (20, 20)), int)
    assert small.shape == (20, 20, 4)
    assert np.abs(small[..., :3] - (90, 58, 38)).max() <= 1
    assert small[:, :9, 3].max() <= 3 and small[:, 11:, 3].min() == 255


def test_what_is_see_through_does_not_colour_what_is_not() -> None:
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[::2] = (90, 58, 38, 255)
    small = np.asarray(shrink(Image.fromarray(pixels, "RGBA"), (20, 20)), int)
    assert np.abs(small - (90, 58, 38, 128)).max() <= 1


def test_hairs_alpha_is_not_looked_up_beside_its_texel() -> None:
    """Four neighbours in one number, at every level, for the textures that need it alone."""
    head = read_head(find_head("ben"))
    for part, kind in enumerate(head.part_kind):
        if kind < ALPHA:
            continue
        for offset, wide, high in head.texture_table[part].tolist():
            alpha = head.texels[offset : offset + wide * high, 3].reshape(high, wide)
            begin = offset + head.coverage_shift[part]
            four = head.coverage[begin : begin + wide * high].view(np.uint8).reshape(high, wide, 4)
            assert np.array_equal(four[..., 0], alpha)
            assert np.array_equal(four[:, :-1, 1], alpha[:, 1:])
            assert np.array_equal(four[:-1, :, 2], alpha[1:])
            assert np.array_equal(four[:-1, :-1, 3], alpha[1:, 1:])
    assert len(head.coverage) < len(head.texels) / 10
