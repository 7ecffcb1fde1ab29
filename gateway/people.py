"""What is remembered of a person, shown and deleted for who knows their secret."""

from __future__ import annotations

import asyncio
import hashlib
import re
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from store import Memories

from .problems import Problem

_SECRET = re.compile(r"[A-Za-z0-9_-]{16,64}")

Secret = Annotated[str | None, Header(alias="X-Visavis-Person")]


def check_person(secret: str | None) -> None:
    """Raises :class:`ValueError` for what is no person's secret."""
    if secret is not None and not _SECRET.fullmatch(secret):
        raise ValueError("visavis.person must be 16 to 64 letters, digits, _ and -, and a secret")


def person_key(secret: str) -> str:
    """What the room and the store know of a person: others in the room must not learn the secret,
    nor who reads the store."""
    return hashlib.sha256(b"visavis person " + secret.encode()).hexdigest()[:40]


def people_routes(memories: Memories) -> APIRouter:
    """``GET`` and ``DELETE /api/memory``, with the secret in the header ``X-Visavis-Person``."""
    routes = APIRouter(tags=["page"])

    @routes.get("/api/memory")
    async def show(response: Response, secret: Secret = None) -> dict[str, Any]:
        """All that is remembered of the person, for them to read and keep."""
        response.headers["Cache-Control"] = "no-store"
        key = _key(secret)
        return (await asyncio.to_thread(memories.recall, key)).to_dict()

    @routes.delete("/api/memory", status_code=HTTPStatus.NO_CONTENT)
    async def forget(secret: Secret = None) -> None:
        """Forget the person, in conversations that run now as well."""
        await asyncio.to_thread(memories.forget, _key(secret))

    return routes


def _key(secret: str | None) -> str:
    try:
        if secret is None:
            raise ValueError("the header X-Visavis-Person must say whose memory is meant")
        check_person(secret)
    except ValueError as error:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "invalid_person", "Whose memory?", str(error)
        ) from None
    return person_key(secret)
