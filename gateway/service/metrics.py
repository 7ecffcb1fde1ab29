"""What this gateway counts, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import Engine, event
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TURN_SECONDS: Final = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
FILES: Final = "files"
"""The route of what is served from a folder: the page, the heads."""


class Metrics:
    """Counts since the gateway's start. A request finds it as ``app.state.metrics``.

    No label takes its values from what clients send: there would be no end of them.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "visavis_http_request_seconds",
            "Requests by the time until their answer began.",
            ("method", "route", "status"),
            registry=self.registry,
            buckets=SECONDS,
        )
        self.sockets = Gauge(
            "visavis_websockets_open", "WebSockets that are open.", registry=self.registry
        )
        self.refusals = Counter(
            "visavis_refusals",
            "Requests and WebSockets that were refused, by the problem's code.",
            ("reason",),
            registry=self.registry,
        )
        self.deliveries = Counter(
            "visavis_webhook_deliveries",
            "Attempts to deliver a webhook: delivered, failed, given_up.",
            ("outcome",),
            registry=self.registry,
        )
        self.store_errors = Counter(
            "visavis_store_errors", "Statements that the store refused.", registry=self.registry
        )
        self.turns = Histogram(
            "visavis_turn_seconds",
            "Answers in sessions, by the time that each of their parts took.",
            ("part",),
            registry=self.registry,
            buckets=TURN_SECONDS,
        )

    def refused(self, reason: str) -> None:
        """``reason``: a problem's code."""
        self.refusals.labels(reason).inc()

    def delivered(self, outcome: str) -> None:
        """``outcome``: ``delivered``, ``failed`` (it is tried again) or ``given_up``."""
        self.deliveries.labels(outcome).inc()

    def watch(self, store: Engine) -> None:
        """Count the statements that ``store`` refuses from now on."""

        def on_error(_: Any) -> None:
            self.store_errors.inc()

        event.listen(store, "handle_error", on_error)


class Counted:
    """Counts what goes through ``app``; outside all that may refuse."""

    def __init__(
        self, app: ASGIApp, metrics: Metrics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._count_request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._count_socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _count_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = self._clock()

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in METHODS else "other"
                labels = (method, _route(scope), str(message["status"]))
                self._metrics.requests.labels(*labels).observe(self._clock() - begun)
                if problem := scope.get("state", {}).get("problem"):
                    self._metrics.refused(problem)
            await send(message)

        await self._app(scope, receive, send_and_count)

    async def _count_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._metrics.sockets.track_inprogress():
            await self._app(scope, receive, send)


def _route(scope: Scope) -> str:
    """As it is written in the code, so that an id in the path makes no new one."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) and path else FILES
