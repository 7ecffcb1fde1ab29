"""Tells webhooks what happens: each session's events in order, each until it was taken."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from safe_fetch import FetchError
from store import Claim, Queues, Sessions, Tried, Webhooks
from visavis.events import Event

from .message import message_of
from .post import Answer, Post

logger = logging.getLogger("visavis.gateway.webhooks")

MOST_REMEMBERED = 1000
"""Webhooks that fail; they are told apart for fairness and for the log alone."""


@dataclass(frozen=True)
class Pace:
    """How often, how many, how long. Seconds throughout."""

    look: float = 0.5
    """Between two looks into the store."""
    first_wait: float = 5.0
    """Before what failed is tried again; each further wait is ``growth`` times as long."""
    growth: float = 3.0
    longest_wait: float = 3600.0
    patience: float = 24 * 3600.0
    """After which a session's queue is given up, counted from the first failure in a row."""
    at_once: int = 32
    """Messages under way from this gateway."""
    at_once_each: int = 4
    """Of those to one webhook; while it fails, one."""
    batch: int = 20
    """Events of one session before others have their turn."""
    farewell: float = 2.0
    """What is under way may take at the gateway's end."""

    def wait(self, failures: int, random: float) -> float:
        """Before the next try, after so many ``failures``; ``random`` (0 to 1) spreads it by a
        quarter to either side, so that what failed together is not tried together."""
        power = min(failures - 1, 40)  # far beyond the longest, and still a number
        wait = min(self.first_wait * self.growth**power, self.longest_wait)
        return wait * (0.75 + 0.5 * random)


class Deliverer:
    """One gateway's share of the work; any number of them work from one store."""

    def __init__(
        self,
        store: tuple[Sessions, Webhooks, Queues],
        post: Post,
        *,
        gateway: str,
        clock: Callable[[], float],
        random: Callable[[], float],
        pace: Pace | None = None,
        told: Callable[[str], None] = lambda outcome: None,
    ) -> None:
        """
        Args:
            gateway: Its name, for people who look into the store.
            clock: Unix seconds.
            random: From 0 to 1.
            told: Called with ``delivered``, ``failed`` or ``given_up`` after each try.
        """
        self._sessions, self._webhooks, self._queues = store
        self._post = post
        self._gateway = gateway
        self._clock = clock
        self._random = random
        self._pace = pace or Pace()
        self._told = told
        self._under_way: Counter[str] = Counter()
        self._failing: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        """Until it is cancelled; what is under way then may still end."""
        failed = False
        async with asyncio.TaskGroup() as tasks:
            try:
                while True:
                    self._freed.clear()
                    try:
                        claims = await self._claim()
                        failed = False
                    except Exception as error:
                        if not failed:
                            logger.warning("webhooks wait for the store: %s", type(error).__name__)
                        claims, failed = [], True
                    for claim in claims:
                        self._under_way[claim.webhook.id] += 1
                        task = tasks.create_task(self._tell(claim))
                        self._running.add(task)
                        task.add_done_callback(self._running.discard)
                    await self._pause()
            except asyncio.CancelledError:
                self._stopping = True
                if self._running:
                    await asyncio.wait(self._running, timeout=self._pace.farewell)
                raise

    async def _pause(self) -> None:
        """Until it is time to look again, sooner where somebody's turn has ended."""
        await asyncio.sleep(self._pace.look / 20)
        try:
            async with asyncio.timeout(self._pace.look):
                await self._freed.wait()
        except TimeoutError:
            pass

    async def _claim(self) -> list[Claim]:
        free = self._pace.at_once - self._under_way.total()
        if free <= 0:
            return []
        return await asyncio.to_thread(
            self._queues.claim,
            self._gateway,
            limit=free,
            room_for=self._room_for,
            most=self._pace.at_once_each,
        )

    def _room_for(self, webhook: str) -> int:
        most = 1 if webhook in self._failing else self._pace.at_once_each
        return most - self._under_way[webhook]

    async def _tell(self, claim: Claim) -> None:
        try:
            await self._tell_batch(claim)
        except Exception as error:  # the lease runs out, and somebody tries again
            logger.warning(
                "webhook %s, session %s: %s", claim.webhook.id, claim.session, type(error).__name__
            )
        finally:
            self._under_way[claim.webhook.id] -= 1
            if not self._under_way[claim.webhook.id]:
                del self._under_way[claim.webhook.id]
            self._freed.set()

    async def _tell_batch(self, claim: Claim) -> None:
        events = await asyncio.to_thread(
            self._sessions.events, claim.session, after=claim.seq, limit=self._pace.batch
        )
        try:
            for event in events:
                types, tried = claim.webhook.types, None
                if types is None or event.type in types:
                    tried, answer = await self._try(claim, event)
                    if tried.error is not None:
                        await self._put_off(claim, tried, answer)
                        return
                elif event is not events[-1]:
                    continue  # what follows tells of this one as well
                over = event.type == "session.ended"
                goes_on = await asyncio.to_thread(
                    self._queues.told, claim, event.seq, tried, over=over
                )
                if not goes_on or self._stopping:
                    return
                claim = replace(claim, seq=event.seq, attempts=0, failing_since=None)
        finally:
            await asyncio.shield(asyncio.to_thread(self._queues.release, claim))

    async def _try(self, claim: Claim, event: Event) -> tuple[Tried, Answer | None]:
        now = self._clock()
        message = message_of(event)
        headers = message.headers(claim.webhook.secret, now)
        try:
            answer = await self._post(claim.webhook.url, message.body, headers)
        except FetchError as error:
            return Tried(now, None, str(error)), None
        if not answer.is_good:
            return Tried(now, answer.status, f"it answered {answer.status}"), answer
        self._failing.discard(claim.webhook.id)
        self._told("delivered")
        return Tried(now, answer.status), answer

    async def _put_off(self, claim: Claim, tried: Tried, answer: Answer | None) -> None:
        id = claim.webhook.id
        if answer is not None and answer.status == HTTPStatus.GONE:
            because = "it answered 410 Gone"
            # In this order: a queue that is free while its webhook is enabled is claimed at once.
            if await asyncio.to_thread(
                self._webhooks.disable, claim.webhook, because, holder=claim.holder
            ):
                logger.warning("webhook %s is disabled: %s", id, because)
            await asyncio.to_thread(self._queues.failed, claim, tried, next_at=tried.at)
            self._told("failed")
            return
        since = tried.at if claim.failing_since is None else claim.failing_since
        next_at: float | None = None
        if tried.at - since < self._pace.patience:
            wait = self._pace.wait(claim.attempts + 1, self._random())
            if answer is not None and answer.retry_after is not None:
                wait = max(wait, min(answer.retry_after, self._pace.longest_wait))
            next_at = self._clock() + wait
        if next_at is None:
            logger.warning(
                "webhook %s is told no more of session %s, after %d tries: %s",
                id, claim.session, claim.attempts + 1, tried.error,
            )  # fmt: skip
        elif id not in self._failing:
            logger.warning("webhook %s fails and is tried again: %s", id, tried.error)
        if len(self._failing) >= MOST_REMEMBERED:
            self._failing.clear()
        self._failing.add(id)
        await asyncio.to_thread(self._queues.failed, claim, tried, next_at=next_at)
        self._told("failed" if next_at is not None else "given_up")
