"""``/health``, ``/ready``, ``/inf`` and ``/metrics``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final, cast

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict

from settings import Settings
from store import Worker

from ..known_heads import heads_of
from ..problems import Problem, problem_response
from .operators import is_operator, operators_only
from .readiness import PARTS, Readiness, State
from .scrape import Scrape

PROTOCOLS: Final = {"rest": "v1", "websocket": "avatar-chat-server 1.0"}


class Alive(BaseModel):
    """The process answers."""

    status: str = "healthy"


class Ready(BaseModel):
    """A conversation can begin."""

    status: str = "ready"
    agents: int
    """Agent workers."""
    faces: int
    """Avatar workers."""


class Info(BaseModel):
    """What is here. The name, version and status go to everybody, the rest to operators."""

    model_config = ConfigDict(extra="allow")

    name: str = "Visavis"
    version: str
    status: str = "running"
    protocols: dict[str, str]


def service_routes(settings: Settings, scrape: Scrape) -> APIRouter:
    """Expects a :class:`Readiness` in ``app.state.readiness``."""
    routes = APIRouter(tags=["service"])
    begun = time.monotonic()
    about = Info(version=version("visavis"), protocols=PROTOCOLS)

    @routes.get("/health", summary="Is the process alive?")
    async def health(response: Response) -> Alive:
        """It answers, whatever else is broken. For what restarts a process."""
        response.headers["Cache-Control"] = "no-store"
        return Alive()

    @routes.get("/ready", summary="Can a conversation begin?", response_model=Ready)
    async def ready(request: Request, response: Response) -> Ready | Response:
        """503 names each part that is missing: LiveKit, the store, agents, faces. For balancers."""
        state = await _look(request)
        response.headers["Cache-Control"] = "no-store"
        if state.missing:
            return problem_response(_not_ready(state))
        return Ready(agents=state.count("agent"), faces=state.count("avatar"))

    @routes.get("/inf", summary="What is here?")
    async def info(request: Request, response: Response) -> Info:
        """Name and version; for operators also brains, lip-sync model, heads, load and uptime."""
        response.headers["Cache-Control"] = "no-store"
        if not is_operator(settings, request):
            return about
        state = await _look(request)
        details = {
            "uptime_seconds": round(time.monotonic() - begun, 1),
            "missing": [part for part in PARTS if part in state.missing],
            **_describe(state),
        }
        return about.model_copy(update=details)

    @routes.get(
        "/metrics",
        summary="Figures for Prometheus",
        dependencies=[Depends(operators_only(settings))],
        response_class=Response,
        responses={HTTPStatus.OK: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        """In Prometheus' text format. Told to this machine alone, or by METRICS_TOKEN."""
        text = await scrape.run()
        return Response(text, media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})

    return routes


def _not_ready(state: State) -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "not_ready",
        "Not ready",
        " ".join(state.missing.values()),
        more={"parts": {part: state.missing.get(part, "ok") for part in PARTS}},
    )


async def _look(request: Request) -> State:
    return await cast(Readiness, request.app.state.readiness).check()


def _describe(state: State) -> dict[str, Any]:
    agents = [worker for worker in state.workers if worker.kind == "agent"]
    faces = [worker for worker in state.workers if worker.kind == "avatar"]
    return {
        "agent_type": _every(agents, "brain"),
        "brains": {part: _every(agents, part) for part in ("stt", "llm", "tts")},
        "lipsync": _every(faces, "lipsync"),
        "heads": heads_of(faces),
        "workers": [
            {
                "kind": worker.kind,
                "host": worker.host,
                "version": worker.version,
                "rooms": worker.rooms,
                "load": worker.load,
                "uptime_seconds": round(max(0.0, worker.at - worker.started_at), 1),
            }
            for worker in state.workers
        ],
        "load": {"agents": _load(agents), "faces": _load(faces)},
    }


def _every(workers: Sequence[Worker], name: str) -> str:
    """What all say, each once: one word, unless they differ."""
    return ", ".join(sorted({str(each.about[name]) for each in workers if name in each.about}))


def _load(workers: Sequence[Worker]) -> float | None:
    """Of all together, from 0 to 1; None: there are none."""
    return round(sum(each.load for each in workers) / len(workers), 3) if workers else None
