"""Visavis: a face for your LiveKit agent.

from visavis import AvatarSession

avatar = AvatarSession()
await avatar.start(session, room=ctx.room)
"""

from .avatar_session import AvatarSession
from .protocol import ARKIT_NAMES, AvatarDispatch, PlaybackFinished, ProtocolError

__all__ = ["ARKIT_NAMES", "AvatarDispatch", "AvatarSession", "PlaybackFinished", "ProtocolError"]
