"""How often somebody may ask, counted here or, by several gateways together, in Redis."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Literal

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError

from settings import Settings

from ..problems import Problem
from .windows import MemoryWindows

logger = logging.getLogger("visavis.gateway")

Kind = Literal["address", "origin", "session", "key", "files"]

REDIS_SECONDS: Final = 0.25
"""Redis may take this long to answer; it is in the way of every request."""
REDIS_PAUSE: Final = 5.0
"""Seconds after a failure in which it is not asked."""

_NAMES: Final[Mapping[Kind, str]] = {
    "address": "from this address",
    "origin": "from this site",
    "session": "for this session",
    "key": "with this key",
    "files": "from this address",
}


def rates_of(key_rate: int) -> dict[Kind, RateLimitItem]:
    """What is allowed of each kind in a moving window. ``key_rate``: with one key, a minute."""
    return {
        "address": RateLimitItemPerSecond(50, 10),
        "origin": RateLimitItemPerSecond(100, 10),
        "session": RateLimitItemPerSecond(30, 6),
        "key": RateLimitItemPerMinute(key_rate),
        "files": RateLimitItemPerSecond(1000, 10),
    }


class Rates:
    """Counts; while Redis does not answer, each gateway for itself."""

    def __init__(
        self,
        rates: Mapping[Kind, RateLimitItem],
        redis_url: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``clock``: Unix seconds. The rates of nothing but the kinds in ``rates`` are limited."""
        self._rates = rates
        self._clock = clock
        self._own = MemoryWindows(clock)
        self._redis = None if redis_url is None else _redis(redis_url)
        self._shared = None if self._redis is None else MovingWindowRateLimiter(self._redis)
        self._pause_until = 0.0
        self._failing = False

    @classmethod
    def from_settings(cls, settings: Settings) -> Rates:
        rates = rates_of(settings.auth_key_rate) if settings.auth_enable_rate_limiting else {}
        return cls(rates, settings.redis_url)

    async def hit(self, kind: Kind, name: str) -> None:
        """Count a request of ``name``. Raises :class:`Problem`: 429, where it is one too many; it
        is not counted then."""
        rate = self._rates.get(kind)
        if rate is None:
            return
        wait = await self._wait(rate, kind, name)
        if wait is not None:
            raise too_many(rate, kind, wait)

    async def hit_session(self, owner: str, id: str) -> None:
        """Count a change of a session by ``owner``, the id of an API key or empty. Raises
        :class:`Problem`: 429. Whoever else knows the session's id uses up nothing of theirs."""
        await self.hit("session", f"{owner} {id}")

    async def close(self) -> None:
        if self._redis is not None:
            bridge: Any = self._redis.bridge
            await bridge.get_connection().aclose()

    async def _wait(self, rate: RateLimitItem, kind: Kind, name: str) -> float | None:
        if self._shared is not None and self._clock() >= self._pause_until:
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    wait = await self._ask(self._shared, rate, kind, name)
            except (StorageError, TimeoutError, OSError):
                self._pause_until = self._clock() + REDIS_PAUSE
                if not self._failing:
                    logger.warning(
                        "REDIS_URL: Redis does not answer. Until it does, this gateway counts "
                        "requests for itself."
                    )
                self._failing = True
            else:
                if self._failing:
                    logger.info("Redis answers again")
                self._failing = False
                return wait
        return self._own.hit(f"{kind} {name}", rate.amount, rate.get_expiry())

    async def _ask(
        self, limiter: MovingWindowRateLimiter, rate: RateLimitItem, kind: Kind, name: str
    ) -> float | None:
        """Seconds to wait; None: it may go on."""
        if await limiter.hit(rate, kind, name):
            return None
        stats = await limiter.get_window_stats(rate, kind, name)
        return max(stats.reset_time - self._clock(), 0.0)


def too_many(rate: RateLimitItem, kind: Kind, wait: float) -> Problem:
    """429, with the fields of draft-ietf-httpapi-ratelimit-headers-10."""
    seconds = max(math.ceil(wait), 1)
    window = rate.get_expiry()
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_requests",
        "Too many requests",
        f"At most {rate.amount} in {window} s are allowed {_NAMES[kind]}. Wait {seconds} s.",
        retry_after=seconds,
        headers={
            "RateLimit-Policy": f'"{kind}";q={rate.amount};w={window}',
            "RateLimit": f'"{kind}";r=0;t={seconds}',
        },
    )


def _redis(url: str) -> RedisStorage:
    prefix = "async+redis+" if url.startswith("unix:") else "async+"
    storage: Storage = RedisStorage(
        prefix + url,
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix="visavis",
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
    )
    assert isinstance(storage, RedisStorage)
    return storage
