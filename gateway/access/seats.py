"""How many WebSockets somebody may have open at once at this gateway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from ..problems import Problem


class Seats:
    def __init__(self, most: int) -> None:
        """``most``: for each name, an address or the id of an API key."""
        self._most = most
        self._taken: Counter[str] = Counter()

    @contextmanager
    def take(self, name: str) -> Iterator[None]:
        """For as long as the connection is open. Raises :class:`Problem`: 429."""
        if self._taken[name] >= self._most:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too_many_connections",
                "Too many open connections",
                f"At most {self._most} may be open at once. Close one first.",
                retry_after=10,
            )
        self._taken[name] += 1
        try:
            yield
        finally:
            self._taken[name] -= 1
            if not self._taken[name]:
                del self._taken[name]
