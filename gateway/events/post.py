"""How a message gets to where somebody wants it, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from safe_fetch import FetchError, Resolve, check, reach, resolve_here

TIMEOUT_SECONDS: Final = 10.0
LONGEST_URL: Final = 2000
"""Characters."""


@dataclass(frozen=True)
class Answer:
    """Of a receiver; what it says besides is not read."""

    status: int
    """Of HTTP."""
    retry_after: float | None = None
    """Seconds, where it asks for them."""

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[Answer]]
"""URL, body, headers. Raises :class:`safe_fetch.FetchError`."""


def make_post(*, allow_private: bool, timeout: float = TIMEOUT_SECONDS) -> Post:
    """POST by the rules of :mod:`safe_fetch`, within ``timeout`` seconds, without redirects."""

    async def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        _check_scheme(url, allow_private)
        host = urlsplit(url).hostname
        try:
            async with (
                asyncio.timeout(timeout),
                reach(url, allow_private=allow_private) as session,
                session.post(url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                waited_for = response.headers.get("Retry-After", "")
                seconds = (
                    float(waited_for) if waited_for.isascii() and waited_for.isdigit() else None
                )
                return Answer(response.status, seconds)
        except TimeoutError:
            raise FetchError(f"{host} took longer than {timeout:g} s") from None

    return post


async def check_receiver(url: str, *, allow_private: bool, resolve: Resolve = resolve_here) -> None:
    """Refuse a URL that events shall not be sent to; it is checked again whenever one is.

    ``allow_private``: the setting ``FETCH_PRIVATE``, without which only ``https`` will do. Raises
    :class:`FetchError`.
    """
    if len(url) > LONGEST_URL:
        raise FetchError(f"a webhook's URL has at most {LONGEST_URL} characters")
    _check_scheme(url, allow_private)
    await check(url, allow_private=allow_private, resolve=resolve)


def _check_scheme(url: str, allow_private: bool) -> None:
    """What people said goes over the internet sealed, or not at all."""
    if not allow_private and url[:8].lower() != "https://":
        raise FetchError(
            "a webhook's URL must begin with https:// (FETCH_PRIVATE=true allows http://)"
        )
