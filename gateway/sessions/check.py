"""Whether a session can be as it is asked to be; where not, what it could be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError

from agent.brains.errors import BrainError
from agent.brains.providers import KNOWN, find_own
from agent.parts import ControlError, Parts
from avatar_worker.background import BackgroundError, is_url, open_backgrounds
from gateway.events.post import check_receiver
from gateway.known_heads import KnownHeads
from gateway.problems import Problem, wrong_value
from safe_fetch import FetchError, Resolve, check, resolve_here
from settings import Settings
from visavis.appearance import NO_EXPRESSION
from visavis.emotion import EmotionError, parse_emotion
from visavis.session import SessionSpec
from visavis.talk import LARGEST_REQUEST

from .request import SessionRequest, SettingsPatch, TalkSettings

MAX_SPEC: Final = 60_000
"""Bytes: LiveKit's own limit for a dispatch's metadata is 64,000."""


class Checker:
    """Knows what this server's workers have: they run with the same settings."""

    def __init__(
        self, settings: Settings, heads: KnownHeads, resolve: Resolve = resolve_here
    ) -> None:
        self._settings = settings
        self._heads = heads
        self._resolve = resolve
        self._backgrounds = open_backgrounds(settings)

    async def check(self, asked: SessionRequest) -> None:
        """Raises :class:`Problem`."""
        longest = self._settings.session_max_seconds
        if asked.max_seconds is not None and asked.max_seconds > longest:
            raise wrong_value("max_seconds", f"at most {longest:g}")
        settings = self._with_brain(asked.brain)
        await asyncio.to_thread(self._check_words, asked, settings)
        await self.check_looks(asked)
        for url in asked.knowledge:
            await self._check_url("knowledge", url)
        if asked.webhook_url is not None:
            await self._check_url("webhook_url", asked.webhook_url, check_receiver)

    async def check_change(self, asked: SettingsPatch) -> None:
        """Of a session that runs. Raises :class:`Problem`."""
        if (size := len(asked.talk.to_json().encode())) > LARGEST_REQUEST:
            raise wrong_value(
                "settings", f"a change takes at most {LARGEST_REQUEST} bytes, and this is {size}"
            )
        if asked.expression not in (None, NO_EXPRESSION):
            _check_feeling("expression", asked.expression)
        await self.check_looks(asked)

    async def check_looks(self, asked: TalkSettings) -> None:
        """Raises :class:`Problem`."""
        if asked.head is not None:
            await self._check_head(asked.head)
        if asked.background is not None:
            try:
                await asyncio.to_thread(self._backgrounds.check, asked.background)
            except BackgroundError as error:
                raise wrong_value("background", str(error)) from None
            if is_url(asked.background):
                await self._check_url("background", asked.background)
        if asked.emotion is not None:
            _check_feeling("emotion", asked.emotion)

    async def _check_head(self, head: str) -> None:
        heads = await self._heads.names()
        if heads and head not in heads:
            raise wrong_value("head", f"there is no {head!r}: use one of {', '.join(heads)}")
        if not head:  # where no head is known, the avatar worker decides about any other name
            raise wrong_value("head", "must be a name")

    def _with_brain(self, brain: str | None) -> Settings:
        if brain is None:
            return self._settings
        try:
            if brain not in KNOWN:
                find_own(brain)
            return self._settings.model_copy(update={"brain": brain}).check_keys()
        except (BrainError, ValidationError, ValueError) as error:
            raise wrong_value("brain", str(error)) from None

    def _check_words(self, asked: SessionRequest, settings: Settings) -> None:
        try:
            Parts.of(settings).changed(asked.talk, begun=False)
        except ControlError as error:
            name, _, rest = str(error).partition("=")
            known = name in ("voice", "speed", "language") and bool(rest)
            raise wrong_value(name if known else "settings", str(error)) from None

    async def _check_url(
        self, name: str, url: str, by: Callable[..., Awaitable[None]] | None = None
    ) -> None:
        allow_private = self._settings.fetch_private
        try:
            await (by or check)(url, allow_private=allow_private, resolve=self._resolve)
        except FetchError as error:
            raise wrong_value(name, str(error)) from None


def _check_feeling(name: str, value: object) -> None:
    try:
        parse_emotion(value)
    except EmotionError as error:
        raise wrong_value(name, str(error)) from None


def check_size(spec: SessionSpec) -> None:
    """Raises :class:`Problem` where LiveKit would not hand it on."""
    if (size := len(spec.to_metadata().encode())) > MAX_SPEC:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "too_much",
            "The session asks for too much",
            f"Instructions, greeting and knowledge are {size} bytes together; at most {MAX_SPEC} "
            "can be handed on.",
        )
