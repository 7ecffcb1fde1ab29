"""What can be behind the head, and what cannot."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from avatar_worker import image as image_module
from avatar_worker.background import BackgroundError, Backgrounds, painted, public_name
from avatar_worker.image import ImageError, decode_image
from safe_fetch import Fetched, FetchError

RED, BLUE = (200, 30, 40), (20, 60, 180)


def halves(width: int, height: int, *, side: bool = True) -> Image.Image:
    """Red, and blue on the right, or below."""
    picture = Image.new("RGB", (width, height), RED)
    corner = (width // 2, 0) if side else (0, height // 2)
    picture.paste(BLUE, (*corner, width, height))
    return picture


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


class Web:
    """Stands in for the internet."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content
        self.asked: list[str] = []

    async def __call__(self, url: str) -> Fetched:
        self.asked.append(url)
        if not self.content:
            raise FetchError("example.org answers 404 Not Found")
        return Fetched(self.content, "image/png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "backgrounds"
    inside.mkdir()
    halves(400, 200).save(inside / "halves.png")
    halves(400, 200).save(tmp_path / "secret.png")
    (inside / "linked.png").symlink_to(tmp_path / "secret.png")
    (inside / "notes.txt").write_text("no picture")
    (inside / "broken.jpg").write_bytes(encode(halves(64, 64), "JPEG")[:200])
    return inside


@pytest.mark.parametrize("size", [(256, 256), (1280, 720), (720, 1280)])
async def test_a_picture_is_not_squeezed_into_the_frame(
    folder: Path, size: tuple[int, int]
) -> None:
    backdrop = await Backgrounds(folder, Web()).open("halves.png")
    frame = backdrop.paint(*size)
    width, height = size
    assert frame.shape == (height, width, 4) and frame.dtype == np.uint8
    assert (frame[:, : width // 4, :3] == RED).all()
    assert (frame[:, -(width // 4) :, :3] == BLUE).all()


@pytest.mark.parametrize(("kind", "off"), [("PNG", 0), ("WEBP", 4), ("JPEG", 4)])
def test_colours_of_a_picture_do_not_change(kind: str, off: int) -> None:
    decoded = decode_image(encode(halves(64, 32), kind, quality=95))
    assert np.abs(decoded[4, 8, :3].astype(int) - RED).max() <= off
    assert np.abs(decoded[4, 56, :3].astype(int) - BLUE).max() <= off


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_colour_profile_is_not_ignored(kind: str) -> None:
    """The profile says that the file's red is blue and its blue red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"swap").replace(b"bXYZ", b"rXYZ").replace(b"swap", b"bXYZ")
    content = encode(Image.new("RGB", (16, 16), RED), kind, icc_profile=swapped, quality=100)
    assert np.abs(decode_image(content)[8, 8, :3].astype(int) - RED[::-1]).max() < 12


def test_a_photo_does_not_lie_on_its_side() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    decoded = decode_image(encode(halves(64, 32), "JPEG", exif=exif.tobytes(), quality=95))
    assert decoded.shape[:2] == (64, 32)
    assert np.abs(decoded[8, 16, :3].astype(int) - RED).max() < 6
    assert np.abs(decoded[56, 16, :3].astype(int) - BLUE).max() < 6


def test_a_picture_of_too_many_pixels_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_module, "MOST_PIXELS", 1000)
    with pytest.raises(ImageError, match="has 64x32 pixels"):
        decode_image(encode(halves(64, 32), "PNG"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_large_picture_does_not_stay_large(kind: str) -> None:
    decoded = decode_image(encode(halves(2600, 2600), kind))
    assert decoded.shape == (1280, 1280, 4)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"#EXTM3U\nfile:///etc/passwd\n", b"\x89PNG"])
def test_what_is_no_picture_does_not_get_far(content: bytes) -> None:
    with pytest.raises(ImageError, match="no JPEG, PNG or WebP"):
        decode_image(content)


async def test_half_a_picture_is_not_shown(folder: Path) -> None:
    with pytest.raises(BackgroundError, match=r"broken\.jpg is damaged"):
        await Backgrounds(folder, Web()).open("broken.jpg")


async def test_a_picture_that_is_not_opaque_does_not_show_black() -> None:
    web = Web(encode(Image.new("RGBA", (64, 64), (0, 0, 0, 0)), "PNG"))
    frame = (await Backgrounds(None, web).open("https://example.org/clear.png")).paint(64, 64)
    assert (frame == (0xD9, 0xDE, 0xE6, 255)).all()


@pytest.mark.parametrize(
    "name", ["../secret.png", "linked.png", "/etc/passwd", "notes.txt", "nobody.png", ".", "",
             "halves.png/", "..", "red", "#12345g", "#123456..", "#123456..#12"],
)  # fmt: skip
async def test_nothing_outside_the_folder_is_shown(folder: Path, name: str) -> None:
    backgrounds = Backgrounds(folder, Web())
    with pytest.raises(BackgroundError, match=r"#rrggbb.*broken\.jpg, halves\.png"):
        backgrounds.check(name)
    with pytest.raises(BackgroundError):
        await backgrounds.open(name)


def test_a_live_picture_is_not_promised_to_be_transparent(folder: Path) -> None:
    with pytest.raises(BackgroundError, match="a live picture cannot be transparent"):
        Backgrounds(folder, Web()).check("transparent")


async def test_without_a_folder_no_file_is_shown(folder: Path) -> None:
    with pytest.raises(BackgroundError, match="there is no background"):
        await Backgrounds(None, Web()).open(str(folder / "halves.png"))


async def test_a_picture_of_the_web_is_not_decoded_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    web = Web(encode(halves(64, 32), "PNG"))
    backgrounds = Backgrounds(None, web)
    first = await backgrounds.open("https://example.org/a.png?key=1")
    monkeypatch.setattr("avatar_worker.background.decode_image", lambda _: pytest.fail("again"))
    second = await backgrounds.open("https://example.org/b.png")
    assert (first.name, second.name) == ("https://example.org/a.png", "https://example.org/b.png")
    assert len(web.asked) == 2


async def test_a_picture_that_does_not_come_is_not_a_traceback() -> None:
    with pytest.raises(BackgroundError, match=r"could not be fetched: example\.org answers 404"):
        await Backgrounds(None, Web()).open("https://example.org/a.png")


def test_a_gradient_is_neither_stepped_nor_upside_down() -> None:
    backdrop = painted("#102030..#a0b0c0")
    assert backdrop is not None
    frame = backdrop.paint(64, 256)
    rows = frame[..., :3].astype(float).mean(axis=1)
    assert np.abs(rows[0] - (0x10, 0x20, 0x30)).max() < 2
    assert np.abs(rows[-1] - (0xA0, 0xB0, 0xC0)).max() < 2
    assert (np.diff(rows, axis=0) > -0.5).all() and np.diff(rows, axis=0).max() < 1.5
    assert (frame[..., 3] == 255).all()


def test_a_key_in_a_url_is_not_published() -> None:
    assert public_name("https://me:pw@x.org/a.png?key=secret#f") == "https://x.org/a.png"
    assert public_name("https://[") == "a URL"
    assert public_name("halves.png") == "halves.png"
