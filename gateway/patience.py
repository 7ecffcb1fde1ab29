"""HTTP connections that are closed where no whole request comes in time.

Uvicorn bounds the time between requests, but not that of a request's first lines: whoever sends a
byte now and then keeps a connection for ever (Slowloris).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS: Final = 10.0
"""From the connection, or the first byte of a further request, to the last line of its head; and
for the rest of a body that nobody wants any more."""


class PatientHttp(H11Protocol):
    seconds = SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._follow()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._follow()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _follow(self) -> None:
        """Wait for the client, or stop waiting."""
        if self._is_handed_on() or self._is_answering() or self._is_at_rest():
            self._stop_waiting()
        elif self._deadline is None:
            self._wait()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_at_rest(self) -> bool:
        """Between two requests, for as long as uvicorn lets it."""
        been_asked = self.cycle is not None
        return been_asked and self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]

    def _is_handed_on(self) -> bool:
        """To the protocol of a WebSocket."""
        return self.transport.get_protocol() is not self

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(self.seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self._is_handed_on():
            self.transport.close()
