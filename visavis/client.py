"""Sessions from Python: create one, have it speak, follow it, end it.

async with Visavis("https://visavis.example.com", key) as visavis:
    session = await visavis.create(head="maya", greeting="")
    await visavis.say(session["id"], "Good morning!")
    await visavis.end(session["id"])

What goes in and comes out are the JSON objects of the API, which ``/docs`` describes.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, Final, Self, cast
from urllib.parse import quote

import aiohttp

Json = dict[str, Any]

TIMEOUT: Final = aiohttp.ClientTimeout(total=60)
ATTEMPTS: Final = 4
"""For a request that got no answer, or that the server asks to send again."""
LONGEST_WAIT: Final = 10.0
"""Seconds between two of them."""
LONGEST_REST: Final = 60.0
"""Seconds between two for the events, which nobody waits for."""
_LONGEST_EVENT: Final = 2**20
"""Bytes. A text to answer has up to 50,000 characters, of up to 12 in JSON."""
_AGAIN: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_RESUMED: Final = _AGAIN | {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
"""A proxy says the latter two while a gateway starts anew."""


class VisavisError(Exception):
    """The server refuses, or cannot."""

    def __init__(
        self, status: int, code: str, detail: str, *, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{detail} ({status} {code})")
        self.status = status
        """Of HTTP; 0: there was no answer."""
        self.code = code
        """For programs."""
        self.retry_after = retry_after
        """Seconds after which it may be tried again, where the server says so."""


class Visavis:
    """One server. All calls raise :class:`VisavisError`.

    Where the connection breaks, or the server is busy, a call is sent again. What makes or does
    something is still done once, by its ``Idempotency-Key``; a change of settings needs none.
    """

    def __init__(
        self, url: str, key: str | None = None, *, session: aiohttp.ClientSession | None = None
    ) -> None:
        """
        Args:
            key: API key.
            session: To be used, and not closed.
        """
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._session = session
        self._is_ours = session is None

    async def __aenter__(self) -> Self:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._is_ours and self._session is not None:
            await self._session.close()
            self._session = None

    async def create(self, **asked: Any) -> Json:
        """A new session with its participant's token; the arguments are the request's fields."""
        return await self._call("POST", "", asked)

    async def get(self, id: str) -> Json:
        return await self._call("GET", f"/{quote(id, safe='')}")

    async def all(self, *, state: str | None = None) -> AsyncIterator[Json]:
        """Newest first. ``state``: ``open`` or ``ended`` ones alone."""
        query = {} if state is None else {"state": state}
        while True:
            page = await self._call("GET", "", query=query)
            for session in page["sessions"]:
                yield session
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def settings(self, id: str, **changes: Any) -> Json:
        """Change a running session; answers what is in force."""
        return await self._call("PATCH", f"/{quote(id, safe='')}", changes)

    async def say(self, id: str, text: str, *, message: str | None = None) -> Json:
        """Have ``text`` said word for word; ``message``: your own id for it."""
        return await self._call("POST", f"/{quote(id, safe='')}/say", _text(text, message))

    async def ask(self, id: str, text: str, *, message: str | None = None) -> Json:
        """Have ``text`` answered aloud."""
        return await self._call("POST", f"/{quote(id, safe='')}/ask", _text(text, message))

    async def message(self, id: str, message: str) -> Json:
        """What became of a text."""
        return await self._call("GET", f"/{quote(id, safe='')}/messages/{quote(message, safe='')}")

    async def interrupt(self, id: str) -> None:
        await self._call("POST", f"/{quote(id, safe='')}/interrupt", {})

    async def token(self, id: str) -> Json:
        """A new token for the same person."""
        return await self._call("POST", f"/{quote(id, safe='')}/token", {})

    async def transcript(self, id: str) -> list[Json]:
        """All turns so far."""
        turns: list[Json] = []
        after: int | None = 0
        while after is not None:
            path, query = f"/{quote(id, safe='')}/transcript", {"after": str(after)}
            page = await self._call("GET", path, query=query)
            turns += page["turns"]
            after = page["next_after"]
        return turns

    async def end(self, id: str) -> Json:
        return await self._call("POST", f"/{quote(id, safe='')}/end", {})

    async def events(self, id: str, *, after: int = 0) -> AsyncIterator[Json]:
        """What happens, as it happens, until the session is over; a stream that breaks, or that a
        busy server refuses, is resumed where it was."""
        failures = 0
        while True:
            try:
                async for event in self._stream(id, after):
                    failures, after = 0, event["seq"]
                    yield event
                    if event["type"] == "session.ended":
                        return
                return  # nothing more will come
            except (aiohttp.ClientError, TimeoutError) as broken:
                error = _no_answer(broken)
            except VisavisError as refused:
                if refused.status not in _RESUMED:
                    raise
                error = refused
            failures += 1
            if failures >= ATTEMPTS:
                raise error
            await asyncio.sleep(_wait(failures, error, LONGEST_REST))

    async def _stream(self, id: str, after: int) -> AsyncIterator[Json]:
        assert self._session is not None, "use it as `async with Visavis(…) as visavis:`"
        async with self._session.get(
            f"{self._url}/v1/sessions/{quote(id, safe='')}/events",
            params={"after": str(after)},
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=None, sock_read=60),
            read_bufsize=_LONGEST_EVENT,
        ) as answer:
            if answer.status == HTTPStatus.NO_CONTENT:
                return
            if answer.status != HTTPStatus.OK:
                raise await _problem(answer)
            async for line in answer.content:
                # An event is one line of JSON; where the stream breaks, half of one.
                if line.startswith(b"data:") and line.endswith(b"\n"):
                    yield cast(Json, json.loads(line[5:]))
            raise aiohttp.ClientPayloadError("the stream ended early")

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> Json:
        assert self._session is not None, "use it as `async with Visavis(…) as visavis:`"
        headers = dict(self._headers)
        if method == "POST":
            headers["Idempotency-Key"] = secrets.token_hex(16)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._session.request(
                    method, f"{self._url}/v1/sessions{path}",
                    json=body, params=query, headers=headers,
                ) as answer:  # fmt: skip
                    if answer.ok:
                        return cast(Json, await answer.json())
                    error = await _problem(answer)
                if error.status not in _AGAIN:
                    raise error
            except (aiohttp.ClientError, TimeoutError) as broken:
                error = _no_answer(broken)
            if attempt == ATTEMPTS:
                raise error
            await asyncio.sleep(_wait(attempt, error, LONGEST_WAIT))
        raise AssertionError


def _wait(attempt: int, error: VisavisError, longest: float) -> float:
    """Seconds until the next."""
    return min(0.5 * 2**attempt if error.retry_after is None else error.retry_after, longest)


def _text(text: str, message: str | None) -> Json:
    return {"text": text} if message is None else {"text": text, "id": message}


def _no_answer(broken: Exception) -> VisavisError:
    detail = f"the server does not answer: {type(broken).__name__}"
    error = VisavisError(0, "no_answer", detail)
    error.__cause__ = broken
    return error


async def _problem(answer: aiohttp.ClientResponse) -> VisavisError:
    asked = answer.headers.get("Retry-After", "")
    wait = float(asked) if asked.isdecimal() else None
    try:
        problem = await answer.json(content_type=None)
        code, detail = problem["code"], problem["detail"]
    except (ValueError, KeyError, TypeError):
        code, detail = "unknown", answer.reason or "no reason given"
    return VisavisError(answer.status, code, detail, retry_after=wait)
