"""Recordings and films as a voice: whatever PyAV reads, as int16 PCM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray


class RecordingError(Exception):
    """A recording cannot be read or written; the text says which, why and what to do."""


@contextmanager
def open_recording(source: Path) -> Iterator[InputContainer]:
    """Raises :class:`RecordingError` where ``source`` has no audio that PyAV reads."""
    try:
        container = av.open(str(source))
    except FileNotFoundError:
        raise RecordingError(f"there is no file {source}") from None
    except (av.FFmpegError, OSError) as error:
        raise RecordingError(f"cannot read {source}: {reason(error)}") from error
    with container:
        if not container.streams.audio:
            raise RecordingError(f"{source} has no audio track")
        yield container


class Resampler:
    """PyAV's, which refuses what changes its channels, rate or format in its midst: as radio does,
    and recordings that were put together."""

    def __init__(
        self, format: str | None = None, layout: str | None = None, rate: int | None = None
    ) -> None:
        """As ``av.AudioResampler``: None keeps what the recording has at the time."""
        self._make = partial(av.AudioResampler, format=format, layout=layout, rate=rate)
        self._inner = self._make()
        self._kind: tuple[str, str, int] | None = None

    def resample(self, frame: av.AudioFrame | None) -> list[av.AudioFrame]:
        """What comes of ``frame``; None after the last one: all that is left."""
        rest: list[av.AudioFrame] = []
        if frame is not None:
            kind = frame.format.name, frame.layout.name, frame.sample_rate
            if self._kind not in (None, kind):
                rest = self._inner.resample(None)
                self._inner = self._make()
            self._kind = kind
        return [*rest, *self._inner.resample(frame)]


def pcm_of(recording: InputContainer) -> Iterator[tuple[NDArray[np.int16], int]]:
    """Yield (n, channels) int16 and its sample rate, as the file is read.

    Raises :class:`RecordingError` where its data are broken.
    """
    resampler = Resampler(format="s16")
    try:
        for frame in chain(recording.decode(audio=0), [None]):
            for plain in resampler.resample(frame):
                channels = plain.layout.nb_channels
                pcm = plain.to_ndarray().astype(np.int16, copy=False)
                yield pcm.reshape(-1, channels), plain.sample_rate
    except av.FFmpegError as error:
        raise RecordingError(f"cannot read {recording.name}: {reason(error)}") from error


def reason(error: Exception) -> str:
    """What the system says of ``error``, without its number."""
    return getattr(error, "strerror", None) or str(error)
