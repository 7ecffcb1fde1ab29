"""How a WebSocket ends: with which code, and what a client is told."""

from __future__ import annotations

from typing import Final

from starlette.websockets import WebSocketDisconnect

from ..problems import Problem

NORMAL: Final = 1000
POLICY: Final = 1008
FAILED: Final = 1011
SLOW: Final = 4408
TAKEN_OVER: Final = 4409
TOO_MANY: Final = 4429

CLOSED: Final = (WebSocketDisconnect, RuntimeError, OSError)
"""What sending raises to a client that has closed, or is lost."""


class Over(Exception):
    """The connection ends now, with this code and reason."""

    def __init__(
        self, code: int, reason: str, error: str | None = None, problem: Problem | None = None
    ) -> None:
        """``error``: the code of an ``error`` message that says so first. ``problem``: for which
        the gateway refuses."""
        super().__init__(reason)
        self.problem = problem
        self.code = code
        self.reason = reason
        self.error = error


class Gone(Exception):
    """The client has closed, or is lost."""

    def __init__(self, *, for_good: bool) -> None:
        super().__init__()
        self.for_good = for_good


def shorten(reason: str) -> str:
    """A reason in a close frame has at most 123 bytes (RFC 6455 §5.5)."""
    return reason.encode()[:123].decode(errors="ignore")


def first_of(group: BaseExceptionGroup[Over | Gone | Problem]) -> Over | Gone:
    """Of what ended the connection at once, that which tells the client most."""
    found = list(_leaves(group))
    over = next((each for each in found if isinstance(each, Over)), None)
    problem = next((each for each in found if isinstance(each, Problem)), None)
    gone = next((each for each in found if isinstance(each, Gone)), None)
    if gone is not None:
        return gone
    if over is not None:
        return over
    assert problem is not None
    return refusal(problem)


def _leaves(group: BaseException) -> list[BaseException]:
    if isinstance(group, BaseExceptionGroup):
        return [leaf for each in group.exceptions for leaf in _leaves(each)]
    return [group]


def refusal(problem: Problem) -> Over:
    """How a WebSocket ends for it. Clients of avatar-chat-server ask for another token after
    1008."""
    status = problem.status.value
    code = POLICY if status in (401, 403) else 4000 + status
    return Over(code, problem.detail, problem.code, problem)
