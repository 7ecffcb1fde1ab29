"""The playback clock: what is heard and seen when."""

from .frame import Acted, Frame
from .player import Player
from .pump import Counters, Output
from .spoken import Spoken
from .timeline import Event, Finished, Playhead, Started, Timeline
from .tracks import Encoding, RoomTracks
from .voice import SpeechReader, Voice, VoiceError

__all__ = [
    "Acted",
    "Counters",
    "Encoding",
    "Event",
    "Finished",
    "Frame",
    "Output",
    "Player",
    "Playhead",
    "RoomTracks",
    "SpeechReader",
    "Spoken",
    "Started",
    "Timeline",
    "Voice",
    "VoiceError",
]
