"""``/ws``: the protocol of avatar-chat-server, for clients without WebRTC."""

from .host import Host
from .routes import bridge_routes

__all__ = ["Host", "bridge_routes"]
