"""What browsers are told that other sites may do (Fetch standard, CORS protocol)."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from .origins import Origins

_METHODS: Final = ("GET", "POST", "PATCH", "PUT", "DELETE")
_SENT: Final = (
    "Authorization",
    "Content-Type",
    "If-Match",
    "Idempotency-Key",
    "Last-Event-ID",
    "X-Visavis-Person",
)
_READ: Final = ("ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After")
FRESH_SECONDS: Final = 600
"""That a browser need not ask again."""


def add_cors(app: FastAPI, origins: Origins) -> None:
    """For the sites that are listed; the others are told nothing, which means no."""
    if origins.listed:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins.listed,
            allow_methods=_METHODS,
            allow_headers=_SENT,
            expose_headers=_READ,
            max_age=FRESH_SECONDS,
        )
