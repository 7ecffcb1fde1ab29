"""One look in several sizes."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_worker.background import painted
from avatar_worker.face import HeadPose
from avatar_worker.look import Look, Renderers
from avatar_worker.mesh import MeshEngine, MeshFigure
from avatar_worker.player.quality import SCALES
from settings import Settings
from visavis.protocol import AvatarDispatch

LOOK = Look("amy", 512, 512, "#d9dee6")


@pytest.fixture(scope="module")
def amy() -> MeshFigure:
    return MeshEngine().load("amy")


def dressed(look: Look, figure: MeshFigure) -> Renderers:
    backdrop = painted(look.background)
    assert backdrop is not None
    return Renderers(look, figure, backdrop, "mesh")


def test_a_dispatch_changes_what_it_names_and_nothing_else() -> None:
    settings = Settings(_env_file=None)
    assert Look.of(settings) == LOOK
    dispatch = AvatarDispatch("agent", "avatar", head="maya", width=640)
    assert Look.of(settings, dispatch) == Look("maya", 640, 512, "#d9dee6")


@pytest.mark.parametrize(("width", "height"), [(512, 512), (510, 286), (64, 64), (1280, 720)])
def test_every_size_of_a_look_can_be_drawn_and_sent(
    amy: MeshFigure, width: int, height: int
) -> None:
    renderers = dressed(Look("amy", width, height, "#000000"), amy)
    for scale in SCALES:
        renderer = renderers(scale)
        assert renderer.width % 2 == 0 and renderer.height % 2 == 0
        assert renderer.width == pytest.approx(max(64, width * scale), abs=1)
        picture = np.zeros((renderer.height * 3 // 2, renderer.width), np.uint8)
        renderer.draw(np.zeros(52, np.float32), HeadPose(), picture)
        assert picture.any()


def test_a_size_is_built_once(amy: MeshFigure) -> None:
    renderers = dressed(LOOK, amy)
    assert renderers() is renderers(1.0)
    assert renderers(0.5) is renderers(0.5)
    assert renderers(0.5) is not renderers(1.0)
