"""``Idempotency-Key``: a request that is sent again is answered again, and not done again.

After the IETF draft "The Idempotency-Key HTTP Header Field". Only what was done is remembered: a
request that was refused, or failed, may be tried again with the same key.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Header, Request, Response
from pydantic import BaseModel

from gateway.access import Caller
from gateway.problems import Problem
from store.idempotency import Answer, Attempt, OtherRequest, Requests

POLL_SECONDS: Final = 0.1
PATIENCE: Final = 45.0
"""Seconds that a request waits for its twin."""

Key = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+$",
        description="Made up by you for this one request. If it is sent again within 24 hours, it "
        "gets the same answer, and nothing is done twice.",
    ),
]
Work = Callable[[str], Awaitable[BaseModel]]
"""Does the request. Takes a name that is the same in each attempt and no other request's."""


@dataclass(frozen=True)
class Once:
    """Does one request once."""

    requests: Requests
    caller: Caller
    key: str | None
    fingerprint: str

    @classmethod
    async def of(cls, requests: Requests, http: Request, caller: Caller, key: str | None) -> Once:
        text = f"{http.method} {http.url.path}\n".encode() + await http.body()
        return cls(requests, caller, key, hashlib.sha256(text).hexdigest())

    async def do(self, status: HTTPStatus, work: Work) -> Response:
        """Raises :class:`Problem`, and what ``work`` raises."""
        if self.key is None:
            answer = Answer(status, (await work(secrets.token_hex(16))).model_dump_json())
            return _respond(answer)
        begun = await self._begin(self.key)
        if isinstance(begun, Answer):
            return _respond(begun, replayed=True)
        owner = self.caller.owner
        try:
            answer = Answer(status, (await work(begun.nonce)).model_dump_json())
        except Exception:
            await asyncio.to_thread(self.requests.give_up, owner, self.key, begun)
            raise
        kept = await asyncio.to_thread(self.requests.finish, owner, self.key, answer)
        return _respond(kept, replayed=kept != answer)

    def lasting(self, name: str) -> str:
        """In the place of ``name``, where it must be the same also when the request failed before
        and comes again: what failed may have been done, and only its answer lost."""
        if self.key is None:
            return name
        text = f"{self.caller.owner}\n{self.key}\n{self.fingerprint}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    async def _begin(self, key: str) -> Attempt | Answer:
        arguments = (self.caller.owner, key, self.fingerprint)
        try:
            async with asyncio.timeout(PATIENCE):
                while (begun := await asyncio.to_thread(self.requests.begin, *arguments)) is None:
                    await asyncio.sleep(POLL_SECONDS)
                return begun
        except OtherRequest:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "The Idempotency-Key was used before",
                "It came with another request. Make up a new key for each request.",
            ) from None
        except TimeoutError:
            raise Problem(
                HTTPStatus.CONFLICT,
                "request_in_progress",
                "The request is being answered",
                "The same request is being answered elsewhere. Send it again in a few seconds.",
                retry_after=5,
            ) from None


def _respond(answer: Answer, *, replayed: bool = False) -> Response:
    headers = {"Cache-Control": "no-store"}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(answer.body, answer.status, headers, "application/json")
