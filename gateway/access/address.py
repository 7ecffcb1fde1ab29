"""Where a request comes from, and where it was sent to."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Network, ip_address
from typing import Final

from starlette.requests import HTTPConnection

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


def address_of(connection: HTTPConnection) -> str:
    """Whose requests are counted together: an IPv4 address, or the /64 that one machine has of
    IPv6 (RFC 7421)."""
    return _network(connection.client.host if connection.client is not None else "")


@lru_cache(4096)
def _network(host: str) -> str:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, 64), strict=False))


def is_through_proxy(connection: HTTPConnection) -> bool:
    """Whether a proxy says so: behind it everybody comes from the proxy's address."""
    return any(name in connection.headers for name in _FORWARDED)


def is_asked_for_here(connection: HTTPConnection) -> bool:
    """Whether it was sent to this machine by a name of its own."""
    return _name(connection.headers.get("host", "")) in _LOOPBACK


def _name(host: str) -> str:
    """Without the port."""
    name, _, port = host.lower().rpartition(":")
    return name if name and port.isdigit() else host.lower()
