"""Pictures of strangers: what would keep a core busy for hours, and what Pillow would spoil."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agent.seeing.pictures import PictureError, shrink_picture
from avatar_worker.heads import HeadError
from avatar_worker.image import ImageError, decode_image
from avatar_worker.render.gltf import Glb
from avatar_worker.render.gltf.images import read_image
from safe_pictures import MAX_JPEG_SCANS, has_too_many_scans, in_smooth_mode

from .head_files import data_uri
from .test_background import encode, halves

ORIENTATION = 0x0112


def of_many_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is there ``count`` times."""
    data = encode(halves(16, 16), "JPEG", progressive=True)
    last, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:last] + count * data[last:end] + data[end:]


def as_texture(data: bytes) -> Image.Image:
    return read_image(Glb(Path("a.glb"), {"images": [{"uri": data_uri(data)}]}, ()), 0)


def grey_of_16_bits(side: int = 64) -> bytes:
    """Half bright."""
    file = io.BytesIO()
    Image.fromarray(np.full((side, side), 32_768, np.uint16)).save(file, "PNG")
    return file.getvalue()


def test_a_jpeg_of_endless_scans_is_not_decoded() -> None:
    many = of_many_scans(MAX_JPEG_SCANS + 1)
    with pytest.raises(ImageError, match="more than 100 scans"):
        decode_image(many)
    with pytest.raises(PictureError, match="more than 100 scans"):
        shrink_picture("a.jpg", many)
    with pytest.raises(HeadError, match="more than 100 scans"):
        as_texture(many)


def test_a_jpeg_that_is_two_pictures_does_not_hide_its_scans() -> None:
    many = of_many_scans(MAX_JPEG_SCANS + 1)
    first, second = Image.open(io.BytesIO(many)), halves(16, 16)
    file = io.BytesIO()
    second.save(file, "MPO", save_all=True, append_images=[second])
    assert Image.open(file).format == "MPO" and first.format == "JPEG"
    segments = file.getvalue()
    mpf = segments[2 : segments.index(b"\xff\xdb")]
    hidden = many[:2] + mpf + many[2:]
    assert Image.open(io.BytesIO(hidden)).format == "MPO"
    with pytest.raises(HeadError, match="more than 100 scans"):
        as_texture(hidden)


def test_a_photo_with_its_film_behind_it_is_not_refused() -> None:
    photo = of_many_scans(10) + 500 * b"\xff\xda"
    assert not has_too_many_scans(photo)
    assert decode_image(photo).shape == (16, 16, 4)


def test_a_run_of_fill_bytes_does_not_hide_a_scan() -> None:
    many = of_many_scans(MAX_JPEG_SCANS + 1)
    assert has_too_many_scans(many.replace(b"\xff\xda", b"\xff\xff\xff\xda"))


def test_a_marker_without_a_length_does_not_hide_the_scans_behind_it() -> None:
    data = encode(halves(64, 64), "JPEG", progressive=True, restart_marker_blocks=1)
    last, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    scans = (MAX_JPEG_SCANS + 1) * data[last:end]
    hiding = b"\xff\x02\xff\xff" + scans.ljust(0xFFFF, b"\0")
    assert has_too_many_scans(data[:end] + hiding + data[end:])


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe1", 200 * b"\xff\xda"])
def test_what_is_no_whole_jpeg_does_not_break_the_count(data: bytes) -> None:
    assert not has_too_many_scans(data)


def test_a_grey_picture_of_16_bits_does_not_come_out_white() -> None:
    picture = grey_of_16_bits()
    assert np.abs(decode_image(picture)[..., :3].astype(int) - 128).max() <= 1
    texture = as_texture(picture)
    assert texture.mode == "RGBA" and texture.getpixel((9, 9)) == (128, 128, 128, 255)


def test_a_large_texture_of_16_bits_does_not_come_out_white() -> None:
    assert as_texture(grey_of_16_bits(2050)).getpixel((9, 9)) == (128, 128, 128, 255)


def test_16_bits_do_not_cost_a_picture_what_is_see_through() -> None:
    file = io.BytesIO()
    grey = np.array([[32_768, 60_000]], np.uint16)
    Image.fromarray(grey).save(file, "PNG", transparency=60_000)
    assert np.asarray(in_smooth_mode(Image.open(file)))[0].tolist() == [[128, 255], [234, 0]]


def test_a_drawing_of_black_and_white_is_not_thinned() -> None:
    lines = Image.new("1", (64, 64), 1)
    for x in range(0, 64, 4):
        lines.paste(0, (x, 0, x + 1, 64))
    for mode in ("1", "P"):
        small = in_smooth_mode(lines.convert(mode)).resize((16, 16)).convert("L")
        assert 150 < np.asarray(small).min() <= np.asarray(small).max() < 230


def test_16_bits_do_not_cost_a_picture_which_way_is_up() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    file = io.BytesIO()
    Image.fromarray(np.full((8, 16), 32_768, np.uint16)).save(file, "PNG", exif=exif)
    assert decode_image(file.getvalue()).shape == (16, 8, 4)
