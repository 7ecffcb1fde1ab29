"""Heads of your own: who may name which file, and what ``head check`` says of one."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from avatar_worker.head_check import main
from avatar_worker.head_check.words import describe
from avatar_worker.heads import HEADS, find_head, own_heads
from avatar_worker.mesh import MeshEngine
from avatar_worker.render.reader import read_findings

from .head_files import READY_PLAYER_ME, VISEMES_ONLY, write_head
from .voices import tone


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Own heads ``zoe`` and ``max``, and things that are none."""
    heads = tmp_path / "heads"
    heads.mkdir()
    (tmp_path / "secret.glb").write_bytes(b"secret")
    for name in ("zoe.glb", "max.VRM", ".hidden.glb", "amy.glb", "notes.txt", "a\nb.glb"):
        (heads / name).write_bytes(b"glTF")
    (heads / "out.glb").symlink_to(tmp_path / "secret.glb")
    (heads / "folder.glb").mkdir()
    return heads


def test_a_name_does_not_lead_out_of_the_folder(folder: Path) -> None:
    assert list(own_heads(folder)) == ["max", "zoe"]
    engine = MeshEngine(folder)
    assert list(engine.heads) == [*HEADS, "max", "zoe"]
    for name in ("../secret", "secret", "out", str(folder.parent / "secret.glb"), "zoe.glb"):
        assert name not in engine.heads


def test_an_own_head_does_not_take_the_place_of_ours(folder: Path) -> None:
    assert find_head("amy", folder).parent != folder
    assert find_head("zoe", folder) == folder / "zoe.glb"


def test_an_unknown_name_is_answered_with_those_there_are(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="use one of amy, ben, maya, max, zoe"):
        find_head("eve", folder)


def test_an_own_head_can_be_named(tmp_path: Path) -> None:
    write_head(tmp_path / "zoe.glb", READY_PLAYER_ME)
    assert MeshEngine(tmp_path).load("zoe").head.name == "zoe"


def test_check_says_what_is_missing_and_what_that_means(tmp_path: Path) -> None:
    names = tuple(name for name in VISEMES_ONLY.names if name not in ("viseme_TH", "viseme_nn"))
    path = write_head(tmp_path / "own.glb", replace(VISEMES_ONLY, names=names))
    text = "\n".join(describe(read_findings(path)[1]))
    assert "no tongueOut: L and TH show no tongue" in text
    assert "made of viseme_aa: jawOpen" in text
    assert "its brows do not rise" in text
    assert "arms were spread" in text


def test_check_writes_a_sheet_and_a_film_with_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_head(tmp_path / "own.glb", READY_PLAYER_ME)
    voice = tmp_path / "voice.wav"
    with wave.open(str(voice), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(tone(0.4))
    assert main(["check", str(path), "--out", "there", "--voice", str(voice)]) == 0
    assert "It runs" in capsys.readouterr().out
    with Image.open(tmp_path / "there" / "own.png") as sheet:
        cells = np.asarray(sheet.convert("L"), int)
        assert sheet.width == sheet.height
        side = sheet.width // 4
        neutral, opened = cells[30:side, :side], cells[30:side, side : 2 * side]
        assert np.abs(neutral - opened).max() > 20
    with av.open(str(tmp_path / "there" / "own.mp4")) as film:
        assert film.streams.video and film.streams.audio


def test_check_of_a_file_that_cannot_run_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.glb"
    path.write_bytes(b"glTF")
    assert main(["check", str(path), "--out", str(tmp_path)]) == 1
    assert "It cannot run" in capsys.readouterr().err
    assert main(["check", "nobody", "--out", str(tmp_path)]) == 1
