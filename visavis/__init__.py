"""Visavis: a face for your LiveKit agent.

from visavis import AvatarSession

avatar = AvatarSession()
await avatar.start(session, room=ctx.room)
"""

from typing import TYPE_CHECKING, Any

from .protocol import ARKIT_NAMES, AvatarDispatch, PlaybackFinished, ProtocolError

if TYPE_CHECKING:
    from .avatar_session import AvatarSession

__all__ = ["ARKIT_NAMES", "AvatarDispatch", "AvatarSession", "PlaybackFinished", "ProtocolError"]


def __getattr__(name: str) -> Any:
    """The protocol alone must not cost the seconds that LiveKit Agents takes to import."""
    if name == "AvatarSession":
        from .avatar_session import AvatarSession

        return AvatarSession
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
