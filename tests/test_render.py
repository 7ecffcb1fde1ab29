"""The picture does what the weights and the pose say."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from functools import cache
from multiprocessing.connection import Connection

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_worker.heads import HEADS
from avatar_worker.render import Head, HeadPose, MeshRenderer, load_head
from visavis.protocol import ARKIT_NAMES

SIDE = 256
REST = HeadPose()
Picture = NDArray[np.int16]

load = cache(load_head)


def weights(**named: float) -> NDArray[np.float32]:
    """52 weights; a name without its side sets both."""
    values = np.zeros(len(ARKIT_NAMES), np.float32)
    for name, value in named.items():
        hits = [
            i
            for i, known in enumerate(ARKIT_NAMES)
            if known in (name, name + "Left", name + "Right")
        ]
        assert hits, name
        values[hits] = value
    return values


def draw(
    named: dict[str, float] | None = None, pose: HeadPose = REST, head: str = "amy"
) -> Picture:
    renderer = MeshRenderer(load(head), SIDE, SIDE)
    return renderer.draw_rgba(weights(**(named or {})), pose)[..., :3].astype(np.int16)


def screen_place(point: NDArray[np.float32]) -> tuple[int, int]:
    """Column and row of a point of the resting head."""
    from avatar_worker.render.camera import frame_head

    camera = frame_head(load("amy"), SIDE, SIDE)
    right, up, forward = camera.axes @ (point - camera.position)
    scale = camera.lens[2] / forward
    return int(camera.lens[0] + scale * right), int(camera.lens[1] - scale * up)


def around(point: NDArray[np.float32], wide: int, high: int) -> tuple[slice, slice]:
    x, y = screen_place(point)
    return slice(y - high, y + high), slice(x - wide, x + wide)


def mouth_region() -> tuple[slice, slice]:
    head = load("amy")
    return around(head.base[head.mouth_vertices, :3].mean(axis=0), 22, 16)


def bright(renderer: MeshRenderer, named: dict[str, float], pose: HeadPose = REST) -> Picture:
    """The luma (height, width, 1) of a frame: only what has changed is drawn anew."""
    frame = np.zeros((renderer.height * 3 // 2, renderer.width), np.uint8)
    renderer.draw(weights(**named), pose, frame)
    return frame[: renderer.height, :, None].astype(np.int16)


def changed(a: Picture, b: Picture) -> int:
    return int((np.abs(a - b).max(axis=2) > 8).sum())


def test_open_jaw_shows_the_dark_of_the_mouth() -> None:
    region = mouth_region()
    shut, wide = draw()[region], draw({"jawOpen": 0.8})[region]
    assert (wide.max(axis=2) < 90).sum() > (shut.max(axis=2) < 90).sum() + 40


def test_blink_covers_the_white_of_the_eyes() -> None:
    opened, closed = draw(), draw({"eyeBlink": 1.0})
    for centre in load("amy").eye_centres:
        region = around(centre, 14, 6)

        def white(picture: Picture, region: tuple[slice, slice] = region) -> int:
            eye = picture[region]
            return int(((eye.min(axis=2) > 110) & (np.ptp(eye, axis=2) < 40)).sum())

        assert white(opened) > 8
        assert white(closed) < white(opened) / 3


def test_faces_weights_do_not_light_the_neck() -> None:
    rest, face = draw(), draw({"browInnerUp": 1.0, "eyeBlink": 1.0, "eyeLookDown": 1.0})
    assert np.array_equal(rest[170:], face[170:])


def test_one_eye_can_wink() -> None:
    opened, wink = draw(), draw({"eyeBlinkLeft": 1.0})
    left, right = (around(centre, 14, 8) for centre in load("amy").eye_centres)
    assert changed(opened[left], wink[left]) > 60
    assert changed(opened[right], wink[right]) == 0


@pytest.mark.parametrize("head", HEADS)
def test_every_blendshape_changes_the_picture(head: str) -> None:
    renderer = MeshRenderer(load(head), SIDE, SIDE)
    # The tongue is seen, and lips can close, only where the mouth is open.
    rest = renderer.draw_rgba(weights(jawOpen=0.4), REST).astype(np.int16)
    unseen = []
    for name in ARKIT_NAMES:
        face = {"jawOpen": 0.4, name: 1.0}
        picture = renderer.draw_rgba(weights(**face), REST).astype(np.int16)
        if changed(picture, rest) < 12:
            unseen.append(name)
    assert not unseen


def test_gaze_moves_the_iris_and_keeps_the_face() -> None:
    rest = draw()
    away = draw({"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0})
    dark = []
    for picture in (rest, away):
        x, y = screen_place(load("amy").eye_centres[0])
        strip = picture[y - 3 : y + 4, x - 12 : x + 13].sum(axis=(0, 2)).astype(float)
        shade = strip.max() - strip
        dark.append(float((shade * np.arange(25)).sum() / shade.sum()))
    assert dark[1] > dark[0] + 1  # to the person's left is to the viewer's right
    assert changed(rest[150:], away[150:]) == 0


def test_turning_head_keeps_the_shoulders_still() -> None:
    rest = draw()
    for pose in (HeadPose(yaw=15), HeadPose(pitch=-10), HeadPose(roll=8)):
        turned = draw(pose=pose)
        assert changed(rest[:180], turned[:180]) > 3000
        assert np.array_equal(rest[-24:], turned[-24:])


@pytest.mark.parametrize(
    ("pose", "axis", "sign"),
    [
        (HeadPose(yaw=12), 1, 1),
        (HeadPose(pitch=12), 0, -1),
        (HeadPose(roll=12), 1, 1),
    ],
)
def test_pose_has_the_sign_that_it_says(pose: HeadPose, axis: int, sign: int) -> None:
    """The eyes go to the viewer's right, up, and to the viewer's right."""
    from avatar_worker.render.geometry import pose_rotation

    head = load("amy")
    eyes = head.eye_centres.mean(axis=0)
    moved = head.neck + pose_rotation(pose) @ (eyes - head.neck)
    before, after = screen_place(eyes), screen_place(moved.astype(np.float32))
    assert sign * (after[1 - axis] - before[1 - axis]) > 2
    assert changed(draw(), draw(pose=pose)) > 3000


def test_redrawing_a_part_gives_the_picture_of_drawing_all() -> None:
    """What a renderer keeps from earlier frames must not show in later ones."""
    head = load("amy")
    renderer = MeshRenderer(head, SIDE, SIDE)
    steps = [
        ({"jawOpen": 0.7}, REST),
        ({"jawOpen": 0.2, "mouthSmile": 0.6}, HeadPose(6, 3, 2)),
        ({"mouthSmile": 0.6, "eyeBlink": 1.0}, HeadPose(6, 3, 2)),
        ({}, HeadPose(-10, 0, -4)),
        ({"browInnerUp": 0.8}, REST),
    ]
    for named, pose in steps:
        kept, fresh = (bright(r, named, pose) for r in (renderer, MeshRenderer(head, SIDE, SIDE)))
        difference = np.abs(kept - fresh)
        assert changed(kept, fresh) < 0.004 * SIDE * SIDE
        assert difference.mean() < 0.1


@pytest.mark.parametrize(
    ("name", "kept", "most", "usual"),
    [("amy", 0.75, 130, 95), ("maya", 0.83, 30, 15), ("ben", 0.77, 150, 90)],
)
def test_leaving_out_unseen_triangles_is_not_seen(
    name: str, kept: float, most: int, usual: int
) -> None:
    """A few hairs are another hair: those that show least are left out."""
    head = load(name)
    assert head.seen_triangles < kept * len(head.triangles)
    thin = MeshRenderer(head, SIDE, SIDE)
    whole = MeshRenderer(replace(head, seen_triangles=len(head.triangles)), SIDE, SIDE)
    random = np.random.default_rng(7)
    counts = []
    for _ in range(25):
        face = (random.random(52) * (random.random(52) < 0.2)).astype(np.float32)
        face[ARKIT_NAMES.index("tongueOut")] = 0
        pose = HeadPose(*random.uniform((-25, -15, -15), (25, 15, 15)))
        seen, meant = (r.draw_rgba(face, pose).astype(np.int16) for r in (thin, whole))
        counts.append(changed(seen, meant))
        assert np.abs(seen - meant).mean() < 0.08
    assert max(counts) < most
    assert np.median(counts) < usual
    profile = HeadPose(yaw=70)
    pictures = [r.draw_rgba(weights(), profile) for r in (thin, whole)]
    assert np.array_equal(pictures[0], pictures[1])


def test_a_repeated_frame_does_not_keep_what_was_drawn_between() -> None:
    renderer = MeshRenderer(load("amy"), SIDE, SIDE)
    opened = bright(renderer, {"jawOpen": 0.6})
    assert np.array_equal(bright(renderer, {"jawOpen": 0.6}), opened)
    renderer.count_samples(weights(), HeadPose(20, 0, 0))
    again = bright(renderer, {"jawOpen": 0.6})
    assert np.abs(again - opened).mean() < 0.1
    assert changed(bright(renderer, {}), again) > 300


def test_a_renderer_does_not_rely_on_the_callers_array() -> None:
    renderer, frames = MeshRenderer(load("amy"), 64, 64), np.zeros((2, 96, 64), np.uint8)
    face = weights(jawOpen=0.6)
    for frame in frames:
        renderer.draw(face, REST, frame)
        face[:] = 0
    assert (np.abs(frames[1].astype(np.int16) - frames[0]) > 8).sum() > 20


def test_a_picture_in_rgba_does_not_stay_in_the_frames_to_come() -> None:
    renderer = MeshRenderer(load("amy"), SIDE, SIDE)
    rest = bright(renderer, {})
    renderer.draw_rgba(weights(jawOpen=1.0), HeadPose(20, 9, 9))
    assert changed(bright(renderer, {}), rest) < 10


@pytest.mark.parametrize("size", [(SIDE, SIDE), (322, 180)])
def test_the_short_way_to_list_colours_does_not_change_them(size: tuple[int, int]) -> None:
    head, shapes = load("amy"), {"jawOpen": 0.4, "eyeBlinkLeft": 1.0, "eyeLookOut": 0.5}
    short, long = (MeshRenderer(head, *size) for _ in range(2))
    kinds, smooth, ranges = long._shading[1:4]
    assert (ranges[0::2] < ranges[1::2]).mean() > 0.5, "nothing to take the short way for"
    none = np.tile(np.array([len(smooth), -1], np.int32), len(smooth))
    long._shading = (long._shading[0], kinds, smooth, none, *long._shading[4:])
    for pose in (REST, HeadPose(20, -9, 5)):
        drawn, meant = (r.draw_rgba(weights(**shapes), pose) for r in (short, long))
        assert np.array_equal(drawn, meant)


def test_teeth_do_not_shine_through_closed_lips() -> None:
    region = mouth_region()
    for face in ({}, {"mouthPress": 0.5}, {"jawOpen": 0.3, "mouthClose": 0.4}):
        lips = draw(face)[region]
        white = (lips.min(axis=2) > 150) & (np.ptp(lips, axis=2) < 35)
        assert white.sum() == 0


def test_two_renderers_do_not_share_state() -> None:
    head = load("amy")
    one, two = MeshRenderer(head, SIDE, SIDE), MeshRenderer(head, SIDE, SIDE, "#203040")
    calm = one.draw_rgba(weights(), REST)
    two.draw_rgba(weights(jawOpen=1.0), HeadPose(20, 0, 0))
    assert np.array_equal(one.draw_rgba(weights(), REST), calm)


def decode(frame: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float64]:
    """RGB of an I420 frame: ITU-R BT.601, limited range."""
    luma = frame[:height].astype(float)
    chroma = frame[height:].reshape(2, height // 2, width // 2).astype(float)
    blue, red = (plane.repeat(2, 0).repeat(2, 1) - 128 for plane in chroma)
    bright = (luma - 16) * 255 / 219
    red, blue = red * 255 / 224, blue * 255 / 224
    green = bright - 0.344136 * blue - 0.714136 * red
    return np.stack([bright + 1.402 * red, green, bright + 1.772 * blue], axis=2)


@pytest.mark.parametrize(("width", "height"), [(256, 256), (192, 320), (322, 180), (64, 64)])
def test_i420_shows_what_rgba_shows(width: int, height: int) -> None:
    renderer = MeshRenderer(load("maya"), width, height, "#c04020")
    frame = np.zeros((height * 3 // 2, width), np.uint8)
    renderer.draw(weights(jawOpen=0.5), HeadPose(5, 0, 0), frame)
    picture = renderer.draw_rgba(weights(jawOpen=0.5), HeadPose(5, 0, 0))[..., :3]
    blocks = (height // 2, 2, width // 2, 2, 3)
    seen = decode(frame, width, height).reshape(blocks).mean(axis=(1, 3))
    meant = picture.reshape(blocks).mean(axis=(1, 3))
    assert np.abs(seen - meant).max() < 6
    assert np.abs(seen - meant).mean() < 1.5


def test_every_buffer_gets_the_whole_frame() -> None:
    """A caller may hand over another buffer each time, though little was redrawn."""
    renderer = MeshRenderer(load("amy"), 64, 64)
    frames = [np.zeros((96, 64), np.uint8) for _ in range(2)]
    for frame in frames:
        renderer.draw(weights(), REST, frame)
    assert np.array_equal(frames[0], frames[1])
    assert frames[0].min() > 0


@pytest.mark.parametrize("size", [(512, 288), (288, 512), (96, 1280), (1280, 96)])
def test_head_fits_whatever_the_shape(size: tuple[int, int]) -> None:
    """Eyes above the middle, the face not cut off; very flat pictures may crop hair."""
    from avatar_worker.render.camera import frame_head

    width, height = size
    head = load("amy")
    camera = frame_head(head, width, height)
    skin = head.base[np.isin(head.vertex_part, [head.part_names.index("skin")]), :3]
    skin = skin[head.head_share[np.isin(head.vertex_part, [head.part_names.index("skin")])] == 1]
    places = (skin - camera.position) @ camera.axes.T
    x = camera.lens[0] + camera.lens[2] * places[:, 0] / places[:, 2]
    y = camera.lens[1] - camera.lens[2] * places[:, 1] / places[:, 2]
    assert y.min() > 0 and y.max() < height
    assert width < height / 4 or (x.min() > 0 and x.max() < width)


@pytest.mark.parametrize("name", HEADS)
def test_a_wide_picture_does_not_cut_off_the_hair(name: str) -> None:
    """While every face is as large as the others', and a square shows the eyes where it did."""
    from avatar_worker.render.camera import frame_head

    head = load(name)
    own = head.base[head.head_share > 0.5, :3]
    for width, height in ((1280, 720), (512, 512)):
        camera = frame_head(head, width, height)
        places = (own - camera.position) @ camera.axes.T
        top = float((camera.lens[1] - camera.lens[2] * places[:, 1] / places[:, 2]).min())
        assert top > 0.02 * height
        assert camera.lens[2] == frame_head(load("amy"), width, height).lens[2]
    eyes = head.eye_centres.mean(axis=0) - camera.position
    _, up, forward = camera.axes @ eyes
    assert (camera.lens[1] - camera.lens[2] * up / forward) / height == pytest.approx(
        0.405, abs=0.002
    )


@pytest.mark.parametrize("size", [(62, 64), (64, 65), (1922, 64), (64, 0)])
def test_wrong_size_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="even number of pixels from 64 to 1920"):
        MeshRenderer(load("amy"), *size)


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "d9dee6"])
def test_wrong_background_is_refused(colour: str) -> None:
    with pytest.raises(ValueError, match="#d9dee6"):
        MeshRenderer(load("amy"), 64, 64, colour)


def test_wrong_buffer_and_weights_are_refused() -> None:
    renderer = MeshRenderer(load("amy"), 64, 64)
    with pytest.raises(ValueError, match="needs a uint8 buffer"):
        renderer.draw(weights(), REST, np.zeros((64, 64), np.uint8))
    with pytest.raises(ValueError, match="52 weights"):
        renderer.draw(np.zeros(51, np.float32), REST, np.zeros((96, 64), np.uint8))


def test_background_has_the_colour_asked_for() -> None:
    for colour in ("#3060c0", "#101010", "#ffffff"):
        corner = MeshRenderer(load("amy"), 64, 64, colour).draw_rgba(weights(), REST)[:12, :12, :3]
        meant = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(corner.mean(axis=(0, 1)) - meant).max() < 32


def test_a_painted_background_is_neither_changed_nor_drawn_over() -> None:
    painted = np.random.default_rng(0).integers(0, 256, (64, 96, 4), np.uint8)
    before = painted.copy()
    drawn = MeshRenderer(load("amy"), 96, 64, painted).draw_rgba(weights(), REST)
    assert np.array_equal(painted, before)
    assert np.array_equal(drawn[:12, :12, :3], before[:12, :12, :3])
    with pytest.raises(ValueError, match="64x96 picture must be"):
        MeshRenderer(load("amy"), 64, 96, painted)


def _draw_in_child(head: Head, answer: Connection) -> None:
    renderer = MeshRenderer(head, 64, 64)
    answer.send(renderer.draw_rgba(weights(jawOpen=0.5), REST))


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"
)
def test_forked_process_draws_the_same_picture() -> None:
    """A room's process is forked from one that has loaded the head and drawn with it."""
    head = load("amy")
    expected = MeshRenderer(head, 64, 64).draw_rgba(weights(jawOpen=0.5), REST)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_draw_in_child, args=(head, theirs))
    child.start()
    assert ours.poll(20), "the forked renderer hangs"
    assert np.array_equal(ours.recv(), expected)
    child.join()


@pytest.mark.parametrize("head", HEADS)
def test_small_redraw_differs_from_a_whole_one(head: str) -> None:
    """A blink is drawn into the kept picture as it would be into a new one: hair, lashes, lips."""
    kept, fresh = (MeshRenderer(load(head), SIDE, SIDE) for _ in range(2))
    face = {"eyeBlinkLeft": 1.0, "mouthSmile": 0.3}
    small = bright(kept, face)
    bright(fresh, {"jawOpen": 1.0}, HeadPose(20, 9, 9))
    whole = bright(fresh, face)
    assert changed(small, whole) < 10
    assert (small != whole).any(axis=2).mean() < 0.01


def test_usual_pose_leaves_traces_of_an_unusual_one() -> None:
    renderer = MeshRenderer(load("amy"), SIDE, SIDE)
    rest = bright(renderer, {})
    bright(renderer, {}, HeadPose(yaw=80))
    assert changed(bright(renderer, {}), rest) < 10


def test_see_through_backdrop_rims_the_head() -> None:
    """Alpha is straight: a pixel half covered has the head's colour, not that of nothing."""
    clear = np.zeros((SIDE, SIDE, 4), np.uint8)
    picture = MeshRenderer(load("ben"), SIDE, SIDE, clear).draw_rgba(weights(), REST)
    white = clear.copy()
    white[..., :3] = 255
    other = MeshRenderer(load("ben"), SIDE, SIDE, white).draw_rgba(weights(), REST)
    partly = (picture[..., 3] > 32) & (picture[..., 3] < 224)
    assert partly.sum() > 100
    assert np.array_equal(picture[..., 3], other[..., 3])
    assert np.abs(picture[partly].astype(int) - other[partly]).max() <= 1
