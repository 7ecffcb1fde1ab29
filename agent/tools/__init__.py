"""What the model can do besides talking: LiveKit function tools, ours and a user's own."""

from .collect import collect_tools

__all__ = ["collect_tools"]
