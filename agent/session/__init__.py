"""The agent's side of a session that was asked for at the gateway: what it shall be, what happens
in it, how long it may last, and the gateway's wishes while it runs."""

from .asked import Asked, AskedError
from .beginning import begin_apart, recall, refuse
from .casual import Casual
from .sitting import Sitting

__all__ = ["Asked", "AskedError", "Casual", "Sitting", "begin_apart", "recall", "refuse"]
