"""API keys: made, shown once, recognised, revoked."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from store import Keys, StoredKey

from ..problems import Problem

logger = logging.getLogger("visavis.gateway")

PREFIX: Final = "vv_"
"""By which a key that leaked is recognised, also by programs that look for such."""
_FORM: Final = re.compile(r"vv_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")

CACHE_SECONDS: Final = 2.0
"""A key that was revoked at another gateway opens this one no longer than this."""
MOST_CACHED: Final = 1024
USE_SECONDS: Final = 60.0
"""How exactly the last use of a key is noted."""


def make_key(keys: Keys, name: str, scopes: tuple[str, ...]) -> tuple[StoredKey, str]:
    """A new key and its text, which is kept nowhere. Blocking."""
    id = secrets.token_hex(6)
    text = f"{PREFIX}{id}_{secrets.token_urlsafe(32)}"
    return keys.add(id, _digest(text), name, scopes), text


@dataclass(frozen=True)
class _Known:
    key: StoredKey
    until: float


class KeyRing:
    """Recognises keys, asking the store for each no more than once in :data:`CACHE_SECONDS`."""

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock``: seconds."""
        self._keys = keys
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._used: OrderedDict[str, float] = OrderedDict()
        self._new: dict[tuple[str, str], asyncio.Task[StoredKey]] = {}
        """Those that are being looked up, by the digest and whence it comes."""
        self._locked_until = 0.0
        self._is_locked = False

    async def read(self, text: str, whence: str, count: Callable[[], Awaitable[None]]) -> StoredKey:
        """The key that ``text`` is.

        Whoever guesses keys is counted like anybody, before the store is asked: ``count`` is called
        where ``text`` was not good when it came last, or never came; once for all that come
        ``whence`` it came while it is looked up, as a backend's first requests do.

        Raises :class:`Problem`: 401; and what ``count`` raises.
        """
        if self._knows(text):
            key = await self._check(text)
        else:
            name = whence, _digest(text)
            if (task := self._new.get(name)) is None:
                task = self._new[name] = asyncio.create_task(self._count_and_check(text, count))
                task.add_done_callback(lambda _: self._new.pop(name))
            key = await asyncio.shield(task)  # whoever leaves takes it from nobody else
        await self._note_use(key.id)
        return key

    async def _count_and_check(self, text: str, count: Callable[[], Awaitable[None]]) -> StoredKey:
        await count()
        return await self._check(text)

    async def _check(self, text: str) -> StoredKey:
        form = _FORM.fullmatch(text)
        key = None if form is None else await self._find(form[1])
        # The secret has 256 random bits, so one round of SHA-256 is as good as many.
        if key is None or not hmac.compare_digest(key.digest, _digest(text)):
            raise _invalid("This API key is not known here.", "invalid_api_key")
        if key.revoked_at is not None:
            raise _invalid("This API key was revoked.", "api_key_revoked")
        return key

    def _knows(self, text: str) -> bool:
        """Whether ``text`` was a good key when it came last. Asks nobody."""
        form = _FORM.fullmatch(text)
        known = None if form is None else self._known.get(form[1])
        if known is None or known.key.revoked_at is not None:
            return False
        return hmac.compare_digest(known.key.digest, _digest(text))

    async def check_in_use(self, id: str) -> None:
        """Of the key that a visitor's token was made with. Raises :class:`Problem`: 401, where it
        was revoked."""
        key = await self._find(id)
        if key is not None and key.revoked_at is not None:
            raise _invalid("The API key that asked for this token was revoked.", "api_key_revoked")

    async def is_locked(self) -> bool:
        """Whether a key is asked for because one was made once. It never changes back."""
        if not self._is_locked and self._clock() >= self._locked_until:
            self._is_locked = await asyncio.to_thread(self._keys.are_there)
            self._locked_until = self._clock() + CACHE_SECONDS
        return self._is_locked

    async def make(self, name: str, scopes: tuple[str, ...]) -> tuple[StoredKey, str]:
        """See :func:`make_key`."""
        made = await asyncio.to_thread(make_key, self._keys, name, scopes)
        self._is_locked = True
        return made

    async def list(self) -> list[StoredKey]:
        return await asyncio.to_thread(self._keys.list)

    async def revoke(self, id: str) -> bool:
        """At once here, within :data:`CACHE_SECONDS` elsewhere. False: there is no such key."""
        was_there = await asyncio.to_thread(self._keys.revoke, id)
        self._known.pop(id, None)
        return was_there

    async def _find(self, id: str) -> StoredKey | None:
        known = self._known.get(id)
        if known is not None and self._clock() < known.until:
            return known.key
        until = self._clock() + CACHE_SECONDS
        key = await asyncio.to_thread(self._keys.find, id)
        # Only keys that there are, so that nobody fills the cache by guessing.
        if key is not None:
            self._known[id] = _Known(key, until)
            self._known.move_to_end(id)
            if len(self._known) > MOST_CACHED:
                self._known.popitem(last=False)
        return key

    async def _note_use(self, id: str) -> None:
        now = self._clock()
        if now < self._used.get(id, -USE_SECONDS) + USE_SECONDS:
            return
        self._used[id] = now
        if len(self._used) > MOST_CACHED:
            self._used.popitem(last=False)
        try:
            await asyncio.to_thread(self._keys.use, id)
        except SQLAlchemyError:
            logger.warning("the last use of the API key %s could not be noted", id)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _invalid(detail: str, code: str) -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        code,
        "The API key is not valid",
        detail,
        headers={"WWW-Authenticate": 'Bearer realm="visavis", error="invalid_token"'},
    )
