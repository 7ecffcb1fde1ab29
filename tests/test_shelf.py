"""Heads that the rooms of a worker share."""

from __future__ import annotations

import resource
import subprocess
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from avatar_worker import shelf as module
from avatar_worker.heads import HeadError, find_head
from avatar_worker.render import Head, HeadPose, MeshRenderer, load_head
from avatar_worker.shelf import Shelf


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf")
    Shelf(folder).load_apart("ben")
    return folder


def same(one: Head, other: Head) -> bool:
    for field in fields(Head):
        pairs = [(getattr(one, field.name), getattr(other, field.name))]
        if isinstance(pairs[0][0], tuple):
            pairs = list(zip(*pairs[0], strict=True))
        if not all(np.array_equal(a, b) for a, b in pairs):
            return False
    return True


def test_another_process_does_not_hand_over_another_head(folder: Path) -> None:
    mapped, loaded = Shelf(folder).load("ben"), load_head("ben")
    assert same(mapped, loaded)
    assert not mapped.base.flags.writeable and mapped.base.flags.aligned
    weights, pictures = np.full(52, 0.2, np.float32), []
    for head in (mapped, loaded):
        picture = np.zeros((96, 64), np.uint8)
        MeshRenderer(head, 64, 64).draw(weights, HeadPose(5.0, 2.0, 1.0), picture)
        pictures.append(picture)
    assert np.array_equal(pictures[0], pictures[1])


def test_a_head_on_the_shelf_is_not_loaded_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "load_head", lambda _: pytest.fail("again"))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("again"))
    assert Shelf(folder).load("ben").name == Shelf(folder).load_apart("ben").name


def test_a_file_that_has_changed_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    own = tmp_path / "own.glb"
    own.write_bytes(find_head("ben").read_bytes())
    shelf = Shelf(tmp_path)
    first = shelf.load(str(own))
    own.write_bytes(find_head("amy").read_bytes())
    assert not np.array_equal(first.texels, shelf.load(str(own)).texels)


def test_a_broken_head_does_not_come_without_a_reason(tmp_path: Path) -> None:
    broken = tmp_path / "broken.glb"
    broken.write_bytes(find_head("ben").read_bytes()[:5000])
    shelf = Shelf(tmp_path)
    with pytest.raises(HeadError) as here:
        shelf.load(str(broken))
    with pytest.raises(HeadError) as apart:
        shelf.load_apart(str(broken))
    assert str(apart.value) == str(here.value) and "broken.glb" in str(here.value)
    assert [path.name for path in tmp_path.iterdir()] == ["broken.glb"]


def test_a_folder_that_cannot_be_written_costs_nobody_a_head(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("no folder")
    shelf = Shelf(taken / "below")
    assert same(shelf.load("ben"), shelf.load_apart("ben"))


def test_a_full_disk_is_not_made_fuller(tmp_path: Path) -> None:
    head, source = load_head("ben"), find_head("ben")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, limits[1]))
    try:
        with pytest.raises(OSError):
            module._store(head, tmp_path / "ben.head", source)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_a_stored_head_is_for_nobody_else_than_its_file(tmp_path: Path, mode: int) -> None:
    own = tmp_path / "own.glb"
    own.write_bytes(find_head("ben").read_bytes())
    own.chmod(mode)
    Shelf(tmp_path).load(own)
    [stored] = tmp_path.glob("*.head")
    assert stored.stat().st_mode & 0o777 == mode


def test_a_head_that_another_user_alone_may_read_costs_nobody_a_head(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    stored = shelf._place(find_head("ben"))
    stored.mkdir()  # root, too, can neither read nor replace it
    assert same(shelf.load("ben"), shelf.load_apart("ben"))
    assert list(tmp_path.iterdir()) == [stored]


def test_older_states_of_a_head_do_not_stay(tmp_path: Path) -> None:
    own = tmp_path / "own.glb"
    for _ in range(2):
        own.write_bytes(find_head("ben").read_bytes())
        Shelf(tmp_path).load(own)
    assert len(list(tmp_path.glob("*.head"))) == 1
