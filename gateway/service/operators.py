"""Who may see how a gateway is doing."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from http import HTTPStatus

from fastapi import Request

from settings import Settings
from visavis.proxies import is_loopback

from ..access.address import is_through_proxy
from ..problems import Problem


def is_operator(settings: Settings, request: Request) -> bool:
    """By ``METRICS_TOKEN``, as a bearer token; where it is not set, from this machine alone."""
    token = settings.metrics_token
    if token is not None:
        given = request.headers.get("authorization", "")
        wanted = f"Bearer {token.get_secret_value()}"
        return hmac.compare_digest(given.encode(), wanted.encode())
    if is_through_proxy(request):
        return False
    # A site may have its name lead here: what its visitors' browsers ask comes from this machine.
    return is_loopback(request.url.hostname or "") and is_loopback(
        request.client.host if request.client else ""
    )


def operators_only(settings: Settings) -> Callable[[Request], None]:
    """A FastAPI dependency: raises :class:`Problem` for others."""

    def check(request: Request) -> None:
        if is_operator(settings, request):
            return
        if settings.metrics_token is None:
            raise Problem(
                HTTPStatus.FORBIDDEN,
                "operators_only",
                "For operators alone",
                "This is told to this machine alone. Set METRICS_TOKEN to ask from elsewhere.",
            )
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "operators_only",
            "For operators alone",
            "Send METRICS_TOKEN in the header Authorization: Bearer.",
        )

    return check
