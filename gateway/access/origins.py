"""From which sites a browser may use the gateway."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


class Origins:
    """The gateway's own, under whatever name it was reached, and those in ``listed``."""

    def __init__(self, listed: Collection[str]) -> None:
        """``listed``: as browsers write them, ``null`` included where it is meant."""
        self.listed = tuple(listed)

    def allow(self, origin: str | None, host: str | None) -> bool:
        """Whether a request with the headers ``Origin`` and ``Host`` may be served. What sends no
        origin is no other site's page: browsers always send it where it could do harm."""
        return origin is None or origin in self.listed or _is_own(origin, host)


def _is_own(origin: str, host: str | None) -> bool:
    scheme, _, site = origin.lower().partition("://")
    port = _DEFAULT_PORTS.get(scheme)
    if port is None or not host:
        return False
    return site.removesuffix(port) == host.lower().removesuffix(port)
