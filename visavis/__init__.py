"""Visavis: a face for your LiveKit agent.

from visavis import AvatarSession

avatar = AvatarSession()
await avatar.start(session, room=ctx.room)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .playback import PlaybackFinished
from .protocol import ARKIT_NAMES, AvatarDispatch, ProtocolError

if TYPE_CHECKING:
    from .appearance import Appearance, AppearanceChange, AppearanceError
    from .avatar_session import AvatarSession

__all__ = [
    "ARKIT_NAMES",
    "Appearance",
    "AppearanceChange",
    "AppearanceError",
    "AvatarDispatch",
    "AvatarSession",
    "PlaybackFinished",
    "ProtocolError",
]

_LATER = {
    "Appearance": ".appearance",
    "AppearanceChange": ".appearance",
    "AppearanceError": ".appearance",
    "AvatarSession": ".avatar_session",
}


def __getattr__(name: str) -> Any:
    """The protocol alone must not cost the seconds that LiveKit and its Agents take to import."""
    if name in _LATER:
        return getattr(import_module(_LATER[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
