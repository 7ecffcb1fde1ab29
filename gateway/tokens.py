"""LiveKit's standard token endpoint: what a client may ask for, and the token it gets.

Format: https://docs.livekit.io/frontends/build/authentication/endpoint
"""

from __future__ import annotations

import secrets
from http import HTTPStatus
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit, urlunsplit

from livekit.api import AccessToken, VideoGrants
from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator
from pydantic.alias_generators import to_camel

from settings import Settings
from visavis.protocol import ATTRIBUTE_CONTROL, ATTRIBUTE_PERSON

from .names import Identity, Name
from .people import check_person, person_key
from .problems import Problem
from .room import SESSION_ROOMS, TOKEN_LIFETIME, room_configuration

MAX_ATTRIBUTES = 16
MAX_BYTES = 2048
"""Of metadata, and of all attributes together: tokens travel in a URL."""

RESERVED_ATTRIBUTES = ("lk.", "visavis.")
"""But for :data:`ATTRIBUTE_PERSON`: a person's secret, which the token holds as its key."""


def _within_bytes(text: str) -> str:
    if len(text.encode()) > MAX_BYTES:
        raise ValueError(f"must be at most {MAX_BYTES} bytes of UTF-8")
    return text


def _of_no_session(room: str) -> str:
    if room.startswith(SESSION_ROOMS):
        raise ValueError("a session's room is entered with the session's own token")
    return room


RoomName = Annotated[Name, AfterValidator(_of_no_session)]
Metadata = Annotated[str, AfterValidator(_within_bytes)]


class TokenRequest(BaseModel):
    """What a client may ask for: all of it optional, in snake_case or camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
    )

    room_name: RoomName | None = None
    participant_identity: Identity | None = None
    participant_name: Name | None = None
    participant_metadata: Metadata | None = None
    participant_attributes: dict[str, str] | None = None
    room_config: dict[str, Any] | None = None

    @field_validator("participant_attributes")
    @classmethod
    def _attributes_are_the_clients_own(cls, given: dict[str, str] | None) -> dict[str, str] | None:
        if not given:
            return given
        if len(given) > MAX_ATTRIBUTES:
            raise ValueError(f"at most {MAX_ATTRIBUTES} attributes")
        check_person(given.get(ATTRIBUTE_PERSON))
        if any(name.startswith(RESERVED_ATTRIBUTES) for name in set(given) - {ATTRIBUTE_PERSON}):
            raise ValueError(f"names that start with {' or '.join(RESERVED_ATTRIBUTES)} are taken")
        if sum(len(name.encode()) + len(value.encode()) for name, value in given.items()) > (
            MAX_BYTES
        ):
            raise ValueError(f"must be at most {MAX_BYTES} bytes of UTF-8 in all")
        return given

    @field_validator("room_config")
    @classmethod
    def _room_is_the_servers(cls, config: dict[str, Any] | None) -> None:
        if config:
            raise ValueError("a client may not set it: the server configures rooms and agents")


def limit_to(request: TokenRequest, room: str, identity: str) -> TokenRequest:
    """``request`` of somebody who may enter only ``room``, and only as ``identity``; empty: any.

    Raises :class:`Problem`: 403, where it asks for another.
    """
    if room and request.room_name not in (None, room):
        raise _not_admitted("wrong_room", "room")
    if identity and request.participant_identity not in (None, identity):
        raise _not_admitted("wrong_identity", "identity")
    return request.model_copy(
        update={
            "room_name": room or request.room_name,
            "participant_identity": identity or request.participant_identity,
        }
    )


def _not_admitted(code: str, what: str) -> Problem:
    return Problem(
        HTTPStatus.FORBIDDEN,
        code,
        f"A token for another {what}",
        f"The token of this request is for another {what}.",
    )


class TokenResponse(BaseModel):
    """Where to join, and with what."""

    server_url: str
    participant_token: str


def make_token(request: TokenRequest, room: str, settings: Settings) -> str:
    """A signed token that admits one person to ``room``, for :data:`TOKEN_LIFETIME`.

    Should the room be gone by then, joining makes it again, agent included.
    """
    grants = VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_subscribe=True,
        can_publish_data=True,
        can_update_own_metadata=False,  # attributes say who may do what
    )
    return (
        AccessToken(settings.livekit_api_key, settings.livekit_api_secret.get_secret_value())
        .with_identity(request.participant_identity or f"guest-{secrets.token_hex(6)}")
        .with_name(request.participant_name or "")
        .with_metadata(request.participant_metadata or "")
        .with_attributes(_attributes(request))
        .with_grants(grants)
        .with_room_config(room_configuration(settings))
        .with_ttl(TOKEN_LIFETIME)
        .to_jwt()
    )


def _attributes(request: TokenRequest) -> dict[str, str]:
    attributes = {**(request.participant_attributes or {}), ATTRIBUTE_CONTROL: "true"}
    if person := attributes.get(ATTRIBUTE_PERSON):
        attributes[ATTRIBUTE_PERSON] = person_key(person)
    return attributes


def make_room_name() -> str:
    """Not guessable: whoever knows a room's name may ask for a token to it."""
    return f"room-{secrets.token_urlsafe(12)}"


def server_url(settings: Settings, requested_host: str | None) -> str:
    """Where a browser finds LiveKit, as ``ws://`` or ``wss://``.

    Args:
        requested_host: The host name under which the browser reached this server. It replaces a
            loopback address, which would be the browser's own machine on another one.
    """
    url = urlsplit(settings.livekit_public_url or settings.livekit_url)
    scheme = {"http": "ws", "https": "wss"}.get(url.scheme, url.scheme)
    netloc = url.netloc
    if requested_host and is_here(url.hostname) and not is_here(requested_host):
        host = f"[{requested_host}]" if ":" in requested_host else requested_host
        netloc = host if url.port is None else f"{host}:{url.port}"
    return urlunsplit((scheme, netloc, url.path, url.query, ""))


def is_here(host: str | None) -> bool:
    """Whether a browser looks for ``host`` on its own machine."""
    if host is None or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
