"""Recordings as others make them."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np

PIECE = 20 * 1024
"""Samples of each part of :func:`write_changing`."""


def write_changing(path: Path) -> Path:
    """ADTS that is mono of 16 kHz, then stereo of 48 kHz, as a radio's stream may be."""
    path.write_bytes(_adts(16_000, "mono") + _adts(48_000, "stereo"))
    return path


def _adts(rate: int, layout: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="adts") as container:
        stream = container.add_stream("aac", rate=rate, layout=layout)
        hum = (0.2 * np.sin(2 * np.pi * 220 * np.arange(PIECE) / rate)).astype(np.float32)
        both = np.repeat(hum[None], stream.codec_context.channels, axis=0)
        for start in range(0, PIECE, 1024):
            piece = np.ascontiguousarray(both[:, start : start + 1024])
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
