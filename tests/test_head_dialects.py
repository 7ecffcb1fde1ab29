"""Heads of other makers: whatever they call things, they speak, blink and look at the camera."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.heads import HeadError, find_head
from avatar_worker.render import Head, HeadPose, MeshRenderer
from avatar_worker.render.gltf.meshopt import decode_view
from avatar_worker.render.reader import Findings, read_findings, read_head
from avatar_worker.render.reader.shapes import RECIPES, find_shape
from visavis.protocol import ARKIT_NAMES

from .head_files import (
    AVATURN,
    CHARACTER_CREATOR,
    READY_PLAYER_ME,
    VISEMES_ONLY,
    Document,
    Recipe,
    build_head,
    data_uri,
    pack,
    unpack,
    write_head,
)
from .head_packing import pack_views

FIXTURES = Path(__file__).parent / "data"
VROID = ("Fcl_MTH_A", "Fcl_MTH_I", "Fcl_MTH_U", "Fcl_MTH_E", "Fcl_MTH_O", "Fcl_EYE_Close",
         "Fcl_EYE_Close_L", "Fcl_EYE_Close_R", "Fcl_MTH_Fun", "Fcl_BRW_Angry")  # fmt: skip
_VRM_BONES = (
    ("J_Bip_C_Hips", ""), ("J_Bip_C_Neck", "J_Bip_C_Hips"), ("J_Bip_C_Head", "J_Bip_C_Neck"),
    ("J_Adj_L_Eye", "J_Bip_C_Head"), ("J_Adj_R_Eye", "J_Bip_C_Head"),
)  # fmt: skip
_HUMAN = ("hips", "neck", "head", "leftEye", "rightEye")


def _old_bind(name: str, weight: float = 100) -> Document:
    return {"mesh": 0, "index": VROID.index(name), "weight": weight}


def _new_bind(name: str) -> Document:
    return {"node": len(_HUMAN), "index": VROID.index(name), "weight": 1.0}


def _vrm_0(document: Document) -> None:
    groups = [
        {"name": "A", "presetName": "a", "binds": [_old_bind("Fcl_MTH_A")]},
        {"name": "U", "presetName": "u", "binds": [_old_bind("Fcl_MTH_U")]},
        {
            "name": "Blink",
            "presetName": "blink",
            "binds": [_old_bind("Fcl_EYE_Close_L"), _old_bind("Fcl_EYE_Close_R", 80)],
        },
    ]
    document["extensions"] = {
        "VRM": {
            "humanoid": {"humanBones": [{"bone": b, "node": n} for n, b in enumerate(_HUMAN)]},
            "blendShapeMaster": {"blendShapeGroups": groups},
            "firstPerson": {"lookAtTypeName": "Bone", "lookAtHorizontalInner": {"yRange": 12}},
            "materialProperties": [{"shader": "VRM/MToon"}],
        }
    }
    document["meshes"][0]["extras"] = {}


def _vrm_1(document: Document) -> None:
    document["extensions"] = {
        "VRMC_vrm": {
            "specVersion": "1.0",
            "humanoid": {"humanBones": {bone: {"node": n} for n, bone in enumerate(_HUMAN)}},
            "expressions": {
                "preset": {
                    "aa": {"morphTargetBinds": [_new_bind("Fcl_MTH_A")]},
                    "ou": {"morphTargetBinds": [_new_bind("Fcl_MTH_U")]},
                    "blinkLeft": {"morphTargetBinds": [_new_bind("Fcl_EYE_Close_L")]},
                    "blinkRight": {"morphTargetBinds": [_new_bind("Fcl_EYE_Close_R")]},
                    "happy": {
                        "morphTargetBinds": [_new_bind("Fcl_MTH_Fun"), _new_bind("Fcl_EYE_Close")]
                    },
                },
                "custom": {"MouthFunnel": {"morphTargetBinds": [_new_bind("Fcl_MTH_O")]}},
            },
        }
    }
    document["extensionsRequired"] = ["VRMC_vrm"]
    document["meshes"][0]["extras"] = {}
    for material in document["materials"]:
        material["extensions"] = {"VRMC_materials_mtoon": {"shadeColorFactor": [1, 1, 1]}}


VRM_0 = Recipe(
    names=VROID, bones=_VRM_BONES, turned=True, change=_vrm_0,
    part_names=("Face", "EyeL", "EyeR", "Body"),
)  # fmt: skip
VRM_1 = replace(VRM_0, turned=False, change=_vrm_1)
VROID_GLB = replace(VRM_0, turned=False, change=lambda document: None)
MPFB = Recipe(
    bones=(("root", ""), ("neck01", "root"), ("head", "neck01"), ("eye.L", "head"),
           ("eye.R", "head")),
    part_names=("Human", "Human.low-poly_left", "Human.low-poly_right", "Human.shirt"),
)  # fmt: skip
FACESHIFT = replace(
    READY_PLAYER_ME, names=("EyeBlink_L", "EyeBlink_R", "JawOpen", "MouthSmile_L", "BrowsD_L")
)
DIALECTS = {
    "readyplayerme": READY_PLAYER_ME, "visemes": VISEMES_ONLY, "avaturn": AVATURN,
    "charactercreator": CHARACTER_CREATOR, "mpfb": MPFB, "vroid": VROID_GLB, "vrm0": VRM_0,
    "vrm1": VRM_1, "faceshift": FACESHIFT,
    "prefixed": replace(READY_PLAYER_ME, rename=lambda name: f"blendShape1.{name}"),
    "centimetres": replace(MPFB, scale=100.0),
    "no skin": replace(AVATURN, skin=False, bones=()),
    "no normals": replace(READY_PLAYER_ME, normals=False),
    "no texture": replace(READY_PLAYER_ME, uvs=False),
    "wide indices": replace(READY_PLAYER_ME, index_type=5125),
    "webp": replace(READY_PLAYER_ME, image="WEBP"),
}  # fmt: skip


@cache
def _load(tmp: Path, name: str) -> tuple[Head, Findings]:
    return read_findings(write_head(tmp / f"{name}.glb", DIALECTS[name]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("heads")


def shift(head: Head, shape: str) -> NDArray[np.float32]:
    """How ``shape`` at 1 moves the vertices, (n, 3)."""
    out = np.zeros((len(head.base), 3), np.float32)
    k = ARKIT_NAMES.index(shape)
    rows = slice(head.morph_start[k], head.morph_start[k + 1])
    out[head.morph_vertex[rows]] = head.morph_delta[rows, :3]
    return out


def middle(head: Head, moved: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where a shape moves most, from between the eyes, metres."""
    size = np.linalg.norm(moved, axis=1)
    place = np.average(head.base[:, :3], axis=0, weights=size) - head.eye_centres.mean(axis=0)
    return np.asarray(place, np.float64)


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_does_not_leave_the_mouth_shut(folder: Path, name: str) -> None:
    head, _ = _load(folder, name)
    opened = shift(head, "jawOpen")
    assert -0.06 < opened[:, 1].min() < -0.02
    place = middle(head, opened)
    assert -0.13 < place[1] < -0.05 and abs(place[0]) < 0.01 and place[2] > -0.06


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_does_not_blink_with_the_wrong_eye(folder: Path, name: str) -> None:
    head, _ = _load(folder, name)
    for side, sign in (("Left", 1), ("Right", -1)):
        lid = shift(head, f"eyeBlink{side}")
        assert lid[:, 1].min() < -0.004
        place = middle(head, lid)
        assert 0.015 < sign * place[0] < 0.06 and abs(place[1]) < 0.05


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_does_not_look_away_from_the_camera(folder: Path, name: str) -> None:
    head, findings = _load(folder, name)
    left, right = head.eye_centres
    assert left[0] > right[0] + 0.02 and abs(left[1] - right[1]) < 0.005
    assert 0.08 < left[1] - head.neck[1] < 0.15
    height = head.base[:, 1] - left[1]
    assert head.head_share[height > 0].min() > 0.99 and head.head_share[height < -0.25].max() < 0.01
    face = head.base[head.head_share > 0.9][:, :3]
    assert 0.08 < face[:, 1].max() - left[1] < 0.15
    assert abs(findings.turned) == pytest.approx(180 if DIALECTS[name].turned else 0, abs=1)
    picture = MeshRenderer(head, 128, 128).draw_rgba(np.zeros(52, np.float32), HeadPose())
    shown = np.abs(picture[:, :, 0].astype(int) - picture[:, :, 2]) > 25
    columns = np.flatnonzero(shown[20:70].any(axis=0))
    assert 40 < len(columns) < 120 and abs(columns.mean() - 64) < 6


MESHES_CALLED_AS_BONES = {
    "eyes": replace(AVATURN, skin=False, bones=(), part_names=("Face", "EyeLeft", "EyeRight", "B")),
    "head": replace(
        AVATURN, bones=(("Bone", ""), ("Bone.001", "Bone")),
        part_names=("Head", "Eye_Left", "Eye_Right", "Body"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("recipe", MESHES_CALLED_AS_BONES.values(), ids=MESHES_CALLED_AS_BONES)
def test_a_mesh_called_as_a_bone_does_not_tear_the_eyes_out(tmp_path: Path, recipe: Recipe) -> None:
    head, findings = read_findings(write_head(tmp_path / "meshes.glb", recipe))
    assert findings.head_joint is None and 0.8 < findings.scale < 1.25
    left, right = head.eye_centres / findings.scale
    assert left == pytest.approx([0.032, 1.6, 0.07], abs=0.002)
    assert right == pytest.approx([-0.032, 1.6, 0.07], abs=0.002)
    assert 0.08 < head.eye_centres[0, 1] - head.neck[1] < 0.15
    above = head.base[:, 1] > head.eye_centres[0, 1]
    assert head.head_share[above].min() > 0.99 and len(head.eye_vertices[0]) > 50


def test_an_eye_that_is_a_mesh_at_its_own_place_does_not_stop_turning(tmp_path: Path) -> None:
    recipe = replace(
        AVATURN, names=ARKIT_NAMES, skin=False, bones=(), placed=True,
        part_names=("Head", "EyeLeft", "EyeRight", "Body"),
    )  # fmt: skip
    head, findings = read_findings(write_head(tmp_path / "placed.glb", recipe))
    assert findings.eyes == "bones turn the eyes" and findings.head_joint is None
    left = head.eye_centres[0] / findings.scale
    assert left == pytest.approx([0.032, 1.6, 0.07], abs=0.002)
    assert len(head.eye_vertices[0]) > 50


def test_a_head_that_all_meshes_hang_on_does_not_bend_below_the_chin(tmp_path: Path) -> None:
    def change(document: Document) -> None:
        del document["nodes"][1:]

    recipe = replace(
        AVATURN, skin=False, bones=(), placed=True, change=change,
        part_names=("Head", "EyeLeft", "EyeRight", "Body"),
    )  # fmt: skip
    head, findings = read_findings(write_head(tmp_path / "alone.glb", recipe))
    assert findings.head_joint == "Head" and head.head_share.min() == 1
    assert head.neck[1] / findings.scale == pytest.approx(1.59, abs=0.001)


def test_a_puppet_whose_head_hangs_on_its_body_does_not_keep_its_head_still(tmp_path: Path) -> None:
    def change(document: Document) -> None:
        head, left, right, body = document["nodes"][:4]
        for node in (left, right):
            shift = np.subtract(node["translation"], head["translation"])
            node["translation"] = shift.tolist()
        head["translation"] = np.subtract(head["translation"], body["translation"]).tolist()
        head["children"], body["children"] = [1, 2], [0]

    recipe = replace(
        AVATURN, names=ARKIT_NAMES, skin=False, bones=(), placed=True, change=change,
        part_names=("Head", "EyeLeft", "EyeRight", "Body"),
    )  # fmt: skip
    head, findings = read_findings(write_head(tmp_path / "puppet.glb", recipe))
    assert findings.head_joint == "Head" and findings.eyes == "bones turn the eyes"
    left, _ = head.eye_centres / findings.scale
    assert left == pytest.approx([0.032, 1.6, 0.07], abs=0.002)


@pytest.mark.parametrize("name", ["readyplayerme", "avaturn", "mpfb", "vrm0", "vrm1"])
def test_eyes_do_not_stand_still(folder: Path, name: str) -> None:
    head, findings = _load(folder, name)
    assert findings.eyes_turn
    for side in (0, 1):
        away = head.base[head.eye_vertices[side], :3] - head.eye_centres[side]
        assert len(away) > 50 and np.linalg.norm(away, axis=1).max() < 0.03
    if name == "vrm0":
        assert np.degrees(head.gaze_limits[0]) == pytest.approx(12)


def test_what_lies_out_of_the_picture_is_not_drawn(folder: Path) -> None:
    head, findings = _load(folder, "readyplayerme")
    assert findings.drawn < findings.triangles
    assert head.base[:, 1].min() - head.eye_centres[0, 1] > -0.8


def test_an_expression_of_two_binds_does_not_lose_one(folder: Path) -> None:
    head, findings = _load(folder, "vrm0")
    assert "vrm_blink" in findings.made["eyeBlinkLeft"]
    left, right = (shift(head, f"eyeBlink{side}")[:, 1].min() for side in ("Left", "Right"))
    assert right / left == pytest.approx(0.8, abs=0.03)


def test_a_smile_out_of_happy_does_not_shut_the_eyes(folder: Path) -> None:
    head, findings = _load(folder, "vrm1")
    assert findings.made["mouthSmileLeft"] == "vrm_happy"
    smile = shift(head, "mouthSmileLeft")
    height = head.base[:, 1] - head.eye_centres[0, 1]
    assert np.abs(smile[height > -0.03]).max() < 0.25 * np.abs(smile).max()
    assert "mouthFunnel" in findings.own  # a custom expression called as ARKit calls it


def test_a_named_shape_that_moves_nothing_does_not_stand_for_one(tmp_path: Path) -> None:
    recipe = replace(
        READY_PLAYER_ME,
        names=("viseme_sil", "viseme_aa", "eyeBlinkLeft", "eyeBlinkRight"),
        rename=lambda name: "jawOpen" if name == "viseme_sil" else name,
    )
    head, findings = read_findings(write_head(tmp_path / "dead.glb", recipe))
    assert findings.dead == ("jawOpen",) and findings.made["jawOpen"] == "viseme_aa"
    assert shift(head, "jawOpen")[:, 1].min() < -0.02


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("without", ["Arm", "Eye"])
def test_a_jaw_bone_does_not_lift_the_chin_of_a_head_that_faces_away(
    tmp_path: Path, without: str, turned: bool
) -> None:
    bones = [bone for bone in READY_PLAYER_ME.bones if without not in bone[0]]
    recipe = replace(
        READY_PLAYER_ME,
        names=("eyeBlinkLeft", "eyeBlinkRight"),
        bones=(*bones, ("Jaw", "Head")),
        turned=turned,
    )
    head, findings = read_findings(write_head(tmp_path / "jaw.glb", recipe))
    assert findings.made["jawOpen"] == "bone_jaw"
    opened = shift(head, "jawOpen")[:, 1]
    assert opened.min() < -0.01 and opened.max() < 0.005


def test_a_head_does_not_lose_the_build_that_its_file_gives_it(tmp_path: Path) -> None:
    names = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "long_nose")

    def read(name: str, mesh: list[float] | None, node: list[float] | None) -> Head:
        def change(document: Document) -> None:
            face = document["meshes"][0]
            if mesh is not None:
                face["weights"] = mesh
            if node is not None:
                next(n for n in document["nodes"] if n.get("mesh") == 0)["weights"] = node

        recipe = replace(READY_PLAYER_ME, names=names, change=change)
        return read_head(write_head(tmp_path / f"{name}.glb", recipe))

    plain = read("plain", None, None).base
    built = read("built", [1, 0, 0, 1], None).base  # the mouth is ours to open
    moved = (built - plain)[:, :3]
    assert 0.002 < moved[:, 2].max() < 0.02 and np.abs(moved[:, :2]).max() < 1e-5
    assert np.array_equal(read("node", [1, 0, 0, 1], [0, 0, 0, 0]).base, plain)
    assert np.array_equal(read("both", None, [0, 0, 0, 1]).base, built)


def test_a_mouth_that_a_vrm_binds_by_number_does_not_start_open(tmp_path: Path) -> None:
    def change(document: Document) -> None:
        _vrm_1(document)
        document["meshes"][0]["weights"] = [1.0 if name == "Fcl_MTH_A" else 0 for name in VROID]

    plain = read_head(write_head(tmp_path / "plain.glb", VRM_1)).base
    held = read_head(write_head(tmp_path / "held.glb", replace(VRM_1, change=change)))
    assert np.array_equal(held.base, plain)
    assert shift(held, "jawOpen")[:, 1].min() < -0.02


def test_a_vowel_that_is_but_a_letter_does_not_start_open(tmp_path: Path) -> None:
    """It is known by the other vowels, which another mesh may have."""

    def change(document: Document) -> None:
        face, eye = document["meshes"][:2]
        face["extras"]["targetNames"][1:] = ["A", "mole"]
        eye["primitives"][0]["targets"] = [
            {"POSITION": eye["primitives"][0]["attributes"]["POSITION"]}
        ] * 4
        eye["extras"] = {"targetNames": ["I", "U", "E", "O"]}

    def held(document: Document) -> None:
        change(document)
        document["meshes"][0]["weights"] = [0, 1, 0]

    recipe = replace(READY_PLAYER_ME, names=("jawOpen", "viseme_aa", "eyeWide"), change=change)
    plain = read_head(write_head(tmp_path / "plain.glb", recipe)).base
    recipe = replace(recipe, change=held)
    assert np.array_equal(read_head(write_head(tmp_path / "held.glb", recipe)).base, plain)


@pytest.mark.parametrize("textured", [False, True])
def test_colours_said_the_older_way_do_not_come_out_white(tmp_path: Path, textured: bool) -> None:
    def change(document: Document) -> None:
        for material in document["materials"]:
            surface = material.pop("pbrMetallicRoughness")
            older = {key.replace("baseColor", "diffuse"): surface[key] for key in surface}
            material["extensions"] = {"KHR_materials_pbrSpecularGlossiness": older}
        document["extensionsRequired"] = ["KHR_materials_pbrSpecularGlossiness"]

    recipe = replace(READY_PLAYER_ME, names=("jawOpen",), uvs=textured)
    plain = read_head(write_head(tmp_path / "plain.glb", recipe))
    older = read_head(write_head(tmp_path / "older.glb", replace(recipe, change=change)))
    assert np.array_equal(older.texels, plain.texels)


def test_a_head_without_a_mouth_is_refused(tmp_path: Path) -> None:
    recipe = replace(READY_PLAYER_ME, names=("eyeBlinkLeft", "eyeBlinkRight"))
    with pytest.raises(HeadError, match="nothing in it opens the mouth"):
        read_head(write_head(tmp_path / "mute.glb", recipe))


def test_packed_arrays_do_not_come_out_different(tmp_path: Path) -> None:
    plain = build_head(READY_PLAYER_ME)
    (tmp_path / "plain.glb").write_bytes(plain)
    (tmp_path / "packed.glb").write_bytes(pack_views(plain))
    one, other = read_head(tmp_path / "plain.glb"), read_head(tmp_path / "packed.glb")
    assert np.array_equal(one.base, other.base) and np.array_equal(one.triangles, other.triangles)
    assert np.array_equal(one.morph_delta, other.morph_delta)


def test_what_meshoptimizer_itself_packed_is_unpacked() -> None:
    data = json.loads((FIXTURES / "meshopt.json").read_text())
    for case in data["cases"]:
        packed = memoryview(bytes.fromhex(case["packed"]))
        out = decode_view(packed, case["count"], case["stride"], case["mode"], case["filter"])
        dtype = np.dtype(case["dtype"])
        got = np.frombuffer(out, dtype).reshape(case["count"], -1).astype(np.float64)
        wanted = np.array(case["values"], np.float64).reshape(case["count"], -1)
        if case["mode"] == "TRIANGLES":  # which corner comes first is the encoder's choice
            got, wanted = (
                np.array([np.roll(t, -int(np.argmin(t))) for t in tri.reshape(-1, 3)])
                for tri in (got, wanted)
            )
        assert np.abs(got[:, : wanted.shape[1]] - wanted).max() <= case["within"], case["mode"]


def test_data_inside_the_json_is_read_and_data_elsewhere_is_not(tmp_path: Path) -> None:
    document, binary = unpack(build_head(replace(READY_PLAYER_ME, names=("jawOpen",))))
    document["buffers"] = [{"byteLength": len(binary), "uri": data_uri(binary)}]
    path = tmp_path / "inside.gltf"
    path.write_text(json.dumps(document))
    assert len(read_head(path).triangles)
    document["buffers"][0]["uri"] = "head.bin"
    path.write_text(json.dumps(document))
    with pytest.raises(HeadError, match="another file"):
        read_head(path)


def _cycle(document: Document) -> None:
    document["nodes"][0]["children"].append(0)


def _two_parents(document: Document) -> None:
    document["nodes"][2].setdefault("children", []).append(1)


def _huge_count(document: Document) -> None:
    document["accessors"][1]["count"] = 10**9
    del document["accessors"][1]["bufferView"]


def _wrong_uri(document: Document) -> None:
    document["images"][0] = {"uri": "https://example.com/skin.png"}


def _not_finite(document: Document) -> None:
    document["nodes"][0]["scale"] = [1e308, 1e308, 1e308]


def _basis(document: Document) -> None:
    document["extensionsRequired"] = ["KHR_texture_basisu"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_cycle, "hangs on two others|form a ring"),
        (_two_parents, "hangs on two others"),
        (_huge_count, "number of elements"),
        (_wrong_uri, "another file"),
        (_not_finite, "stand nowhere"),
        (_basis, "KTX2"),
    ],
)
def test_hostile_documents_are_refused(
    tmp_path: Path, change: Callable[[Document], None], message: str
) -> None:
    recipe = replace(READY_PLAYER_ME, names=("jawOpen",), change=change)
    with pytest.raises(HeadError, match=message):
        read_head(write_head(tmp_path / "hostile.glb", recipe))


def test_a_picture_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))

    def swap(document: Document) -> None:
        document["images"][0] = {"uri": data_uri(bomb)}

    recipe = replace(READY_PLAYER_ME, names=("jawOpen",), change=swap)
    with pytest.raises(HeadError, match=r"60000x60000 pixels|not a whole"):
        read_head(write_head(tmp_path / "bomb.glb", recipe))


def test_deep_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.gltf"
    path.write_text('{"asset":' + "[" * 200_000 + "]" * 200_000 + "}")
    with pytest.raises(HeadError, match="cannot be parsed"):
        read_head(path)


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    document, binary = unpack(build_head(replace(READY_PLAYER_ME, names=("jawOpen",))))
    place = document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
    start = document["bufferViews"][document["accessors"][place]["bufferView"]]["byteOffset"]
    broken = binary[:start] + np.float32(np.nan).tobytes() + binary[start + 4 :]
    path = tmp_path / "nan.glb"
    path.write_bytes(pack(document, broken))
    with pytest.raises(HeadError, match="not finite"):
        read_head(path)


@pytest.mark.parametrize(
    ("raw", "shape"),
    [
        ("jawOpen", "jawOpen"), ("JawOpen", "jawOpen"), ("jaw_open", "jawOpen"),
        ("eyeBlink_L", "eyeBlinkLeft"), ("EyeBlinkRight", "eyeBlinkRight"),
        ("blendShape1.jawOpen", "jawOpen"), ("ARKit_MouthClose", "mouthClose"),
        ("A14_Eye_Blink_Left", "eyeBlinkLeft"), ("AK_25_JawOpen", "jawOpen"),
        ("AA_VI_10_aa", "viseme_aa"), ("vrc.v_oh", "viseme_O"), ("Viseme_PP", "viseme_PP"),
        ("Face.M_F00_000_00_Fcl_MTH_A", "Fcl_MTH_A"), ("Eye_L_Look_Up", "eyeLookUpLeft"),
        ("eyesClosed", "eyeBlink"), ("mouthSmile", "mouthSmile"), ("BrowsD_R", "browDownRight"),
        ("mouth_smile.R", "mouthSmileRight"), ("Basis", None), ("jaw", None), ("hatOn", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_spelling_is_not_missed(raw: str, shape: str | None) -> None:
    assert find_shape(raw) == shape


def test_every_shape_has_a_recipe_and_says_its_own_name_first() -> None:
    assert set(RECIPES) == set(ARKIT_NAMES)
    assert all(recipes[0][0].shape == name for name, recipes in RECIPES.items())


def _renamed(change: Callable[[str], str]) -> bytes:
    document, binary = unpack(find_head("amy").read_bytes())
    for mesh in document["meshes"]:
        names: Any = mesh.get("extras", {}).get("targetNames")
        if names:
            mesh["extras"]["targetNames"] = [change(name) for name in names]
    return pack(document, binary)


def test_a_real_head_with_other_names_moves_as_before(tmp_path: Path) -> None:
    path = tmp_path / "amy.glb"
    path.write_bytes(_renamed(lambda name: f"Head.ARKit_{name[0].upper()}{name[1:]}"))
    before, after = read_head(find_head("amy")), read_head(path)
    assert np.array_equal(before.morph_start, after.morph_start)
    assert np.array_equal(before.morph_delta, after.morph_delta)


def _with_draco_body(change: Callable[[bytes], bytes]) -> bytes:
    """A head whose body, which has no morph targets, is packed with Draco."""
    import DracoPy

    document, binary = unpack(build_head(replace(READY_PLAYER_ME, names=("jawOpen",))))
    primitive = document["meshes"][3]["primitives"][0]

    def read(index: int, dtype: str, width: int) -> NDArray[Any]:
        view = document["bufferViews"][document["accessors"][index]["bufferView"]]
        data = binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        return np.frombuffer(data, dtype).reshape(-1, width)

    attributes = primitive["attributes"]
    points = read(attributes["POSITION"], "<f4", 3)
    faces = read(primitive["indices"], "<u2", 3)
    packed = change(DracoPy.encode(points, faces.astype(np.uint32), quantization_bits=16))
    count = len(DracoPy.decode(DracoPy.encode(points, faces.astype(np.uint32))).points)
    for key in ("NORMAL", "TEXCOORD_0", "JOINTS_0", "WEIGHTS_0"):
        del attributes[key]
    node = next(node for node in document["nodes"] if node.get("mesh") == 3)
    del node["skin"]
    position = document["accessors"][attributes["POSITION"]]
    del position["bufferView"]
    position["count"] = count
    del document["accessors"][primitive["indices"]]["bufferView"]
    document["bufferViews"].append(
        {"buffer": 0, "byteOffset": len(binary), "byteLength": len(packed)}
    )
    primitive["extensions"] = {
        "KHR_draco_mesh_compression": {
            "bufferView": len(document["bufferViews"]) - 1,
            "attributes": {"POSITION": 0},
        }
    }
    document["extensionsRequired"] = ["KHR_draco_mesh_compression"]
    return pack(document, binary + packed)


def test_a_draco_mesh_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "draco.glb"
    path.write_bytes(_with_draco_body(lambda packed: packed))
    _, findings = read_findings(path)
    assert findings.parts[-1] == ("Wolf3D_Body", "skin")
    assert findings.triangles > 1700


def test_a_broken_draco_mesh_is_refused(tmp_path: Path) -> None:
    random, path = Random(1), tmp_path / "draco.glb"
    refused = 0
    for _ in range(150):

        def spoil(packed: bytes) -> bytes:
            broken = bytearray(packed)
            for _ in range(random.randrange(1, 6)):
                broken[random.randrange(len(broken))] = random.randrange(256)
            return bytes(broken[: random.randrange(1, len(broken) + 1)])

        path.write_bytes(_with_draco_body(spoil))
        try:
            read_head(path)
        except HeadError as error:
            refused += 1
            assert "Draco" in str(error) or "not finite" in str(error) or "measure" in str(error)
    assert refused > 50
