"""Pictures made small enough for a language model. All of it blocks: call it on a thread."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Final, Literal

from livekit import rtc
from PIL import Image, ImageOps

from safe_pictures import MAX_JPEG_SCANS, has_too_many_scans, in_smooth_mode

Source = Literal["screen", "camera", "file"]

SIDE: Final = 1024
"""Pixels of the longer side, at most: OpenAI scales a shorter side to 768, Gemini cuts tiles of
768."""
QUALITY: Final = 75
MOST_PIXELS: Final = 50_000_000
"""Of a picture that somebody sends."""
FORMATS: Final = ("JPEG", "PNG", "WEBP")


class PictureError(ValueError):
    """A picture cannot be used; the text says why, in one sentence."""


@dataclass(frozen=True, eq=False)
class Picture:
    """What a model is shown."""

    source: Source
    jpeg: bytes
    view: object | None = None
    """The view of a shared track that it was taken from."""

    @property
    def url(self) -> str:
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}"


def shrink_frame(frame: rtc.VideoFrame, turn: int = 0) -> bytes:
    """The frame as JPEG, no larger than :data:`SIDE`.

    ``turn``: quarters by which it is to be turned clockwise to stand upright; a phone's may be.
    """
    is_rgba = frame.type == rtc.VideoBufferType.RGBA  # which LiveKit does not convert to itself
    rgba = frame if is_rgba else frame.convert(rtc.VideoBufferType.RGBA)
    picture = Image.frombytes("RGBA", (rgba.width, rgba.height), bytes(rgba.data)).convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    if turn:
        picture = picture.rotate(-90 * turn, expand=True)
    return _to_jpeg(picture)


def is_picture(data: bytes) -> bool:
    """By its first bytes: PNG, JPEG, WebP."""
    return (
        data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))
        or data[:4] + data[8:12] == b"RIFFWEBP"
    )


def shrink_picture(name: str, data: bytes) -> bytes:
    """A file's picture as JPEG, no larger than :data:`SIDE`, the right way up and on white.

    What else is in the file, such as the place where it was taken, is left out.

    Raises :class:`PictureError`.
    """
    try:
        picture: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = picture.size
        if width * height > MOST_PIXELS:
            raise PictureError(
                f"{name} has {width} by {height} pixels, {MOST_PIXELS // 1_000_000} million at most"
            )
        if has_too_many_scans(data):
            raise PictureError(f"{name} is a JPEG of more than {MAX_JPEG_SCANS} scans")
        picture.draft("RGB", (SIDE, SIDE))
        picture = ImageOps.exif_transpose(in_smooth_mode(picture))
        picture.thumbnail((SIDE, SIDE))
        picture = picture.convert("RGBA")
    except PictureError:
        raise
    except Image.DecompressionBombError:
        most = MOST_PIXELS // 1_000_000
        raise PictureError(f"{name} has more than {most} million pixels") from None
    except Exception as error:  # Pillow lets through whatever a broken file makes fail
        raise PictureError(f"{name} is not a sound PNG, JPEG or WebP picture") from error
    white = Image.new("RGBA", picture.size, "white")
    return _to_jpeg(Image.alpha_composite(white, picture).convert("RGB"))


def to_frame(jpeg: bytes) -> rtc.VideoFrame:
    """As a realtime model takes it."""
    picture = Image.open(io.BytesIO(jpeg)).convert("RGBA")
    return rtc.VideoFrame(*picture.size, rtc.VideoBufferType.RGBA, picture.tobytes())


def _to_jpeg(picture: Image.Image) -> bytes:
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=QUALITY)
    return kept.getvalue()
