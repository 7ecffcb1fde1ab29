"""A provider's ears, for one phrase at a time, that are given up where they take too long."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterable
from typing import Any

from livekit.agents import APIConnectionError, APIConnectOptions, APITimeoutError, stt, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr

from .patience import HEARING, Patience, explain, note_time

logger = logging.getLogger("visavis.brains")


class GuardedSTT(stt.STT[Any]):
    """``ears`` that read whole phrases: what fails or hangs raises within ``patience``."""

    def __init__(self, ears: stt.STT[Any], patience: Patience = HEARING) -> None:
        super().__init__(capabilities=ears.capabilities)
        self.ears = ears
        self.patience = patience
        ears.on("metrics_collected", self._pass_on)

    def _pass_on(self, *metrics: Any) -> None:
        self.emit("metrics_collected", *metrics)

    @property
    def model(self) -> str:
        return self.ears.model

    @property
    def provider(self) -> str:
        return self.ears.provider

    async def recognize(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.SpeechEvent:
        """Raises :class:`~livekit.agents.APIError`, in one try."""
        return await self._recognize_impl(buffer, language=language, conn_options=conn_options)

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.SpeechEvent:
        name, seconds = f"{self.model} of {self.provider}", self.patience.first
        options, begun = APIConnectOptions(max_retry=0, timeout=seconds), time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                event = await self.ears.recognize(buffer, language=language, conn_options=options)
        except TimeoutError:
            logger.warning("%s heard nothing in %g s", name, seconds)
            raise APITimeoutError(retryable=False) from None
        except Exception as error:
            logger.warning("%s failed: %s", name, explain(error))
            raise APIConnectionError(explain(error), retryable=False) from None
        note_time(name, time.monotonic() - begun, self.patience)
        return event

    async def _metrics_monitor_task(self, event_aiter: AsyncIterable[stt.SpeechEvent]) -> None:
        async for _ in event_aiter:
            pass

    async def aclose(self) -> None:
        self.ears.off("metrics_collected", self._pass_on)
        await self.ears.aclose()
