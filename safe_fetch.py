"""Fetches what somebody else has named, without being led where they could not go themselves.

A URL from a page, a dispatch or a document may point at this machine or its neighbours
(server-side request forgery). So every name is resolved here, every address it has is checked, and
the connection goes to the very address that was checked, at each redirect anew: a name that answers
differently the second time (DNS rebinding) gains nothing. However an address was spelled, it is
checked once more as the connection is made. See OWASP's Server-Side Request Forgery
Prevention cheat sheet and the IANA special-purpose address registries, which :mod:`ipaddress`
knows.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CHUNK: Final = 64 * 1024
_NAT64: Final = ip_network("64:ff9b::/96")
"""RFC 6052 §2.1: the last 32 bits are an IPv4 address."""
_UNICAST: Final = ip_network("2000::/3")
"""All that IANA gives out of IPv6; what lies elsewhere leads nowhere, or in (RFC 4291 §2.4)."""
_SPECIAL: Final = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
"""In the registries, but not refused by every Python that we run on."""

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port to addresses, as text. Raises :class:`OSError`."""


class FetchError(ValueError):
    """Nothing was fetched; the text says why, and names no more of the URL than its host."""


@dataclass(frozen=True)
class Limits:
    """How much a fetch may take."""

    content: int = 10_000_000
    """Bytes."""
    seconds: float = 10.0
    """From the first look-up to the last byte, redirects included."""
    redirects: int = 3


@dataclass(frozen=True)
class Fetched:
    """What came."""

    content: bytes
    content_type: str
    """As the server says, with its parameters; empty where it says nothing."""


@cache
def _look_ups(_process_id: int) -> ThreadPoolExecutor:
    """Names that nobody answers for hold threads for long: not those that the store is used on. A
    process that was forked has none of its parent's threads, though its executors count on them."""
    return ThreadPoolExecutor(8, "names")


async def resolve_here(host: str, port: int) -> list[str]:
    """What this machine's resolver says."""

    def look_up() -> list[str]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [str(entry[4][0]) for entry in found]

    return await asyncio.get_running_loop().run_in_executor(_look_ups(os.getpid()), look_up)


async def fetch(
    url: str,
    *,
    limits: Limits | None = None,
    allow_private: bool = False,
    resolve: Resolve = resolve_here,
) -> Fetched:
    """GET ``url``, by ``http`` or ``https``, without cookies, credentials or a proxy.

    Args:
        allow_private: Also from addresses that are not public: this machine, its network.

    Raises:
        FetchError: the URL is refused, nobody answers, or the answer is not what it may be.
    """
    limits = limits or Limits()
    host = ""
    try:
        async with asyncio.timeout(limits.seconds):
            for _ in range(limits.redirects + 1):
                parts = _split(url)
                host, url = parts.hostname or "", parts.geturl()
                async with reach(url, allow_private=allow_private, resolve=resolve) as session:
                    answer = await _get(session, url, limits)
                if isinstance(answer, Fetched):
                    return answer
                try:
                    url = urljoin(url, answer)
                except ValueError:
                    raise FetchError(f"{host} redirects to what is not a URL") from None
    except TimeoutError:
        raise FetchError(f"{host} took longer than {limits.seconds:g} s") from None
    raise FetchError(f"{host} redirects more than {limits.redirects} times")


@asynccontextmanager
async def reach(
    url: str, *, allow_private: bool = False, resolve: Resolve = resolve_here
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client for one request to ``url``, which can connect to nothing but addresses that were
    checked; it must not follow redirects. Whatever goes wrong within, time-outs aside, is a
    :class:`FetchError`."""
    host = _split(url).hostname or ""
    if not allow_private:
        _check_literal(host)
    connector = aiohttp.TCPConnector(
        resolver=_Checked(resolve, allow_private),
        use_dns_cache=False,
        socket_factory=None if allow_private else _open_socket,
    )
    try:
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        ) as session:
            yield session
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        if isinstance(refused := _cause(error), FetchError):
            raise refused from None
        raise FetchError(f"{host} could not be reached: {type(error).__name__}") from None


async def check(
    url: str, *, allow_private: bool = False, resolve: Resolve = resolve_here, seconds: float = 5.0
) -> None:
    """Whether ``url`` may be fetched, as its host's addresses are now; :func:`fetch` looks again.

    Raises :class:`FetchError`.
    """
    parts = _split(url)
    if allow_private:
        return
    host = parts.hostname or ""
    _check_literal(host)
    try:
        async with asyncio.timeout(seconds):
            await _Checked(resolve, allow_private).resolve(host, parts.port or 0)
    except TimeoutError:
        raise FetchError(f"{host} took longer than {seconds:g} s") from None
    except UnicodeError:
        raise FetchError(f"there is no host {host}") from None


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is none
    except ValueError:
        raise FetchError("that is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchError("a URL must begin with https:// or http:// and a host")
    if parts.username is not None or parts.password is not None:
        raise FetchError("a URL must not carry a user name or a password")
    return parts


async def _get(session: aiohttp.ClientSession, url: str, limits: Limits) -> Fetched | str:
    """The content, or the place that a redirect names."""
    headers = {"Accept-Encoding": "identity"}  # what is unpacked could be of any size
    async with session.get(url, headers=headers, allow_redirects=False) as response:
        host = response.url.host
        if response.status in _REDIRECTS and (location := response.headers.get("Location")):
            return location
        if response.status != 200:
            raise FetchError(f"{host} answers {response.status} {response.reason or ''}".rstrip())
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise FetchError(f"{host} sends its answer packed, though it was asked not to")
        content = bytearray()
        too_much = (response.content_length or 0) > limits.content
        while not too_much and (chunk := await response.content.read(_CHUNK)):
            content += chunk
            too_much = len(content) > limits.content
        if too_much:
            raise FetchError(f"{host} sends more than {limits.content / 1e6:g} MB")
        return Fetched(bytes(content), response.headers.get("Content-Type", ""))


class _Checked(AbstractResolver):
    """Answers with addresses that may be connected to, or not at all."""

    def __init__(self, resolve: Resolve, allow_private: bool) -> None:
        self._resolve = resolve
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        try:
            found = [ip_address(text) for text in await self._resolve(host, port)]
        except (OSError, ValueError):
            raise FetchError(f"there is no host {host}") from None
        if not found:
            raise FetchError(f"there is no host {host}")
        # One that is not public among several is a trap, or a mistake: not the others either.
        if not self._allow_private and not all(map(is_public, found)):
            raise _private(host)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        pass


def _check_literal(host: str) -> None:
    """An address in place of a name is connected to without being resolved."""
    try:
        address = ip_address(host)
    except ValueError:
        return
    if not is_public(address):
        raise _private(host)


def _open_socket(found: AddrInfoType) -> socket.socket:
    """The last check, of what is connected to: a host may become an address on the way here, as
    ``①②⑦.⓪.⓪.①`` does."""
    family, kind, protocol, _, target = found
    host = str(target[0])
    if not is_public(ip_address(host)):
        raise _private(host)
    opened = socket.socket(family, kind, protocol)
    opened.setblocking(False)
    return opened


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could reach it, or the IPv4 address within it."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address not in _UNICAST or address.teredo is not None:
            return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast


def _private(host: str) -> FetchError:
    return FetchError(
        f"{host} is not on the public internet; FETCH_PRIVATE=true allows addresses of this "
        "machine and its network"
    )


def _cause(error: BaseException) -> BaseException:
    while not isinstance(error, FetchError) and (error.__cause__ or error.__context__):
        error = error.__cause__ or error.__context__ or error
    return error
