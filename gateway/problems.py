"""What can go wrong, as RFC 9457 problem JSON: a stable code, a title, a sentence for a person."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from google.protobuf.message import DecodeError
from livekit.api.twirp_client import ServerError
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException

logger = logging.getLogger("visavis.gateway")


class Problem(Exception):
    """An answer other than the one asked for.

    Args:
        code: For programs; it never changes its meaning. Lower case, words joined by ``_``.
        retry_after: Seconds.
        headers: Of the answer.
        more: Further members of the problem's JSON.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        title: str,
        detail: str,
        *,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.retry_after = retry_after
        self.headers = headers
        self.more = dict(more or {})


def nobody_free() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "nobody_free",
        "Nobody is free",
        "Nobody is free to talk right now. Try again in a few seconds.",
        retry_after=5,
    )


def conversation_over() -> Problem:
    return Problem(
        HTTPStatus.PRECONDITION_FAILED,
        "conversation_over",
        "The conversation is over",
        "The room that you were in is closed. Ask for a new one.",
    )


def store_unavailable() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "store_unavailable",
        "The store cannot be used",
        "The database at STORE_URL does not answer, or refuses. Try again in a few seconds.",
        retry_after=5,
    )


def no_such_session() -> Problem:
    return Problem(
        HTTPStatus.NOT_FOUND,
        "no_such_session",
        "There is no such session",
        "There is no session of yours with this id, or it is so old that it was forgotten.",
    )


def wrong_value(name: str, sentence: str) -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "wrong_value",
        "A value cannot be used",
        f"{name}: {sentence.removesuffix('.')}.",
    )


@contextmanager
def livekit_problems(url: str) -> Iterator[None]:
    """Turn whatever a call to the LiveKit server at ``url`` raises into a :class:`Problem`.

    Only 503 asks to wait: with the other answers, waiting alone does not help.
    """
    try:
        yield
    except ServerError as error:
        if error.code == "resource_exhausted":
            raise nobody_free() from error
        if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            detail = (
                f"LiveKit at {url} refused the key. Set LIVEKIT_API_KEY and LIVEKIT_API_SECRET "
                "to a pair that this server knows."
            )
        else:
            detail = f"LiveKit at {url} answered with an error ({error.code}, {error.status})."
    except DecodeError:
        detail = f"What answers at {url} is not LiveKit. Set LIVEKIT_URL to where it runs."
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        logger.debug("LiveKit does not answer: %r", error)
        detail = f"LiveKit at {url} does not answer. Start it, or set LIVEKIT_URL to where it runs."
    else:
        return
    raise Problem(HTTPStatus.BAD_GATEWAY, "livekit_unavailable", "LiveKit cannot be used", detail)


def add_problem_handlers(app: FastAPI) -> None:
    """Every error of ``app`` becomes problem JSON."""

    @app.exception_handler(Problem)
    async def on_problem(request: Request, problem: Problem) -> JSONResponse:
        request.state.problem = problem.code  # for who counts the refusals
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.warning("%s", problem.detail)
        return problem_response(problem)

    @app.exception_handler(SQLAlchemyError)
    async def on_store_error(request: Request, error: SQLAlchemyError) -> JSONResponse:
        # SQLAlchemy's own text has the values that were to be stored.
        logger.debug("the store refuses: %s", type(error).__name__)
        return await on_problem(request, store_unavailable())

    @app.exception_handler(DataError)
    async def on_unstorable(request: Request, _: DataError) -> JSONResponse:
        # Postgres takes no U+0000 and no number beyond its columns'.
        detail = "It holds a value that cannot be stored, such as the character U+0000."
        return await on_problem(request, _invalid(detail))

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        detail = " ".join(_sentence(each) for each in error.errors())
        return await on_problem(request, _invalid(detail))

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        request.state.problem = status.name.lower()
        return problem_response(
            Problem(
                status,
                status.name.lower(),
                status.phrase,
                str(error.detail),
                headers=error.headers,
            )
        )


def problem_response(problem: Problem) -> JSONResponse:
    """``problem`` as the answer to a request."""
    content = {
        "type": f"urn:visavis:problem:{problem.code}",
        "code": problem.code,
        "title": problem.title,
        "status": problem.status.value,
        "detail": problem.detail,
        **problem.more,
    }
    answer = JSONResponse(
        content, problem.status, headers=problem.headers, media_type="application/problem+json"
    )
    answer.headers["Cache-Control"] = "no-store"
    if problem.retry_after is not None:
        answer.headers["Retry-After"] = str(problem.retry_after)
    return answer


def _invalid(detail: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "invalid_request", "The request cannot be used", detail)


def _sentence(error: dict[str, Any]) -> str:
    """The field and what is wrong with it, without the value that was sent."""
    if error["type"] == "json_invalid":
        return "The body is not JSON."
    field = ".".join(str(part) for part in error["loc"][1:])
    if not field:
        return "The body must be a JSON object, sent as application/json."
    if error["type"] == "extra_forbidden":
        return f"{field[:64]}: this field is unknown."
    return f"{field[:64]}: {error['msg'].removeprefix('Value error, ')}."
