"""Proxies of the environment lead outside; what is on this machine, or in ``NO_PROXY``, is met
without them.

Python's libraries look into ``NO_PROXY``. LiveKit's do not: a worker gives ``HTTPS_PROXY`` (or else
``HTTP_PROXY``) to each of its connections, and the native part sends ``ws:`` through ``HTTP_PROXY``
and ``wss:`` through ``HTTPS_PROXY``, wherever they lead.
"""

from __future__ import annotations

import logging
import os
from http.client import HTTPResponse
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener, getproxies_environment, proxy_bypass

logger = logging.getLogger("visavis.proxies")

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def is_direct(url: str) -> bool:
    """Whether no proxy is asked for ``url``."""
    host = urlsplit(url).hostname or ""
    return is_loopback(host) or bool(proxy_bypass(host))


def keep_proxies_outside(livekit_url: str) -> None:
    """Changes the environment of this process, and so of those that it starts from now on.

    This machine joins ``NO_PROXY``. From a LiveKit that is met directly the proxy is hidden in a
    spelling that Python's libraries read, and LiveKit's native part does not: ``Http_Proxy``.
    (Windows knows no such difference: there it is taken away.)
    """
    proxies = getproxies_environment()
    if not proxies:
        return  # a NO_PROXY alone would hide the proxies that macOS and Windows have themselves
    host = urlsplit(livekit_url).hostname or ""
    listed = [each.strip() for each in proxies.get("no", "").split(",") if each.strip()]
    if listed != ["*"]:
        here = dict.fromkeys([*LOOPBACK, *([host] if is_loopback(host) else [])])
        listed += [name for name in here if name not in listed]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(listed)
    scheme = "https" if urlsplit(livekit_url).scheme in ("wss", "https") else "http"
    name = f"{scheme}_PROXY".upper()
    if not is_direct(livekit_url) or not {name, name.lower()} & set(os.environ):
        return
    for each in (name, name.lower()):
        os.environ.pop(each, None)
    if scheme in proxies and os.name != "nt":
        os.environ[f"{scheme.title()}_Proxy"] = proxies[scheme]
    logger.warning("LiveKit at %s is met directly, not through %s", host, name)


def open_here(url: str, timeout: float) -> HTTPResponse:
    """GET what this machine serves. ``timeout``: seconds. Raises ``OSError``, as ``urlopen``."""
    answer: HTTPResponse = build_opener(ProxyHandler({})).open(url, timeout=timeout)
    return answer


def is_loopback(host: str) -> bool:
    """Whether nothing but this machine reaches what listens on ``host``."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
