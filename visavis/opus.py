"""Speech as Opus on its way to an avatar that reads it.

As PCM a second of speech is 48 kB, and each of them takes sender, server and receiver together 2
to 3 ms of processor (livekit 1.1.21, an EPYC); as Opus it is a quarter, and to code and decode it
takes 10 ms. What a listener hears is coded once more, by WebRTC, at a third of these bits.

Each packet goes after its length, 2 bytes big-endian; the first is the stream's ``OpusHead`` (RFC
7845 §5.1). Before the last few, which complete it, comes a length of 0 and then, in 4 bytes, how
many samples at 48 kHz the whole has.
"""

from __future__ import annotations

import functools
import struct
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from .segment import RATE

DECODED_RATE: Final = 48_000
"""Hz of what comes out, and of what ``OpusHead`` counts in."""
BITRATE: Final = 96_000
"""Bits a second: beyond what RFC 7587 §3.1.1 recommends for full-band speech (28 to 40 kbit/s) by
far, since WebRTC codes it again."""
FRAME: Final = RATE // 100
"""Samples of a packet (10 ms): what is less waits for more."""
_OPTIONS: Final = {
    # 2.5 ms of look-ahead instead of 6.5 (RFC 6716 §2.2): lip-sync waits for what is inside.
    "application": "lowdelay",
    "frame_duration": "10",
    "compression_level": "5",
}
_LENGTH: Final = struct.Struct(">H")
_TOTAL: Final = struct.Struct(">I")

Sound = NDArray[np.int16]


class OpusError(ValueError):
    """This cannot be coded, or is not such a stream; the text says why."""


@functools.cache
def is_opus_here() -> bool:
    """FFmpeg's libraries have ``libopus``, as in PyAV's wheels."""
    try:
        return all(av.Codec("libopus", mode) for mode in ("r", "w"))
    except ValueError:
        return False


class SpeechEncoder:
    """Codes one segment. Takes some 6 ms for a second."""

    def __init__(self) -> None:
        """Where :func:`is_opus_here`."""
        codec = av.CodecContext.create("libopus", "w")
        assert isinstance(codec, av.AudioCodecContext)
        codec.sample_rate, codec.layout, codec.format = RATE, "mono", "s16"
        codec.bit_rate, codec.options = BITRATE, _OPTIONS
        codec.open()
        self._codec = codec
        self._rest = b""
        self._samples = 0
        self._head = codec.extradata or b""

    def push(self, audio: bytes) -> bytes:
        """int16 mono at :data:`.RATE`; what goes on the wire now, perhaps nothing.

        Raises :class:`OpusError`.
        """
        self._samples += len(audio) // 2
        audio = self._rest + audio
        whole = len(audio) - len(audio) % (2 * FRAME)
        self._rest = audio[whole:]
        return self._begin() + self._encode(audio[:whole])

    def finish(self) -> bytes:
        """The rest of the segment. Raises :class:`OpusError`."""
        total = self._samples * DECODED_RATE // RATE
        rest = self._encode(self._rest + bytes(-len(self._rest) % (2 * FRAME)))
        return self._begin() + _LENGTH.pack(0) + _TOTAL.pack(total) + rest + self._take(None)

    def _begin(self) -> bytes:
        head, self._head = self._head, b""
        return _framed(head) if head else b""

    def _encode(self, audio: bytes) -> bytes:
        packets = []
        for start in range(0, len(audio), 2 * FRAME):
            piece = np.frombuffer(audio, "<i2", FRAME, start)
            frame = av.AudioFrame.from_ndarray(piece[None], "s16", "mono")
            frame.sample_rate = RATE
            packets.append(self._take(frame))
        return b"".join(packets)

    def _take(self, frame: av.AudioFrame | None) -> bytes:
        try:
            return b"".join(_framed(bytes(packet)) for packet in self._codec.encode(frame))
        except av.FFmpegError as error:
            raise OpusError(f"speech could not be coded: {error}") from None


class SpeechDecoder:
    """Reads what :class:`SpeechEncoder` wrote, however it was cut on its way."""

    rate = DECODED_RATE

    def __init__(self) -> None:
        """Where :func:`is_opus_here`."""
        codec = av.CodecContext.create("libopus", "r")
        assert isinstance(codec, av.AudioCodecContext)
        codec.sample_rate, codec.layout = DECODED_RATE, "mono"
        self._codec = codec
        self._wire = b""
        self._skip: int | None = None
        """Samples that the codec needed to begin; None before the head."""
        self._total: int | None = None
        """Samples of the whole; None: not known yet."""
        self._given = 0

    def push(self, data: bytes) -> Sound:
        """(n,) at 48 kHz. Raises :class:`OpusError`."""
        self._wire += data
        pieces: list[Sound] = [np.zeros(0, np.int16)]
        while (packet := self._next()) is not None:
            pieces.append(self._decode(packet))
        return np.concatenate(pieces)

    def _next(self) -> bytes | None:
        """The next packet, where all of it is there."""
        while len(self._wire) >= _LENGTH.size:
            [length] = _LENGTH.unpack_from(self._wire)
            end = _LENGTH.size + (length or _TOTAL.size)
            if len(self._wire) < end:
                break
            packet, self._wire = self._wire[_LENGTH.size : end], self._wire[end:]
            if length:
                return packet
            self._total = _TOTAL.unpack(packet)[0]
        return None

    def _decode(self, packet: bytes) -> Sound:
        if self._skip is None:
            self._skip = _pre_skip(packet)
            return np.zeros(0, np.int16)
        try:
            frames = self._codec.decode(av.Packet(packet))
        except av.FFmpegError as error:
            raise OpusError(f"a packet of {len(packet)} bytes is not Opus: {error}") from None
        sound = np.concatenate([np.zeros(0, np.int16), *(f.to_ndarray()[0] for f in frames)])
        skipped = min(self._skip, len(sound))
        self._skip -= skipped
        sound = sound[skipped:]
        if self._total is not None:
            sound = sound[: max(0, self._total - self._given)]
        self._given += len(sound)
        return sound


def _framed(packet: bytes) -> bytes:
    return _LENGTH.pack(len(packet)) + packet


def _pre_skip(head: bytes) -> int:
    """Samples at 48 kHz that the codec needed to begin."""
    if not head.startswith(b"OpusHead") or len(head) < 12:
        raise OpusError(f"the speech begins with {head[:8]!r}, not with OpusHead")
    return int.from_bytes(head[10:12], "little")
