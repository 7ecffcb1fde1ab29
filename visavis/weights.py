"""One frame of a face as a packet of 76 bytes: for clients that draw for themselves.

Little-endian, without gaps; every field is there in every packet, so none depends on another:

====== ======= ====================================================================
offset type    field
====== ======= ====================================================================
0      uint8   version, :data:`VERSION`
1      uint8   bit 0: somebody speaks; bit 1: the voice is paused; others are 0, but for
               :class:`SpokenPacket`: bit 2: the segment is over; bit 3: before its end
2      uint16  track: a random number of this avatar's sound; another number is another clock
4      uint16  sequence: counts packets of a track, from 0, over 65535 to 0
6      uint32  time: milliseconds of the track's sound released before this frame began
10     uint32  segment: counts what the avatar was given to say, from 0; 0 in a silence
14     uint32  position: milliseconds of the segment released before this frame began
18     int16   yaw of the head in 1/100 degree, as ``avatar_worker.face.HeadPose`` has it
20     int16   pitch
22     int16   roll
24     uint8   52 weights in the order of ``ARKIT_NAMES``, 0 for 0 and 255 for 1
====== ======= ====================================================================
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from .protocol import ARKIT_NAMES, ProtocolError, read_object

VERSION: Final = 1
_LAYOUT: Final = struct.Struct(f"<BBHHIII3h{len(ARKIT_NAMES)}s")
SIZE: Final = _LAYOUT.size
"""Bytes of a packet."""
SOUND_RATE: Final = 24_000
"""Hz of the sound in a :class:`SpokenPacket`."""
_SPEAKING, _PAUSED, _OVER, _CUT = 1, 2, 4, 8
_MOST_DEGREES: Final = 327.0


@dataclass(frozen=True)
class WeightsPacket:
    """What a face looks like from one moment of its sound on, for 1/30 s."""

    track: int
    """0..65535: whose clock :attr:`time_ms` and :attr:`sequence` are of."""
    sequence: int
    """Taken modulo 65536."""
    time_ms: int
    """Of the track's sound, since it began; taken modulo 2**32, which are 49 days."""
    weights: tuple[float, ...]
    """52, each 0..1, in the order of ``ARKIT_NAMES``."""
    yaw: float = 0.0
    """Degrees; positive turns the face to the person's left."""
    pitch: float = 0.0
    """Degrees; positive raises the chin."""
    roll: float = 0.0
    """Degrees; positive tilts the crown to the person's left shoulder."""
    segment: int | None = None
    """Which piece of speech; None while nobody speaks."""
    position_ms: int = 0
    """Of the segment."""
    paused: bool = False
    """The voice is held; it may be in the middle of a segment."""
    over: bool = False
    """The segment is over, at its :attr:`position_ms`. Only told beside sound."""
    cut: bool = False
    """It is over before its end: somebody interrupted."""

    def to_bytes(self) -> bytes:
        """:data:`SIZE` bytes. Weights and angles out of range are clipped."""
        flags = (
            (_SPEAKING if self.segment is not None else 0)
            | (_PAUSED if self.paused else 0)
            | (_OVER if self.over else 0)
            | (_CUT if self.cut else 0)
        )
        return _LAYOUT.pack(
            VERSION,
            flags,
            self.track,
            self.sequence & 0xFFFF,
            self.time_ms & 0xFFFFFFFF,
            (self.segment or 0) & 0xFFFFFFFF,
            self.position_ms & 0xFFFFFFFF,
            *map(_hundredths, (self.yaw, self.pitch, self.roll)),
            _bytes(self.weights),
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> WeightsPacket:
        """Raises :class:`ProtocolError` for what is no packet of this version.

        Bytes beyond :data:`SIZE` are left alone: a later minor addition would come there.
        """
        if not data or data[0] != VERSION:
            found = data[0] if data else None
            raise ProtocolError(f"a packet of weights has version {VERSION}, not {found}")
        if len(data) < SIZE:
            raise ProtocolError(f"a packet of weights has {SIZE} bytes, not {len(data)}")
        fields = _LAYOUT.unpack_from(data)
        _, flags, track, sequence, time_ms, segment, position_ms, yaw, pitch, roll, levels = fields
        return cls(
            track,
            sequence,
            time_ms,
            tuple(level / 255 for level in levels),
            yaw / 100,
            pitch / 100,
            roll / 100,
            segment if flags & _SPEAKING else None,
            position_ms,
            bool(flags & _PAUSED),
            bool(flags & _OVER),
            bool(flags & _CUT),
        )


@dataclass(frozen=True)
class SpokenPacket:
    """A frame with the very sound that belongs to it, for clients that take no WebRTC audio."""

    face: WeightsPacket
    """Its sequence counts the packets with sound alone: a gap in it is sound that was lost."""
    sound: bytes
    """int16 little-endian mono at :data:`SOUND_RATE`, of 1/30 s or less: the rest of the moment is
    another packet's. Empty where a segment is over."""

    def to_bytes(self) -> bytes:
        """The packet of the frame, and the sound behind it."""
        return self.face.to_bytes() + self.sound

    @classmethod
    def from_bytes(cls, data: bytes) -> SpokenPacket:
        """Raises :class:`ProtocolError`."""
        if len(data) % 2 != SIZE % 2:
            raise ProtocolError(f"a packet with sound has whole samples, not {len(data)} bytes")
        return cls(WeightsPacket.from_bytes(data[:SIZE]), data[SIZE:])


@dataclass(frozen=True)
class WatchWeights:
    """How a participant wants to see the face from its weights."""

    video: bool = True
    """It looks at the video as well. Where nobody does, no pictures are drawn."""
    audio: bool = False
    """Packets with sound while somebody speaks. It does not listen to the audio track."""
    idle: bool | None = None
    """Packets without sound as well, thirty a second, speech or none. None: unless with audio."""

    @property
    def wants_idle(self) -> bool:
        return not self.audio if self.idle is None else self.idle

    def to_json(self) -> str:
        return json.dumps({name: wish for name, wish in asdict(self).items() if wish is not None})

    @classmethod
    def from_json(cls, text: str) -> WatchWeights:
        """An empty text is the default. Raises :class:`ProtocolError`."""
        if not text:
            return cls()
        data = read_object(text, "the wish to watch weights")
        if unknown := sorted(set(data) - {"video", "audio", "idle"}):
            raise ProtocolError(f"unknown field in the wish to watch weights: {unknown[0]}")
        for name, wish in data.items():
            if not isinstance(wish, bool):
                raise ProtocolError(f"{name!r} in the wish to watch weights must be true or false")
        return cls(**data)


def _hundredths(degrees: float) -> int:
    return round(100 * min(max(degrees, -_MOST_DEGREES), _MOST_DEGREES))


def _bytes(weights: Iterable[float]) -> bytes:
    return bytes(round(255 * min(max(float(weight), 0.0), 1.0)) for weight in weights)
