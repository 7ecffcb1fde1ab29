"""Providers through the environment's proxy, where LiveKit is met without it."""

from __future__ import annotations

import os
from urllib.request import getproxies_environment

from livekit.agents import JobContext
from livekit.agents.utils import http_context


def ask_environment(ctx: JobContext) -> None:
    """LiveKit has one proxy for itself and for plugins that use its HTTP session. Where that is
    none (:func:`visavis.proxies.is_direct`), the session looks for one at each URL; WebSockets go
    where ``https:`` goes.
    """
    proxies = getproxies_environment()
    if not proxies or ctx.proc.http_proxy is not None:
        return
    if "https" in proxies and "wss" not in proxies:
        os.environ["WSS_PROXY"] = proxies["https"]
    os.environ["NETRC"] = os.devnull  # aiohttp would take keys out of it, too
    # aiohttp is told only when a session is made, which LiveKit does.
    http_context.http_session()._trust_env = True
