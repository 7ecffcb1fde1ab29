"""Faces between the thread that moves them and those who draw for themselves."""

from __future__ import annotations

from avatar_worker.player.frame import Acted


class Faces:
    """What the face shows, by slot, while somebody watches or listens.

    Not thread-safe: the player's condition is to be held.
    """

    def __init__(self) -> None:
        self._acted: dict[int, Acted] = {}
        self._until = -1
        self._watched = False
        self._listened = False

    @property
    def watched(self) -> bool:
        """Faces are kept whatever happens."""
        return self._watched

    @property
    def listened(self) -> bool:
        """Faces are kept, and are wanted while there is speech."""
        return self._listened

    def watch(self, wanted: bool) -> None:
        self._watched = wanted
        self._acted.clear()

    def listen(self, wanted: bool) -> None:
        self._listened = wanted
        self._acted.clear()

    def keep(self, serial: int, acted: Acted) -> None:
        """The face has moved as far as that slot."""
        self._until = serial
        if self._watched or self._listened:
            self._acted[serial] = acted

    def knows(self, serial: int) -> bool:
        """The face has moved as far as that slot."""
        return serial <= self._until

    def take(self, serial: int) -> Acted | None:
        """The face of a slot, where it is kept; those of earlier slots are void."""
        for earlier in [acted for acted in self._acted if acted < serial]:
            del self._acted[earlier]
        return self._acted.pop(serial, None)

    def drop(self, after: int) -> None:
        """Those of slots ``after`` one are void."""
        self._acted = {at: acted for at, acted in self._acted.items() if at <= after}
        self._until = min(self._until, after)
