"""The headers that every answer carries, and what the page may do in a browser."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from settings import Settings

from ..tokens import server_url

MOST_HOSTS: Final = 64
"""Names under which the gateway was reached, whose policies are kept."""
HSTS_SECONDS: Final = 31_536_000
"""A year."""

_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob: mediastream:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
)
"""Code comes from here alone. A head's textures come as blobs out of its file."""

_HEADERS: Final = {
    # CORS brings it only where a site is allowed. What a browser keeps from before that would else
    # be its answer to the site, too, without the header that allows it.
    "Vary": "Origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        (
            "microphone=(self)",
            "camera=(self)",
            "display-capture=(self)",
            "autoplay=(self)",
            "fullscreen=(self)",
            "picture-in-picture=(self)",
            "screen-wake-lock=(self)",
            "geolocation=()",
            "payment=()",
            "usb=()",
            "serial=()",
            "hid=()",
            "midi=()",
        )
    ),
}


class SecurityHeaders:
    """Adds them to every HTTP answer of ``app`` that does not bring its own."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._policy = lru_cache(MOST_HOSTS)(self._make_policy)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers(scope).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _headers(self, scope: Scope) -> dict[str, str]:
        secure = (
            {"Strict-Transport-Security": f"max-age={HSTS_SECONDS}"}
            if scope.get("scheme") == "https"
            else {}
        )
        return {"Content-Security-Policy": self._policy(_host(scope)), **_HEADERS, **secure}

    def _make_policy(self, host: str | None) -> str:
        livekit = server_url(self._settings, host)
        return content_security_policy(livekit, self._settings.auth_allowed_origins)


def content_security_policy(livekit: str, framing: Sequence[str]) -> str:
    """Of the page.

    Args:
        livekit: Where browsers find LiveKit, ``ws://`` or ``wss://``.
        framing: Sites that may show the page in a frame.
    """
    ancestors = " ".join(("'self'", *(site for site in framing if site != "null")))
    connections = " ".join(("'self'", "blob:", *_livekit_sources(livekit)))
    return "; ".join((*_POLICY, f"connect-src {connections}", f"frame-ancestors {ancestors}"))


def _livekit_sources(url: str) -> list[str]:
    """Its client asks by HTTP, too, and LiveKit Cloud's for servers in other regions."""
    parts = urlsplit(url)
    name = parts.hostname or ""
    schemes = ("wss", "https") if parts.scheme == "wss" else ("ws", "http")
    if ":" in name:  # a policy has no words for an IPv6 address
        return [f"{scheme}:" for scheme in schemes]
    hosts = [parts.netloc.rpartition("@")[2]]
    if name.endswith(".livekit.cloud"):
        hosts.append("*.livekit.cloud")
    return [f"{scheme}://{host}" for host in hosts for scheme in schemes]


def _host(scope: Scope) -> str | None:
    """The name that was asked for; None where it is none that may stand in a header."""
    if not Headers(scope=scope).get("host"):
        return None
    try:
        host = HTTPConnection(scope).url.hostname
    except ValueError:
        return None
    usable = host is not None and all(each.isalnum() or each in "-._:" for each in host)
    return host if usable else None
