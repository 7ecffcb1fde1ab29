"""The settings of the door: who may enter, how much, for how long. :class:`settings.Settings` has
them. The names of the ``AUTH_`` settings are those of avatar-chat-server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, SecretStr
from pydantic_settings import BaseSettings, NoDecode


def _origins(given: object) -> object:
    """Of a list separated by commas; raises :class:`ValueError`."""
    if not isinstance(given, str):
        return given
    return tuple(_origin(each.strip()) for each in given.split(",") if each.strip())


def _origin(text: str) -> str:
    """As browsers write it in the header ``Origin`` (RFC 6454 §6.2)."""
    if text == "null":
        return text
    parts = urlsplit(text.lower().removesuffix("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise ValueError(f"{text!r} is no origin; one is written like https://www.example.com")
    port = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.removesuffix(f':{port}')}"


def _is_secret(given: SecretStr | None) -> SecretStr | None:
    if given is not None and len(given.get_secret_value()) < 32:
        raise ValueError("must have 32 characters or more; `openssl rand -hex 32` makes one")
    return given


def _is_redis(given: str | None) -> str | None:
    if given is None:
        return None
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError:
        parts, port = None, None
    if parts is None or not (parts.path if parts.scheme == "unix" else parts.hostname) or port == 0:
        raise ValueError("must be like redis://HOST:6379/0, rediss://… or unix:///PATH")
    return given


class DoorSettings(BaseSettings):
    auth_enabled: bool = False
    """Whether the page, the WebSocket and ``/api/token`` ask for a token of ``/api/auth/token``,
    and ``/v1`` for an API key even where none has been made yet."""
    auth_secret_key: Annotated[SecretStr | None, AfterValidator(_is_secret)] = None
    """Signs those tokens. None: one for this start of this gateway alone."""
    auth_token_ttl: int = Field(3600, ge=10, le=86_400)
    """Seconds that such a token admits."""
    auth_allowed_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)] = ()
    """Sites that may use the gateway from a browser and show the page in a frame, beside the
    gateway's own."""
    auth_enable_rate_limiting: bool = True
    auth_key_rate: int = Field(1200, ge=1, le=1_000_000)
    """Requests a minute with one API key."""
    redis_url: Annotated[
        str | None, Field(pattern=r"^(redis|rediss|unix)://\S+$"), AfterValidator(_is_redis)
    ] = None
    """Where several gateways count requests together; None: each for itself."""
    audit_log: Path | None = None
    """File for who did what and when, a JSON object a line; None: the log alone."""
    forwarded_allow_ips: str = "127.0.0.1"
    """Proxies that are believed when they say whom they ask for: addresses and networks, separated
    by commas."""
    websockets_per_address: int = Field(50, ge=1, le=10_000)
    """Open at once, at one gateway, from one address or with one key."""
    websocket_first_seconds: float = Field(60.0, ge=1, le=3600)
    """That an open WebSocket may take to send its first message."""
    session_max_seconds: float = Field(3600.0, ge=10, le=86_400)
    """The longest that a session may ask for, and what it has where it asks for nothing."""
    session_idle_seconds: float = Field(300.0, ge=5, le=86_400)
    """Without a word of either side after which a session is over, where it asks for nothing."""
    max_sessions: int = Field(1000, ge=1)
    """That may be open at once, in all."""
    max_sessions_per_key: int = Field(100, ge=1)
    """Of one API key."""
    transcript_days: float = Field(30.0, ge=0, le=3650)
    """After which a session that is over is forgotten, words, events and all."""
    metrics_token: SecretStr | None = Field(None, min_length=16)
    """Who sends it may read ``/metrics`` and all of ``/inf``; None: this machine alone may."""
    prices: FilePath | None = None
    """What brains cost, for ``/v1/usage``; None: ``gateway/service/prices.toml``."""
