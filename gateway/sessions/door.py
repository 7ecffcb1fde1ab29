"""Calls to the agent of a session, by RPC ``visavis.door`` through LiveKit's server API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final, Literal

from livekit.api import LiveKitAPI
from livekit.api.twirp_client import ServerError, ServerErrorCode
from livekit.protocol.room import PerformRpcRequest

from gateway.problems import Problem, livekit_problems
from gateway.rpc import perform_rpc
from settings import Settings
from visavis.protocol import DOOR_NOT_NOW, DOOR_WRONG, RPC_DOOR
from visavis.session import door_key

Action = Literal["settings", "message", "interrupt", "end"]

SECONDS: Final[dict[Action, float]] = {
    "settings": 30.0,
    "message": 8.0,
    "interrupt": 8.0,
    "end": 8.0,
}
"""That an answer may take: a head to load, a picture to fetch."""
ATTEMPTS: Final = 3
_MARGIN: Final = 3.0
"""Seconds that LiveKit has beyond the agent's."""

_CONNECTION_TIMEOUT: Final = 1501
"""LiveKit's own: the call was not acknowledged in 2 s. Its server (1.13.5) also misses an
acknowledgement that is quicker than itself, so the call is made again; none does harm twice."""
_UNSUPPORTED: Final = 1400
_UNSUPPORTED_TEXT: Final = "Method not supported at destination"


class DoorError(Exception):
    """The agent refuses.

    Args:
        code: :data:`DOOR_WRONG` and its like.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class AgentUnreachable(Exception):
    """It does not answer, or there is none."""


class Door:
    """The agents' doors, of all rooms."""

    def __init__(self, livekit: LiveKitAPI, settings: Settings) -> None:
        self._livekit = livekit
        self._secret = settings.livekit_api_secret.get_secret_value()

    async def call(self, room: str, agent: str, action: Action, **fields: Any) -> str:
        """What the agent with the identity ``agent`` answers.

        Raises :class:`DoorError`, :class:`AgentUnreachable`, and what LiveKit's API client raises.
        """
        wish = {"key": door_key(self._secret, room), "action": action, **fields}
        request = PerformRpcRequest(
            room=room,
            destination_identity=agent,
            method=RPC_DOOR,
            payload=json.dumps(wish, ensure_ascii=False),
            response_timeout_ms=round(1000 * SECONDS[action]),
        )
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._perform(request, SECONDS[action] + _MARGIN)
            except DoorError as error:
                if error.code != _CONNECTION_TIMEOUT:
                    raise
                if attempt == ATTEMPTS:
                    raise AgentUnreachable from None
            except TimeoutError:
                raise AgentUnreachable from None
        raise AssertionError

    async def _perform(self, request: PerformRpcRequest, seconds: float) -> str:
        try:
            return await perform_rpc(self._livekit, request, seconds)
        except ServerError as error:
            if (refusal := read_refusal(error.message)) is not None:
                if refusal.code == _UNSUPPORTED and str(refusal).startswith(_UNSUPPORTED_TEXT):
                    raise AgentUnreachable from None  # it has not opened its door yet
                raise refusal from None
            if error.code in (ServerErrorCode.NOT_FOUND, ServerErrorCode.UNAVAILABLE):
                raise AgentUnreachable from None
            raise


def read_refusal(message: str) -> DoorError | None:
    """The RPC error in a message of LiveKit's server; None: it is of another kind.

    The server writes ``RpcError CODE: MESSAGE: DATA``, where the message is cut to 256 bytes and
    the data, where there is any, is not (``DataChannelRpcError`` of its protocol package).
    """
    found = re.search(r"RpcError (\d+): (.*)", message, re.DOTALL)
    if found is None:
        return None
    text = found[2]
    half, odd = divmod(len(text) - 2, 2)
    if not odd and text == f"{text[:half]}: {text[:half]}":
        text = text[:half]
    elif "…: " in text:
        text = text.partition("…: ")[2]
    return DoorError(int(found[1]), text)


@contextmanager
def door_problems(url: str) -> Iterator[None]:
    """Turn whatever a call through LiveKit at ``url`` raises into a :class:`Problem`."""
    try:
        with livekit_problems(url):
            yield
    except AgentUnreachable:
        raise unreachable() from None
    except DoorError as error:
        raise refused(error) from None


def refused(error: DoorError) -> Problem:
    """What is said of it to who asked."""
    if error.code == DOOR_NOT_NOW:
        return Problem(HTTPStatus.CONFLICT, "not_now", "Not now", _sentence(error), retry_after=2)
    if error.code == DOOR_WRONG:
        return Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "wrong_value",
            "A value cannot be used",
            _sentence(error),
        )
    return Problem(
        HTTPStatus.BAD_GATEWAY,
        "agent_failed",
        "The agent failed",
        f"The agent could not do that (RPC error {error.code}).",
    )


def unreachable() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "agent_unreachable",
        "The agent does not answer",
        "The session's agent is on its way, or was lost and is being replaced. Try again in a "
        "moment.",
        retry_after=2,
    )


def _sentence(error: DoorError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."
